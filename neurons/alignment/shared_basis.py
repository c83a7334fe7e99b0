"""Which dimensions of a system can be predicted from every other system?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.bridges import Array, Float, RidgeMaps, centred
from neurons.errors import OptionError
from neurons.stats import Interval, p_of_draws

Rows = NDArray[np.intp]

_RESAMPLES, _TAILS = 500, (0.025, 0.975)


@dataclass(frozen=True, eq=False)
class Dimensions:
    """Directions of one system, and how well others predict them on images that fitted nothing.

    Parameters
    ----------
    axes : ndarray of float64, (units, dimensions)
        A direction per column; rows of the system, less `mean`, times these are its scores.
    mean : ndarray of float64, (units,)
    correlations : ndarray of float64, (predictors, dimensions)
        Of the score with what each other system predicts of it.
    medians, low, high : ndarray of float64, (dimensions,)
        Median over the predictors, with a 95 % interval by resampling images.
    variance : ndarray of float64, (dimensions,)
        Share of the system's variance along each direction, on the testing images.
    null : ndarray of float64, (permutations,)
        The largest median of all dimensions where the system's images are in another order.
    """

    axes: Float
    mean: Float
    correlations: Float
    medians: Float
    low: Float
    high: Float
    variance: Float
    null: Float

    def interval(self, dimension: int) -> Interval:
        """Give the interval of a dimension's median."""
        return Interval(float(self.low[dimension]), float(self.high[dimension]))

    def p_values(self) -> Float:
        """Give the share of orders in which any dimension is predicted as well, (dimensions,)."""
        return np.array([p_of_draws(float(each), self.null) for each in self.medians])

    def scores(self, rows: Array) -> Float:
        """Place rows of the system along the directions: (images, dimensions)."""
        found: Float = (rows - self.mean) @ self.axes
        return found


def shared_dimensions(
    target: Array,
    predictors: Sequence[Array],
    fitting: Rows,
    testing: Rows,
    folds: NDArray[np.integer],
    *,
    n_components: int,
    n_permutations: int = 50,
    seed: int = 0,
) -> tuple[Dimensions, Dimensions]:
    """Predict a system's dimensions from others: its principal components, and the shared basis.

    Both are directions of the same space, that of the first principal components. The shared basis
    is turned within it, so that its first directions are predicted best: where several principal
    components have about the same variance, which of their mixtures is a component is chance, and
    what is shared is spread over all of them.

    Parameters
    ----------
    target : ndarray of float, (images, units)
    predictors : sequence of ndarray of float, (images, units of each)
        The same images in the same order.
    fitting, testing : ndarray of int
        Rows on which everything is fitted, and others on which it is judged.
    folds : ndarray of int, (fitting images,)
        Parts of the fitting images that predict each other for the shared basis.
    n_components : int >= 1
        Principal components to keep.
    n_permutations : int >= 0
    seed : int

    Returns
    -------
    Dimensions, Dimensions
        Principal components, and the shared basis.

    Raises
    ------
    OptionError
        If more components are asked for than the images or units have, or no other system is
        given.

    References
    ----------
    Chen and Bonner, "Universal dimensions of visual representation", 2024: principal components,
    predicted by regression, median over networks. The shared basis: generalised eigenvectors of
    the covariance of predictions and the own covariance, as in reduced-rank regression (Izenman,
    Journal of Multivariate Analysis 1975).
    """
    most = min(len(fitting) - 1, target.shape[1])
    if not 1 <= n_components <= most or not predictors:
        raise OptionError(
            f"{n_components:,} components of {len(fitting):,} images that fit and "
            f"{target.shape[1]:,} units, by {len(predictors)} other systems: give 1 to {most:,} "
            f"components, and 1 system or more"
        )
    others = [_Predictor(each, fitting, testing, folds) for each in predictors]
    whitened, axes, mean = _principal(target, fitting, n_components)
    draws = np.empty((n_permutations, 2))
    random = np.random.default_rng(seed)
    for k in range(n_permutations):
        orders = random.permutation(fitting), random.permutation(testing)
        found = _judged(others, whitened[orders[0]], whitened[orders[1]])
        draws[k] = [each.max() for _, each in found]
    turns = [turn for turn, _ in _judged(others, whitened[fitting], whitened[testing])]
    plain, shared = (
        _tested(others, target[testing], axes, mean, turn, whitened, fitting, testing, null, seed)
        for turn, null in zip(turns, draws.T, strict=True)
    )
    return plain, shared


class _Predictor:
    """Ridges from one system: on all fitting images, and on all but each fold of them."""

    def __init__(
        self, table: Array, fitting: Rows, testing: Rows, folds: NDArray[np.integer]
    ) -> None:
        self._table, self._testing, self._fit = (
            table[fitting],
            table[testing],
            RidgeMaps(table[fitting]),
        )
        self._folds = [
            (folds == each, RidgeMaps(self._table[folds != each])) for each in np.unique(folds)
        ]

    def test(self, y: Float) -> Float:
        """Predict the testing images of what was fitted on y."""
        return np.asarray(self._fit(y)(self._testing), np.float64)

    def crossed(self, y: Float) -> Float:
        """Predict each fold of the fitting images from the others."""
        found = np.empty(y.shape)
        for left, ridge in self._folds:
            found[left] = ridge(y[~left])(self._table[left])
        return found


def _principal(target: Array, fitting: Rows, n_components: int) -> tuple[Float, Float, Float]:
    """Give all rows along principal components of the fitting images, each of variance 1 there."""
    some = np.asarray(target[fitting], np.float64)
    mean = some.mean(0)
    _, sizes, axes = np.linalg.svd(some - mean, full_matrices=False)
    sizes = sizes[:n_components] / np.sqrt(len(fitting))
    # directions in which the images do not differ have no scale of their own
    scale = np.where(sizes > sizes[0] * 1e-6, sizes, np.inf)
    directions: Float = axes[:n_components].T / scale
    return (target - mean) @ directions, directions, mean


def _judged(
    others: Sequence[_Predictor], fit: Float, test: Float
) -> tuple[tuple[Float, Float], tuple[Float, Float]]:
    """Give the turn and the medians of principal components, and of the shared basis."""
    predicted = [each.test(fit) for each in others]
    plain = np.eye(fit.shape[1])
    # the components have variance 1: the own covariance is the identity
    shared = np.mean([centred(each.crossed(fit)).T @ centred(fit) for each in others], 0)
    _, turned = np.linalg.eigh((shared + shared.T) / 2)
    turned = turned[:, ::-1]
    medians = [
        np.median([_correlation(each @ turn, test @ turn) for each in predicted], 0)
        for turn in (plain, turned)
    ]
    return (plain, medians[0]), (turned, medians[1])


def _correlation(x: Float, y: Float, weights: Float | None = None) -> Float:
    """Correlate columns pair by pair, each row counted by its weight; 0 where one is constant."""
    share = np.full(len(x), 1 / len(x)) if weights is None else weights / weights.sum()
    a, b = x - share @ x, y - share @ y
    lengths = np.sqrt((share @ (a * a)) * (share @ (b * b)))
    found: Float = np.divide(share @ (a * b), lengths, out=np.zeros(x.shape[1]), where=lengths > 0)
    return found


def _tested(
    others: Sequence[_Predictor],
    rows: Array,
    axes: Float,
    mean: Float,
    turn: Float,
    whitened: Float,
    fitting: Rows,
    testing: Rows,
    null: Float,
    seed: int,
) -> Dimensions:
    """Tell how well each predictor knows each direction, with bounds of the median."""
    own = whitened[testing] @ turn
    predicted = [each.test(whitened[fitting]) @ turn for each in others]
    correlations = np.stack([_correlation(each, own) for each in predicted])
    random, n = np.random.default_rng(seed), len(testing)
    drawn = np.empty((_RESAMPLES, own.shape[1]))
    for k in range(_RESAMPLES):
        weights = np.bincount(random.integers(0, n, n), minlength=n).astype(np.float64)
        drawn[k] = np.median([_correlation(each, own, weights) for each in predicted], 0)
    low, high = np.quantile(drawn, _TAILS, axis=0)
    directions = axes @ turn
    medians = np.median(correlations, 0)
    variance = _variance(rows, directions)
    return Dimensions(directions, mean, correlations, medians, low, high, variance, null)


def _variance(rows: Array, directions: Float) -> Float:
    """Give the share of the variance of rows along each direction."""
    spread, lengths = centred(rows), np.linalg.norm(directions, axis=0)
    along = spread @ np.divide(
        directions, lengths, out=np.zeros_like(directions), where=lengths > 0
    )
    total = float((spread**2).sum())
    found: Float = (along**2).sum(0) / (total if total > 0 else np.inf)
    return found
