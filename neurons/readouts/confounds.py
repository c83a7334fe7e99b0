"""What else do the words of two sets differ in: tokens, frequency, ink?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.errors import TextSideMissingError
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import fitted_stamp
from neurons.network.clip import Clip
from neurons.network.tokens import tokens_of
from neurons.readouts.item_sets import ItemSet, Words, WrittenWords
from neurons.stats import Interval, difference_of_means, rank_correlation

TOKENS, RANK, INK, HEIGHT = "tokens", "merge rank", "ink", "height"


@dataclass(frozen=True)
class Confound:
    """A plain property of words, and how much two sets differ in it.

    Parameters
    ----------
    what : str
        ``tokens`` per word; ``merge rank`` of the rarest token, small for frequent words; ``ink``,
        the share of a picture that the written word covers; ``height`` of its letters, in pixels.
    first, second : str
        The sets.
    mean_first, mean_second : float
    difference : float
    interval : Interval
        95 %, of the difference.
    correlation : float in [-1, 1]
        Spearman's, of the property with the items' scores over both sets; nan where they have
        none.
    correlation_interval : Interval
    """

    what: str
    first: str
    second: str
    mean_first: float
    mean_second: float
    difference: float
    interval: Interval
    correlation: float
    correlation_interval: Interval

    @property
    def matters(self) -> bool:
        """Whether the sets differ in it and scores go with it: it may be what was measured."""
        apart = self.interval.low > 0 or self.interval.high < 0
        goes_with = self.correlation_interval.low > 0 or self.correlation_interval.high < 0
        return apart and goes_with


def confounds_of(
    clip: Clip,
    first: ItemSet,
    second: ItemSet,
    lettering: Lettering,
    scores: Sequence[float] | None = None,
    *,
    seed: int = 0,
) -> tuple[Confound, ...]:
    """Compare two sets of words in what may explain an association without any meaning.

    Parameters
    ----------
    clip : Clip
    first, second : Words, WrittenWords or Pictures
    lettering : Lettering
        How written words are written.
    scores : sequence of float, optional
        Of the items of the first set, then of the second.
    seed : int

    Returns
    -------
    tuple of Confound
        None where either set is pictures; tokens only where texts can be read here, ink and height
        only of words that are written.
    """
    if not (isinstance(first, Words) and isinstance(second, Words)):
        return ()
    n, words = len(first.words), (*first.words, *second.words)
    properties = _of_tokens(clip, words)
    if isinstance(first, WrittenWords) and isinstance(second, WrittenWords):
        properties |= _of_writing(clip.preprocess.size, words, lettering)
    found = []
    for what, values in properties.items():
        difference, interval = difference_of_means(values[:n], values[n:])
        correlation = float("nan"), Interval(float("nan"), float("nan"))
        if scores is not None:
            correlation = rank_correlation(values, np.asarray(scores), seed)
        found.append(
            Confound(
                what,
                first.name,
                second.name,
                float(values[:n].mean()),
                float(values[n:].mean()),
                difference,
                interval,
                *correlation,
            )
        )
    return tuple(found)


def _of_tokens(clip: Clip, words: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    try:
        tokens = tokens_of(clip, words)
    except TextSideMissingError:
        return {}
    found = {TOKENS: np.array([each.n for each in tokens], np.float64)}
    ranks = np.array([each.rank for each in tokens], np.float64)
    return found if np.isnan(ranks).any() else {**found, RANK: ranks}


def _of_writing(
    size: tuple[int, int], words: Sequence[str], lettering: Lettering
) -> dict[str, NDArray[np.float64]]:
    stamps = [fitted_stamp(word, lettering, (size[1], size[0])) for word in words]
    n_pixels = size[0] * size[1]
    return {
        INK: np.array([stamp.ink * lettering.copies / n_pixels for stamp in stamps]),
        HEIGHT: np.array([stamp.size_px for stamp in stamps]),
    }
