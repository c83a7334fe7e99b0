"""How well does a unit pick some images out of all? Average precision, of many units at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from neurons.stats import Interval

_N_RESAMPLES, _TAILS = 1000, (0.025, 0.975)


def places(peaks: NDArray[np.floating]) -> NDArray[np.int32]:
    """Count, for each image and unit, the images whose peak is as large or larger.

    Parameters
    ----------
    peaks : ndarray of float, (images, units)

    Returns
    -------
    ndarray of int32, (images, units)
        From 1; images with equal peaks share the last of their places.
    """
    found: NDArray[np.int32] = rankdata(-peaks, method="max", axis=0).astype(np.int32)
    return found


def average_precision(places_of_positives: NDArray[np.int32]) -> NDArray[np.float64]:
    """Give the average precision of units that are to find some images (AUPRC).

    Parameters
    ----------
    places_of_positives : ndarray of int, (positives, units) or (..., positives, units)
        Rows of `places`; the order of the images does not matter.

    Returns
    -------
    ndarray of float64, (..., units)
        In (0, 1]. A unit that knows nothing of these images gives about their share among all.

    Notes
    -----
    The sum over thresholds of precision times the gain in recall, without interpolation, as
    scikit-learn's `average_precision_score`: equal peaks pass a threshold together.
    """
    ordered = np.sort(places_of_positives, axis=-2)
    n = ordered.shape[-2]
    count = np.arange(1, n + 1, dtype=np.int32)[:, None]
    last = np.concatenate(
        [ordered[..., 1:, :] != ordered[..., :-1, :], np.ones_like(ordered[..., :1, :], bool)],
        axis=-2,
    )
    # of positives that share a place, each is found together with the last of them
    found = np.where(last, count, n + 1)
    found = np.minimum.accumulate(found[..., ::-1, :], axis=-2)[..., ::-1, :]
    values: NDArray[np.float64] = (found / ordered).mean(axis=-2)
    return values


def average_precision_interval(
    places_of_positives: NDArray[np.int32], *, seed: int = 0
) -> Interval:
    """Give the 95 % interval of one unit's average precision by resampling the positives.

    Parameters
    ----------
    places_of_positives : ndarray of int, (positives,)
    seed : int

    Returns
    -------
    Interval
        Of positives drawn anew; the other images stay, of which there are many more. Of fewer
        than about ten positives it is too narrow.
    """
    ordered = np.sort(places_of_positives)
    n = len(ordered)
    # what stands before a positive: itself and its equals left out, only others
    others = ordered - np.searchsorted(ordered, ordered, side="right")
    _, group = np.unique(ordered, return_inverse=True)
    random = np.random.default_rng(seed)
    drawn = np.sort(random.integers(0, n, (_N_RESAMPLES, n)), axis=1)
    groups = group[drawn]
    last = np.concatenate(
        [groups[:, 1:] != groups[:, :-1], np.ones((_N_RESAMPLES, 1), bool)], axis=1
    )
    found = np.where(last, np.arange(1, n + 1), n + 1)
    found = np.minimum.accumulate(found[:, ::-1], axis=1)[:, ::-1]
    low, high = np.quantile((found / (found + others[drawn])).mean(1), _TAILS)
    return Interval(float(low), float(high))
