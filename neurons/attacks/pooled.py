"""How often do several texts succeed, and how sure is that, over images and texts together?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.stats import Interval, resampled, wilson

# resampling fewer texts than this says nothing of other texts: the interval is of these then
FEWEST_TEXTS = 5


@dataclass(frozen=True)
class PooledSuccess:
    """The success of several texts on the same images.

    Parameters
    ----------
    readout, condition : str
    successes, n : int
        Over all pairs of a text and an image that was at risk.
    n_texts, n_images : int
    low, high : float
        95 %: by resampling images and texts; of fewer than `FEWEST_TEXTS` texts by resampling
        images, for these texts; never narrower than one share of so many images.
    """

    readout: str
    condition: str
    successes: int
    n: int
    n_texts: int
    n_images: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """In [0, 1]; nan of none."""
        return self.successes / self.n if self.n else float("nan")

    @property
    def interval(self) -> Interval:
        """Of the value; nan of none."""
        return Interval(self.low, self.high)

    def __str__(self) -> str:
        if not self.n:
            return "-"
        these = "" if self.n_texts >= FEWEST_TEXTS else "these "
        of = "n = " if self.n_texts == 1 else f"{these}{self.n_texts:,} texts on "
        images = "" if self.n_texts == 1 else " images"
        return (
            f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, {of}{self.n_images:,}{images})"
        )


def pool(
    readout: str,
    condition: str,
    hits: Sequence[NDArray[np.bool_]],
    possible: Sequence[NDArray[np.bool_]],
    seed: int,
) -> PooledSuccess:
    """Pool the success of texts.

    Parameters
    ----------
    readout, condition : str
    hits, possible : sequence of ndarray of bool, (images,)
        For each text the images that became its class, and those that could.
    seed : int
        Of the resamples.

    References
    ----------
    Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007: rows and columns of a
    table are resampled independently. One image under several texts, and one text on several
    images, are no independent trials.
    """
    risked = np.array(possible, np.float64, ndmin=2)
    won = np.array(hits, np.float64, ndmin=2) * risked
    n_texts, n_images = risked.shape
    images = int((risked.sum(0) > 0).sum())
    total = int(risked.sum())
    if not total:
        return PooledSuccess(readout, condition, 0, 0, len(possible), 0, float("nan"), float("nan"))

    def draw(random: np.random.Generator) -> float:
        columns = random.multinomial(n_images, np.full(n_images, 1 / n_images))
        rows = np.ones(n_texts)
        if n_texts >= FEWEST_TEXTS:
            rows = random.multinomial(n_texts, np.full(n_texts, 1 / n_texts)).astype(np.float64)
        out_of = float(rows @ risked @ columns)
        return float(rows @ won @ columns) / out_of if out_of else float("nan")

    found, share = resampled(draw, seed), won.sum() / total
    # where all or none succeed, resampling finds no spread
    single = wilson(round(float(share) * images), images)
    low, high = min(found.low, single.low), max(found.high, single.high)
    return PooledSuccess(readout, condition, int(won.sum()), total, n_texts, images, low, high)
