"""How far may a number be off that was fitted to these images? Groups of them are left out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from neurons.stats import Interval

Float = NDArray[np.float64]
Rows = NDArray[np.intp]


def jackknife(
    measure: Callable[[Rows], Float],
    images: NDArray[np.integer],
    *,
    n_groups: int = 20,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Float, tuple[Interval, ...]]:
    """Measure something on all images, with intervals from leaving groups of them out.

    A bootstrap would draw images twice, which makes principal components of few images and their
    variances larger than they are.

    Parameters
    ----------
    measure : callable
        Takes the rows to keep, ascending, and gives numbers, (numbers,).
    images : ndarray of int, (rows,)
        Rows of one number are copies of one image, and are left out together.
    n_groups : int >= 2
    seed : int
        Of the groups.
    progress : callable
        Takes how many of how many groups are done.

    Returns
    -------
    ndarray of float64, (numbers,); tuple of Interval
        95 %; nan where a group left out leaves nothing to measure.

    References
    ----------
    Delete-a-group jackknife: Efron and Tibshirani, "An introduction to the bootstrap", 1993,
    section 11.5; t interval with groups - 1 degrees of freedom.
    """
    distinct, member = np.unique(images, return_inverse=True)
    n_groups = min(n_groups, len(distinct))
    dealt = np.random.default_rng(seed).permutation(np.arange(len(distinct)) % n_groups)[member]
    values, without = measure(np.arange(len(images))), []
    for k in range(n_groups):
        without.append(measure(np.flatnonzero(dealt != k)))
        progress(k + 1, n_groups)
    spread = ((np.array(without) - np.mean(without, 0)) ** 2).sum(0)
    reach = stats.t.ppf(0.975, n_groups - 1) * np.sqrt((n_groups - 1) / n_groups * spread)
    bounds = zip(values - reach, values + reach, strict=True)
    return values, tuple(Interval(float(low), float(high)) for low, high in bounds)
