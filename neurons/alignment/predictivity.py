"""How well does one system predict the units of another on images that it was not fitted to?

References
----------
Yamins et al., "Performance-optimized hierarchical models predict neural responses in higher visual
cortex", PNAS 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.folds import folds_of
from neurons.alignment.measure import Pairing, as_responses
from neurons.alignment.procrustes import compact
from neurons.alignment.responses import Responses, check_all
from neurons.alignment.ridge import STRENGTHS, RidgeFolds


@dataclass(frozen=True)
class Ridge:
    """The mean correlation of units of the second table with their held-out ridge predictions.

    Each fold is predicted by a regression on the other folds, whose strength is chosen per unit on
    those alone. Swap the tables for the other direction: a system can predict another one without
    being predicted by it.

    For unrelated systems it is somewhat below 0: where the folds happen to agree, predictions are
    larger and their correlation is taken over a larger length. The null shows by how much.

    An interval by resampling leaves out that other images would have been fitted to, and is too
    narrow: of 100 images with 8 units, 95 % intervals held the mean in 78 % of 150 draws, and those
    of `neurons.alignment.refits.refit_bounds` in 95 %.

    Parameters
    ----------
    n_folds : int >= 2
    strengths : tuple of float > 0
        Of the penalty per image, in mean variances of a predictor.
    most_images : int, optional
        Of more images so many are drawn.
    seed : int
        Of the division into folds.
    """

    n_folds: int = 5
    strengths: tuple[float, ...] = STRENGTHS
    most_images: int | None = None
    seed: int = 0
    name = "ridge"
    title = "held-out ridge prediction (mean r)"
    higher_is_closer = True
    symmetric = False

    def pairing(self, xs: Sequence[Responses], ys: Sequence[Responses]) -> Pairing:
        """Decompose the predictors of every fold once."""
        return _OfFolds(xs, ys, self)

    def doubt(self, n: int, n_units: int, n_other_units: int) -> str:
        """Say that few images fit few weights."""
        if n > n_units:
            return ""
        return (
            f"{n:,} images are fewer than the {n_units:,} units that predict: the penalty decides "
            "much of the fit."
        )


@dataclass(frozen=True)
class Predictivity:
    """How well each unit of the second table was predicted on held-out images.

    Parameters
    ----------
    r : ndarray of float64, (units,)
        Pearson's correlation of values and predictions within folds; nan of a constant unit.
    r2 : ndarray of float64, (units,)
        1 minus squared error over that of predicting the mean of the images fitted to; below 0
        where the prediction is worse than that.
    strengths : ndarray of float64, (folds, units)
        Chosen, in mean variances of a predictor.
    n : int
        Images.
    """

    r: NDArray[np.float64]
    r2: NDArray[np.float64]
    strengths: NDArray[np.float64]
    n: int

    @property
    def n_constant(self) -> int:
        """Units that do not change within folds: nothing can be predicted of them."""
        return int(np.isnan(self.r).sum())


def predictivity(ridge: Ridge, x: Any, y: Any) -> Predictivity:
    """Predict every unit of the second table from the first one, on held-out images.

    Parameters
    ----------
    ridge : Ridge
    x, y : array or Responses, (images, units)
        Row ``i`` of both is the same image.

    Returns
    -------
    Predictivity

    Raises
    ------
    MismatchError, OptionError
        As `neurons.alignment.measure.measured`; or if there are too few images for the folds.
    """
    first, second = as_responses(x, "the first table"), as_responses(y, "the second table")
    check_all([first], [second])
    folds = folds_of(first.n, ridge.n_folds, ridge.seed)
    x, y = (np.asarray(each.whole(), np.float64) for each in (first, second))
    return predicted(RidgeFolds(compact(x), folds, ridge.strengths), y)


class _OfFolds:
    """Every first table predicts every second one."""

    def __init__(
        self,
        xs: Sequence[Responses],
        ys: Sequence[Responses],
        ridge: Ridge,
        folds: tuple[NDArray[np.intp], ...] | None = None,
    ) -> None:
        folds = folds or folds_of(xs[0].n, ridge.n_folds, ridge.seed)
        self.xs = [
            RidgeFolds(np.asarray(compact(each.whole()), np.float64), folds, ridge.strengths)
            for each in xs
        ]
        self.ys = [np.asarray(each.whole(), np.float64) for each in ys]

    def values(self, order: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Fit every pair anew, strengths and all."""
        ys = self.ys if order is None else [each[order] for each in self.ys]
        return np.array([[_mean(predicted(x, y).r) for y in ys] for x in self.xs])

    def resampled(self, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Weigh the images that were predicted; the fits stay as they are."""
        drawn = [[_resampled(x, y, counts) for y in self.ys] for x in self.xs]
        return np.moveaxis(np.array(drawn), 2, 0)


def mean_r_and_r2(
    ridge: Ridge,
    xs: Sequence[Responses],
    ys: Sequence[Responses],
    folds: tuple[NDArray[np.intp], ...],
) -> NDArray[np.float64]:
    """Give the mean r and the mean R2 over units of every pair, (2, X, Y), with these folds."""
    of_folds = _OfFolds(xs, ys, ridge, folds)
    found = [[predicted(x, y) for y in of_folds.ys] for x in of_folds.xs]
    both = [[(_mean(each.r), _mean(each.r2)) for each in row] for row in found]
    return np.moveaxis(np.array(both, np.float64), 2, 0)


def predicted(x: RidgeFolds, y: NDArray[np.float64]) -> Predictivity:
    """Predict a centred table from predictors that are prepared."""
    sums, strengths = np.zeros((5, y.shape[1])), []
    for each in x.held_out(y):
        sums += each.sums()
        strengths.append(each.strengths)
    *parts, errors, baseline = sums
    constant = parts[2] <= 0
    r2 = 1 - np.divide(errors, baseline, out=np.full_like(errors, np.nan), where=~constant)
    return Predictivity(_correlation(*parts), r2, np.stack(strengths), len(y))


@dataclass(frozen=True)
class HeldOutR2:
    """What share of the variance of units was predicted on held-out images, for every pair.

    Unlike r it counts a wrong scale or mean as an error. 0 is what the mean of the images fitted to
    predicts; for unrelated systems it is a little below.

    Parameters
    ----------
    values, low, high : ndarray of float64, (X, Y)
        Mean of R2 over units that change, with its 95 % interval by resampling images that were
        predicted; other images to fit to are not in it.
    """

    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def turned(self) -> HeldOutR2:
        """Swap the two systems."""
        return HeldOutR2(self.values.T, self.low.T, self.high.T)


def held_out_r2(
    ridge: Ridge,
    xs: Sequence[Responses],
    ys: Sequence[Responses],
    *,
    n_resamples: int = 200,
    seed: int = 0,
) -> HeldOutR2:
    """Measure R2 of the same held-out predictions that `Ridge` gives r of.

    Parameters
    ----------
    ridge : Ridge
    xs, ys : sequence of Responses
        The predicting and the predicted tables, row ``i`` of all of them the same image.
    n_resamples : int >= 2
    seed : int

    Returns
    -------
    HeldOutR2
    """
    of_folds = _OfFolds(xs, ys, ridge)
    n, random = xs[0].n, np.random.default_rng(seed)
    once = np.ones((1, n))
    counts = np.vstack([once, random.multinomial(n, np.full(n, 1 / n), size=n_resamples)])
    # (first, second, all images and resamples)
    drawn = np.array([[_explained(x, y, counts) for y in of_folds.ys] for x in of_folds.xs])
    low, high = np.nanquantile(drawn[:, :, 1:], (0.025, 0.975), axis=2)
    return HeldOutR2(drawn[:, :, 0], low, high)


def _explained(
    x: RidgeFolds, y: NDArray[np.float64], counts: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Give the mean R2 over units for each row of counts."""
    errors, baseline = np.empty_like(y), np.empty_like(y)
    changes = np.zeros(y.shape[1], np.bool_)
    for fold, each in zip(x.folds, x.held_out(y), strict=True):
        predictions = (x.x[fold] - each.x_mean) @ each.weights + each.y_mean
        errors[fold] = np.square(y[fold] - predictions)
        baseline[fold] = np.square(y[fold] - each.y_mean)
        changes |= each.values.products > 0
    errors, baseline = counts @ errors, counts @ baseline
    known = changes & (baseline > 0)
    shares = 1 - np.divide(errors, baseline, out=np.full_like(errors, np.nan), where=known)
    return np.array([_mean(row) for row in shares])


def _resampled(
    x: RidgeFolds, y: NDArray[np.float64], counts: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Give the mean r over units for each row of counts."""
    values, predictions = np.empty_like(y), np.empty_like(y)
    for fold, each in zip(x.folds, x.held_out(y), strict=True):
        predictions[fold] = (x.x[fold] - each.both.x_mean) @ each.weights
        values[fold] = y[fold] - each.values.y_mean
    products = predictions * values, np.square(predictions), np.square(values)
    weights = counts.astype(np.float64)
    return np.array([_mean(_correlation(*(row @ each for each in products))) for row in weights])


def _correlation(
    together: NDArray[np.float64], predicted: NDArray[np.float64], own: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give r of each unit: nan of a constant one, 0 where the prediction is constant."""
    lengths = np.sqrt(predicted * own)
    r = np.divide(together, lengths, out=np.zeros_like(together), where=lengths > 0)
    return np.where(own > 0, r, np.nan)


def _mean(r: NDArray[np.float64]) -> float:
    """Give the mean over units that change; nan of none."""
    known = r[~np.isnan(r)]
    return float(known.mean()) if len(known) else float("nan")
