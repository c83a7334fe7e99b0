"""How is a ridge regression fitted without each fold in turn, from moments of the folds alone?

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

_SILENT = 1e-100


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
        self.axes = []
        for k in range(len(folds)):
            variances, directions = np.linalg.eigh(self._without(self.parts, k).products)
            # rounding can carry an empty direction below 0
            self.axes.append((np.maximum(variances, 0), directions))

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
        variances, directions = self.axes[k]
        along = directions.T @ both.products
        # of predictors that are silent on all images fitted to, the weights are 0
        unit = max(float(variances.mean()), _SILENT)
        penalties = self.strengths[:, None] * unit
        shrunk = variances + penalties
        explained = ((variances + 2 * penalties) / np.square(shrunk)) @ np.square(along)
        # one degree of freedom is the mean's
        free = 1 - (1 + (variances / shrunk).sum(1)) / both.n
        scores = (own.products - explained) / np.square(free)[:, None]
        strengths = self.strengths[scores.argmin(0)]
        weights = directions @ (along / (variances[:, None] + strengths * unit))
        return weights, strengths

    @staticmethod
    def _without(parts: list[Moments], k: int) -> Moments:
        return pooled(parts[:k] + parts[k + 1 :])
