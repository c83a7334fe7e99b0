"""How far may held-out ridge be off, other images to fit to counted in?

Resampling the images that were predicted leaves the fits as they are, and is too narrow: see
`Ridge`. Here every fit is made anew without each group of images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.folds import folds_of
from neurons.alignment.jackknife import jackknife
from neurons.alignment.predictivity import Ridge, mean_r_and_r2
from neurons.alignment.responses import Responses

N_GROUPS = 20


@dataclass(frozen=True)
class RefitBounds:
    """95 % intervals of every pair.

    Parameters
    ----------
    r, r2 : ndarray of float64, (2, X, Y)
        Lower and upper ends, of the mean r and of the mean R2.
    """

    r: NDArray[np.float64]
    r2: NDArray[np.float64]


def refit_bounds(
    ridge: Ridge, xs: Sequence[Responses], ys: Sequence[Responses], *, seed: int = 0
) -> RefitBounds:
    """Leave 20 groups of images out in turn, and fit everything anew: strengths, too.

    Parameters
    ----------
    ridge : Ridge
        Images stay in their folds.
    xs, ys : sequence of Responses
        The predicting and the predicted tables, row ``i`` of all of them the same image; no image
        twice.
    seed : int
        Of the groups.

    Returns
    -------
    RefitBounds

    Notes
    -----
    It takes 20 times as long as the measure. An interval of the bootstrap would be off its number:
    a resample holds fewer different images, and predicts worse.

    References
    ----------
    That errors of the fit have to be in it: Bates, Hastie, Tibshirani, "Cross-validation: what does
    it estimate and how well does it do it?", JASA 2023. Groups left out: see `jackknife`.
    """
    n = xs[0].n
    fold_of = np.empty(n, np.intp)
    for k, fold in enumerate(folds_of(n, ridge.n_folds, ridge.seed)):
        fold_of[fold] = k

    def measure(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        folds = tuple(np.flatnonzero(fold_of[rows] == k) for k in range(ridge.n_folds))
        kept = [[each.taken(rows) for each in side] for side in (xs, ys)]
        return mean_r_and_r2(ridge, kept[0], kept[1], folds).ravel()

    _, intervals = jackknife(measure, np.arange(n), n_groups=N_GROUPS, seed=seed)
    ends = np.array([[each.low, each.high] for each in intervals]).T
    r, r2 = np.moveaxis(ends.reshape(2, 2, len(xs), len(ys)), 1, 0)
    return RefitBounds(r, r2)
