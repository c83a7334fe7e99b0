"""How well do units tell the images of a concept from all others? Scores of many at once.

A unit is taken as a prediction of the concept: precision is the share of the images that excite it
which show the concept, recall the share of the concept's images which excite it.

References
----------
Oikarinen et al., "Evaluating neuron explanations: a unified framework with sanity checks", ICML
2025: of the usual scores, the area under the precision-recall curve, correlation, F1 and IoU notice
missing and extra labels however rare the concept is; AUC, accuracy and recall do not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

Peaks = NDArray[np.float32]
Values = NDArray[np.float64]


def over_chance(auprc: Values, prevalence: float) -> Values:
    """Give how far average precision lies on the way from chance (0) to perfect (1).

    Parameters
    ----------
    auprc : ndarray of float
    prevalence : float in [0, 1)
        The concept's share of the images, which a unit that knows nothing of it gives.

    Returns
    -------
    ndarray of float
        (AUPRC - prevalence) / (1 - prevalence), as Cohen's kappa corrects accuracy.
    """
    return (auprc - prevalence) / (1 - prevalence)


def pearson(peaks: Peaks, shows: NDArray[np.bool_]) -> Values:
    """Give the correlation of each unit's peak with a concept, (units,).

    Parameters
    ----------
    peaks : ndarray of float, (images, units)
    shows : ndarray of bool, (images,)

    Returns
    -------
    ndarray of float64
        In [-1, 1]; 0 for a unit whose peaks are all equal.
    """
    centred = peaks - peaks.mean(0, dtype=np.float64)
    meant = shows - shows.mean()
    spread = np.sqrt((centred**2).sum(0) * (meant**2).sum())
    # a constant unit's peaks differ from their mean by rounding only
    flat = np.ptp(peaks, axis=0) == 0
    found: Values = np.where(flat, 0.0, meant @ centred / np.where(flat, 1, spread))
    return found


def best_thresholds(peaks: Peaks, shows: NDArray[np.bool_]) -> Values:
    """Find the peak from which on each unit tells a concept best, by F1, (units,)."""
    order = np.argsort(-peaks, axis=0, kind="stable")
    ordered = np.take_along_axis(peaks, order, axis=0)
    found = np.cumsum(shows[order], axis=0)
    taken = np.arange(1, len(peaks) + 1)[:, None]
    score = 2 * found / (taken + shows.sum())
    # equal peaks pass a threshold together
    last = np.ones(peaks.shape, bool)
    last[:-1] = ordered[1:] < ordered[:-1]
    best = np.where(last, score, -1.0).argmax(0)
    thresholds: Values = np.take_along_axis(ordered, best[None], axis=0)[0].astype(np.float64)
    return thresholds


def f1(peaks: Peaks, shows: NDArray[np.bool_], thresholds: Values) -> Values:
    """Give the harmonic mean of precision and recall, (units,), in [0, 1].

    Parameters
    ----------
    peaks : ndarray of float, (images, units)
    shows : ndarray of bool, (images,)
    thresholds : ndarray of float, (units,)
        A unit says yes from this peak on: chosen on other images.
    """
    says = peaks >= thresholds
    right: Values = 2.0 * (says & shows[:, None]).sum(0) / (says.sum(0) + shows.sum())
    return right


def rank_sum_p(peaks: Peaks, shows: NDArray[np.bool_]) -> Values:
    """Give the chance that a unit which knows nothing of a concept ranks its images as high.

    Parameters
    ----------
    peaks : ndarray of float, (images, units)
    shows : ndarray of bool, (images,)

    Returns
    -------
    ndarray of float64, (units,)
        One-sided p values of the rank sum under permuted labels, by the normal approximation with
        ties, so that thousands of units can be told apart, which draws could not. From about four
        images of the concept on it holds.

    References
    ----------
    Mann and Whitney, "On a test of whether one of two random variables is stochastically larger
    than the other", Annals of Mathematical Statistics 1947.
    """
    n, m = len(peaks), int(shows.sum())
    ranks = rankdata(peaks, axis=0)
    centred = ranks - (n + 1) / 2
    variance = (centred**2).sum(0) * m * (n - m) / (n * (n - 1))
    flat = variance == 0
    # half a step towards the mean, since ranks are steps
    excess = centred[shows].sum(0) - 0.5
    found: Values = np.where(flat, 1.0, norm.sf(excess / np.sqrt(np.where(flat, 1, variance))))
    return found
