"""How natural is a text to whoever knows some captions? n-grams with absolute discounting."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError
from neurons.network.text_tokens import Ids, TextTokens

# where no n-gram, or each, was seen once or twice there is nothing to estimate a discount from
_USUAL_DISCOUNT = 0.5


@dataclass(frozen=True, eq=False)
class NgramPrior:
    """An interpolated n-gram model of a model's own tokens.

    Parameters
    ----------
    tokens : TextTokens
    counts : tuple of mappings
        Of each order, from 1 on: of each context, how often which token came next.
    discounts : tuple of float in (0, 1)
        What is taken off each count of an order and given to the shorter context.
    n_captions : int

    Notes
    -----
    p(w | c) = max(count(c, w) - D, 0) / count(c) + D * seen(c) / count(c) * p(w | shorter c), and
    below the first order 1 / (n_tokens - 1): every token that can come next has a probability, and
    in each context they sum to 1. D of an order is n1 / (n1 + 2 n2) of its n-grams seen once and
    twice.

    References
    ----------
    Ney, Essen, Kneser, "On structuring probabilistic dependences in stochastic language
    modelling", Computer Speech and Language 1994.
    """

    tokens: TextTokens
    counts: tuple[Mapping[Ids, Mapping[int, int]], ...] = field(repr=False)
    discounts: tuple[float, ...]
    n_captions: int

    @classmethod
    def fit(cls, tokens: TextTokens, captions: Sequence[str], *, order: int = 3) -> NgramPrior:
        """Count the n-grams of captions.

        Parameters
        ----------
        tokens : TextTokens
        captions : sequence of str
            One that stands there twice counts twice.
        order : int >= 1
            Tokens of an n-gram.

        Raises
        ------
        OptionError
            If there are no captions, or one is too long for the model.
        """
        if not captions or order < 1:
            raise OptionError(
                f"{len(captions)} captions, {order}-grams: give one caption or more, and n-grams "
                f"of one token or more"
            )
        tables: list[defaultdict[Ids, Counter[int]]] = [defaultdict(Counter) for _ in range(order)]
        for caption in captions:
            ids = (tokens.start, *tokens.ids(caption), tokens.end)
            for at in range(1, len(ids)):
                for back in range(min(order, at + 1)):
                    tables[back][ids[at - back : at]][ids[at]] += 1
        return cls(tokens, tuple(tables), tuple(map(_discount, tables)), len(captions))

    @property
    def name(self) -> str:
        """What it is."""
        return f"{len(self.counts)}-grams of {self.n_captions:,} captions"

    def next(self, context: Ids) -> NDArray[np.float64]:
        """Give the probability of each token to come next, (n_tokens,).

        Parameters
        ----------
        context : tuple of int
            The tokens before it, from the one that begins a text on.
        """
        found = np.full(self.tokens.n_tokens, 1 / (self.tokens.n_tokens - 1))
        found[self.tokens.start] = 0
        for discount, seen in self._known(context):
            total = sum(seen.values())
            found *= discount * len(seen) / total
            ids, counts = list(seen), np.array(list(seen.values()))
            found[ids] += np.maximum(counts - discount, 0) / total
        return found

    def probability(self, context: Ids, token: int) -> float:
        """Give the probability of one token to come next: one entry of `next`."""
        found = 0.0 if token == self.tokens.start else 1 / (self.tokens.n_tokens - 1)
        for discount, seen in self._known(context):
            total = sum(seen.values())
            found *= discount * len(seen) / total
            found += max(seen.get(token, 0) - discount, 0) / total
        return found

    def cross_entropy(self, sequences: Sequence[Ids]) -> NDArray[np.float64]:
        """Give the mean of -log p per token, in nats, the end counted in, (texts,)."""
        known: dict[Ids, float] = {}
        found = []
        for sequence in sequences:
            ids = (self.tokens.start, *sequence, self.tokens.end)
            total = 0.0
            for at in range(1, len(ids)):
                gram = ids[max(0, at + 1 - len(self.counts)) : at + 1]
                if gram not in known:
                    known[gram] = float(np.log(self.probability(gram[:-1], gram[-1])))
                total -= known[gram]
            found.append(total / (len(ids) - 1))
        return np.array(found)

    def likely(self, context: Ids, n: int) -> Ids:
        """Give tokens that came after the context, then after shorter ones; the likeliest first.

        The token that ends a text is among them.
        """
        found: dict[int, None] = {}
        for _, seen in reversed(self._known(context)):
            if len(found) < n:
                found |= dict.fromkeys(sorted(seen, key=lambda each: (-seen[each], each)))
        return tuple(found)[:n]

    def _known(self, context: Ids) -> list[tuple[float, Mapping[int, int]]]:
        """Give the contexts that were seen, from the empty one to the longest."""
        found = []
        for back in range(min(len(self.counts), len(context) + 1)):
            seen = self.counts[back].get(context[len(context) - back :])
            if seen is None:
                break
            found.append((self.discounts[back], seen))
        return found


def _discount(table: Mapping[Ids, Mapping[int, int]]) -> float:
    often = Counter(count for seen in table.values() for count in seen.values())
    if not often[1] or not often[2]:
        return _USUAL_DISCOUNT
    return often[1] / (often[1] + 2 * often[2])
