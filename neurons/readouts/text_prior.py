"""How natural is a text? What every prior of texts answers, and the one that needs no texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurons.network.text_tokens import Ids, TextTokens

# bytes inside a word, bytes at its end, then merges, the most frequent first: open_clip's own
_BYTES, _ENDINGS = 512, 256
# what no merge can rank: as frequent as the first, and as a word of everyday use
_FREQUENT, _LETTER = ("a", "i", ".", ","), 1000


class TextPrior(Protocol):
    """How natural texts are, as a model of language has it."""

    @property
    def name(self) -> str:
        """What it is, such as ``3-grams of 1,274 captions``."""
        ...

    def cross_entropy(self, sequences: Sequence[Ids]) -> NDArray[np.float64]:
        """Give the mean of -log p per token, in nats, the end of the text counted in, (texts,)."""
        ...

    def likely(self, context: Ids, n: int) -> Ids:
        """Give up to ``n`` tokens that may well come after some tokens, the likeliest first."""
        ...


@dataclass(frozen=True, eq=False)
class MergeRankPrior:
    """Tokens by the order in which the tokenizer learned them, whatever stands before them.

    The r-th most frequent has a probability proportional to 1 / (r + 2.7), Zipf's law with
    Mandelbrot's shift. It knows rare words from frequent ones, and nothing of their order.

    Parameters
    ----------
    log_p : ndarray of float64, (n_tokens,)
        Of each token; -inf where none may stand.
    end : int
        The token that ends a text: as frequent as the most frequent one.

    References
    ----------
    Mandelbrot, "An informational theory of the statistical structure of language", 1953.
    """

    log_p: NDArray[np.float64]
    end: int

    @classmethod
    def of(cls, tokens: TextTokens) -> MergeRankPrior:
        """Rank a tokenizer's tokens; bytes that no merge took up are the rarest."""
        ids = np.arange(tokens.n_tokens)
        n_merges = tokens.n_tokens - _BYTES
        ranks = np.where(ids >= _BYTES, ids - _BYTES, n_merges).astype(np.float64)
        # single letters and digits are words, too, and two signs stand in most sentences
        for i in range(_ENDINGS, _BYTES):
            text = tokens.text([i])
            if text in _FREQUENT:
                ranks[i] = 0
            elif text.isascii() and text.isalnum():
                ranks[i] = min(_LETTER, n_merges)
        ranks[tokens.end] = 0
        weights = 1 / (ranks + 2.7)
        weights[tokens.start] = 0
        with np.errstate(divide="ignore"):
            return cls(np.log(weights / weights.sum()), tokens.end)

    @property
    def name(self) -> str:
        """What it is."""
        return "ranks of the tokenizer's merges"

    def cross_entropy(self, sequences: Sequence[Ids]) -> NDArray[np.float64]:
        """Give the mean of -log p per token, in nats, the end counted in, (texts,)."""
        return np.array([-self.log_p[[*ids, self.end]].mean() for ids in sequences])

    def likely(self, context: Ids, n: int) -> Ids:
        """Give the ``n`` most frequent tokens, whatever the context."""
        return tuple(np.argsort(-self.log_p, kind="stable")[:n].tolist())
