"""How natural are captions to a prior that does not know them, and which prior is there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.network.text_tokens import Ids, TextTokens
from neurons.readouts.captions import Captions
from neurons.readouts.ngram_prior import NgramPrior
from neurons.readouts.text_prior import MergeRankPrior, TextPrior


@dataclass(frozen=True, eq=False)
class Naturalness:
    """A prior of texts, and how natural captions are to it.

    Parameters
    ----------
    tokens : TextTokens
    prior : TextPrior
    captions : float
        Median cross-entropy, in nats per token, of captions that it was not fitted on; nan where
        there are no captions that people wrote.
    fitted : frozenset of tuple of int
        The tokens of each caption that the prior was fitted on: natural to it whatever it says.
    """

    tokens: TextTokens
    prior: TextPrior
    captions: float
    fitted: frozenset[Ids] = field(default=frozenset(), repr=False)

    def of_texts(self, texts: list[str]) -> NDArray[np.float64]:
        """Give the cross-entropy of each text, in nats per token, (texts,)."""
        return self.prior.cross_entropy([self.tokens.ids(text) for text in texts])

    def fitted_on(self, sequences: Sequence[Ids]) -> NDArray[np.bool_]:
        """Tell which texts the prior was fitted on, (texts,): they are no test of it."""
        return np.array([ids in self.fitted for ids in sequences], bool)


def naturalness(
    tokens: TextTokens, captions: Captions, prior: TextPrior | None = None, *, seed: int = 0
) -> Naturalness:
    """Choose a prior, and ask it how natural captions are.

    Parameters
    ----------
    tokens : TextTokens
    captions : Captions
    prior : TextPrior, optional
        Default: n-grams of four fifths of the captions if people wrote them, else the ranks of the
        tokenizer's merges.
    seed : int
        Of the fifth that is held out.

    Raises
    ------
    OptionError
        If a caption is too long for the model.
    """
    if not captions.written:
        return Naturalness(tokens, prior or MergeRankPrior.of(tokens), float("nan"))
    fitted, held = captions.parted(seed=seed)
    chosen = prior or NgramPrior.fit(tokens, fitted)
    seen = frozenset[Ids]() if prior else frozenset(tokens.ids(text) for text in set(fitted))
    if not held:
        return Naturalness(tokens, chosen, float("nan"), seen)
    entropy = chosen.cross_entropy([tokens.ids(text) for text in held])
    return Naturalness(tokens, chosen, float(np.median(entropy)), seen)
