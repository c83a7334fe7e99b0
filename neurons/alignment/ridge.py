"""How is a ridge regression fitted: its strength chosen, and each fold left out in turn?

References
----------
Strength by generalised cross-validation: Golub, Heath, Wahba, "Generalized cross-validation as a
method for choosing a good ridge parameter", Technometrics 1979.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.folds import Moments, moments, pooled, squares

# times the mean variance of the predictors: from nearly none to nearly all is shrunk
STRENGTHS = tuple(float(each) for each in np.logspace(-5, 5, 21))

_SILENT = 1e-100
# what lies below is the rounding of a sum of squares
_ROUNDING = 1e-10


@dataclass(frozen=True, eq=False)
class Axes:
    """Principal axes of centred predictors: along them every penalty is a division.

    Parameters
    ----------
    variances : ndarray of float64, (axes,)
        Sums of squares along each.
    directions : ndarray of float64, (predictors, axes)
        One a column, of length 1.
    """

    variances: NDArray[np.float64]
    directions: NDArray[np.float64]

    @classmethod
    def of_products(cls, products: NDArray[np.float64]) -> Axes:
        """Decompose products of predictors with themselves, (predictors, predictors)."""
        variances, directions = np.linalg.eigh(products)
        # rounding can carry an empty direction below 0
        return cls(np.maximum(variances, 0), directions)

    @classmethod
    def of_rows(cls, rows: NDArray[np.float64]) -> Axes:
        """Decompose centred rows, (images, predictors): only axes along which images differ."""
        n, units = rows.shape
        variances, vectors = np.linalg.eigh(rows.T @ rows if units <= n else rows @ rows.T)
        good = variances > _ROUNDING * max(float(variances[-1]), np.finfo(float).tiny)
        variances, vectors = variances[good], vectors[:, good]
        return cls(variances, vectors if units <= n else rows.T @ vectors / np.sqrt(variances))

    @property
    def mean_variance(self) -> float:
        """What strengths are multiplied with; above 0, so that silent predictors weigh 0."""
        return max(float(self.variances.sum()) / max(len(self.variances), 1), _SILENT)

    def scores(
        self,
        along: NDArray[np.float64],
        own: NDArray[np.float64],
        n: int,
        penalties: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Give what generalised cross-validation makes smallest, (penalties, units).

        Parameters
        ----------
        along : ndarray of float64, (axes, units)
            Products of the predictors along each axis with the values.
        own : ndarray of float64, (units,)
            Sums of squares of the values about their mean.
        n : int
            Images.
        penalties : ndarray of float64, (penalties,)
        """
        column = penalties[:, None]
        shrunk = self.variances + column
        explained = ((self.variances + 2 * column) / np.square(shrunk)) @ np.square(along)
        # one degree of freedom is the mean's
        free = (1 - (1 + (self.variances / shrunk).sum(1)) / n)[:, None]
        found = np.full_like(explained, np.inf)
        np.divide(np.maximum(own - explained, 0), np.square(free), out=found, where=free > 0)
        return found

    def weights(
        self, along: NDArray[np.float64], penalties: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """Fit with a penalty per unit, or one for all: (predictors, units)."""
        found: NDArray[np.float64] = self.directions @ (
            along / (self.variances[:, None] + penalties)
        )
        return found


@dataclass(frozen=True)
class HeldOut:
    """One fold, and a regression that was fitted to the others.

    Parameters
    ----------
    weights : ndarray of float64, (predictors, units)
    strengths : ndarray of float64, (units,)
        Chosen for each unit, in mean variances of a predictor.
    x_mean, y_mean : ndarray of float64, (predictors,) and (units,)
        Of the images fitted to: the regression goes through them.
    predictors : Moments
        Of the fold's predictors with themselves.
    both : Moments
        Of the fold's predictors with its values.
    values : Moments
        The fold's squares of values.
    """

    weights: NDArray[np.float64]
    strengths: NDArray[np.float64]
    x_mean: NDArray[np.float64]
    y_mean: NDArray[np.float64]
    predictors: Moments
    both: Moments
    values: Moments

    def sums(self) -> NDArray[np.float64]:
        """Give, per unit, what r and R2 are made of, (5, units).

        Products of prediction and value, squares of predictions, squares of values (these three
        about the fold's means), squared errors, and squared errors of predicting ``y_mean``.
        """
        together = np.einsum("ij,ij->j", self.weights, self.both.products)
        predicted = np.einsum("ij,ij->j", self.weights, self.predictors.products @ self.weights)
        n, own = self.values.n, self.values.products
        shift = self.values.y_mean - self.y_mean
        missed = shift - (self.both.x_mean - self.x_mean) @ self.weights
        errors = own - 2 * together + predicted + n * np.square(missed)
        return np.stack([together, predicted, own, errors, own + n * np.square(shift)])


class RidgeFolds:
    """One table of predictors, decomposed once without each fold.

    Parameters
    ----------
    x : ndarray of float64, (images, predictors)
    folds : tuple of ndarray of int
        Which images are in which fold.
    strengths : tuple of float > 0
        Of the penalty, in mean variances of a predictor times the images fitted to.
    """

    def __init__(
        self,
        x: NDArray[np.float64],
        folds: tuple[NDArray[np.intp], ...],
        strengths: tuple[float, ...],
    ) -> None:
        self.x, self.folds, self.strengths = x, folds, np.array(strengths)
        self.parts = [moments(x[fold], x[fold]) for fold in folds]
        self.axes = [
            Axes.of_products(self._without(self.parts, k).products) for k in range(len(folds))
        ]

    def held_out(self, y: NDArray[np.float64]) -> Iterator[HeldOut]:
        """Hold out each fold in turn and predict a table of values, (images, units).

        The values are read once, for their moments; they alone are used from then on.
        """
        values = [squares(y[fold]) for fold in self.folds]
        both = [moments(self.x[fold], y[fold]) for fold in self.folds]
        for k, predictors in enumerate(self.parts):
            train, own = self._without(both, k), self._without(values, k)
            weights, strengths = self._fitted(k, train, own)
            yield HeldOut(
                weights, strengths, train.x_mean, train.y_mean, predictors, both[k], values[k]
            )

    def _fitted(
        self, k: int, both: Moments, own: Moments
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Choose each unit's strength by generalised cross-validation, and fit with it."""
        axes = self.axes[k]
        along = axes.directions.T @ both.products
        penalties = self.strengths * axes.mean_variance
        best = axes.scores(along, own.products, both.n, penalties).argmin(0)
        return axes.weights(along, penalties[best]), self.strengths[best]

    @staticmethod
    def _without(parts: list[Moments], k: int) -> Moments:
        return pooled(parts[:k] + parts[k + 1 :])
