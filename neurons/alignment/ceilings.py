"""How well could any model do, given the noise of the responses that it is compared with?

References
----------
Noise ceiling of RSA: Nili et al., "A toolbox for representational similarity analysis", PLOS
Computational Biology 2014. Variance of signal and noise from repeats: Allen et al., "A massive 7T
fMRI dataset to bridge cognitive neuroscience and artificial intelligence", Nature Neuroscience
2022.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from neurons.alignment.distances import Distances, correlation_distances
from neurons.alignment.pairs import Upper
from neurons.alignment.responses import Responses, check_all
from neurons.errors import OptionError
from neurons.stats import Interval, resampled

# a unit whose mean has less signal than this is noise: dividing by its ceiling says nothing
LEAST_RELIABILITY = 0.1


@dataclass(frozen=True)
class RsaCeiling:
    """Between which bounds the best possible model's RSA with these subjects lies.

    Parameters
    ----------
    lower : float
        Mean Spearman correlation of each subject with the mean of the others.
    upper : float
        With the mean of all, this one counted in: no model has a higher mean correlation.
    n_subjects : int
    """

    lower: float
    upper: float
    n_subjects: int


def rsa_ceiling(
    subjects: Sequence[Responses], *, distances: Distances = correlation_distances
) -> RsaCeiling:
    """Say how alike subjects, or repeats of one, find the same images.

    Parameters
    ----------
    subjects : sequence of Responses
        Two or more, of the same images in the same order. Their units may differ.
    distances : callable

    Returns
    -------
    RsaCeiling

    Raises
    ------
    OptionError
        If there are fewer than two: one response to each image has no ceiling.
    MismatchError
        If they have different numbers of images.
    """
    if len(subjects) < 2:
        raise OptionError(
            "a noise ceiling needs the responses of two subjects, or two repeats, or more; one "
            "response per image does not tell signal from noise"
        )
    check_all(subjects, subjects)
    upper = Upper(subjects[0].n)
    ranks = np.stack([stats.rankdata(upper.of(distances(each))) for each in subjects])
    ranks -= ranks.mean(1, keepdims=True)
    ranks /= np.linalg.norm(ranks, axis=1, keepdims=True)
    total = ranks.sum(0)
    alone = [float(stats.spearmanr(each, total - each).statistic) for each in ranks]
    together = ranks @ total / np.linalg.norm(total)
    return RsaCeiling(float(np.mean(alone)), float(together.mean()), len(subjects))


def reliability(repeats: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give the share of variance over images of each unit's mean response that repeats.

    Parameters
    ----------
    repeats : ndarray of float, (repeats, images, units)
        Two repeats or more.

    Returns
    -------
    ndarray of float64, (units,)
        In [0, 1]; its square root is the highest correlation that a prediction of the mean can
        have. 0 where the mean varies no more than the noise explains.

    Raises
    ------
    OptionError
        If there are fewer than two repeats: an average has no ceiling.
    """
    if repeats.ndim != 3 or len(repeats) < 2:
        raise OptionError(
            f"responses of shape {repeats.shape} have no repeats to tell signal from noise; give "
            "repeats x images x units, two repeats or more"
        )
    values = np.asarray(repeats, np.float64)
    noise = values.var(0, ddof=1).mean(0) / len(values)
    variance = values.mean(0).var(0, ddof=1)
    share = 1 - np.divide(noise, variance, out=np.ones_like(noise), where=variance > 0)
    return np.asarray(np.clip(share, 0, 1))


@dataclass(frozen=True)
class CeilingCorrected:
    """A mean correlation with the responses that a system would give without noise.

    Parameters
    ----------
    r : float
        Mean over units of r over the square root of reliability; can exceed 1, since both are
        estimated. nan if no unit is reliable.
    interval : Interval
        95 %, by resampling units.
    n_units : int
        Units that are counted.
    n_noisy : int
        Units left out, since less than a tenth of their variance repeats; r of these is not known.
    """

    r: float
    interval: Interval
    n_units: int
    n_noisy: int


def ceiling_corrected(
    r: NDArray[np.floating], reliabilities: NDArray[np.floating], *, seed: int = 0
) -> CeilingCorrected:
    """Divide correlations with mean responses by the highest that noise allows.

    Parameters
    ----------
    r : ndarray of float, (units,)
        nan of constant units, which are left out.
    reliabilities : ndarray of float, (units,)
        Of `reliability`.
    seed : int

    Returns
    -------
    CeilingCorrected
    """
    known = ~np.isnan(r)
    counted = known & (reliabilities >= LEAST_RELIABILITY)
    corrected = r[counted] / np.sqrt(reliabilities[counted])
    n_noisy = int((known & ~counted).sum())
    if not len(corrected):
        nothing = float("nan")
        return CeilingCorrected(nothing, Interval(nothing, nothing), 0, n_noisy)
    interval = resampled(
        lambda random: float(corrected[random.integers(0, len(corrected), len(corrected))].mean()),
        seed,
    )
    return CeilingCorrected(float(corrected.mean()), interval, len(corrected), n_noisy)
