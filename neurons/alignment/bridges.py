"""Which linear map takes one system's rows to another's?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.random_projection import SparseRandomProjection, johnson_lindenstrauss_min_dim

from neurons.alignment.ridge import STRENGTHS, Axes
from neurons.alignment.rotations import polar
from neurons.errors import OptionError

Array = NDArray[np.floating]
Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearMap:
    """A matrix between two centred tables.

    Parameters
    ----------
    weights : ndarray of float32, (units of x, units of y)
    mean_x : ndarray of float32, (units of x,)
        Taken off the rows.
    mean_y : ndarray of float32, (units of y,)
        Added to what the matrix gives.
    """

    weights: NDArray[np.float32]
    mean_x: NDArray[np.float32]
    mean_y: NDArray[np.float32]

    def __call__(self, rows: Array) -> NDArray[np.float32]:
        """Map rows, (images, units of x), to (images, units of y).

        Raises
        ------
        OptionError
            If the rows are of another width.
        """
        if rows.shape[-1] != len(self.mean_x):
            raise OptionError(
                f"rows of {rows.shape[-1]:,} units do not fit a map of {len(self.mean_x):,}: give "
                f"rows of the layer that it was fitted on"
            )
        return np.asarray((rows - self.mean_x) @ self.weights + self.mean_y, np.float32)


def map_of(weights: Array, x: Array, y: Array) -> LinearMap:
    """Make a map of a matrix and the means of the two tables that it was fitted on."""
    return LinearMap(
        np.asarray(weights, np.float32),
        np.asarray(np.mean(x, 0, dtype=np.float64), np.float32),
        np.asarray(np.mean(y, 0, dtype=np.float64), np.float32),
    )


def explained(y: Array, predicted: Array) -> float:
    """Give R2 over all units together: 1 minus the squared error per variance about the mean.

    Returns
    -------
    float
        At most 1; 0 for the mean of these very rows, and below 0 for what is worse. nan where all
        rows are equal.
    """
    wide = np.asarray(y, np.float64)
    spread = float(((wide - wide.mean(0)) ** 2).sum())
    return float(1 - ((wide - predicted) ** 2).sum() / spread) if spread > 0 else float("nan")


def procrustes(x: Array, y: Array) -> LinearMap:
    """Fit a rotation and one scale: distances between images keep their proportions.

    Directions in which the images do not differ, as with fewer images than units, are left out.

    Parameters
    ----------
    x, y : ndarray of float, (images, units of x) and (images, units of y)
        The narrower one is embedded in the wider one, as if zeros were added.

    Returns
    -------
    LinearMap

    References
    ----------
    Schönemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 1966.
    """
    a, b = centred(x), centred(y)
    turn = polar(a.T @ b)
    return map_of(turn * best_scale(a @ turn, b), x, y)


def best_scale(a: Float, b: Float) -> float:
    """Give the factor that brings one table nearest to another; 0 if it holds nothing."""
    size = float((a * a).sum())
    return float((a * b).sum()) / size if size > 0 else 0.0


def random_projection(x: Array, y: Array, *, width: int, seed: int = 0) -> LinearMap:
    """Project both tables at random to one width, and fit a rotation and a scale there.

    It costs little where layers are wide, and loses what the projection does not keep: the rows
    are mapped back by its pseudoinverse.

    Parameters
    ----------
    x, y : ndarray of float, (images, units of x) and (images, units of y)
    width : int >= 1
        See `lossless_width`. A table that is no wider stays as it is.
    seed : int

    Returns
    -------
    LinearMap

    References
    ----------
    Li, Hastie, Church, "Very sparse random projections", KDD 2006; in scikit-learn.
    """
    a, b = centred(x), centred(y)
    down_x, down_y = (_projection(each.shape[1], width, seed + i) for i, each in enumerate((a, b)))
    narrow_a, narrow_b = a @ down_x, b @ down_y
    turn = down_x @ polar(narrow_a.T @ narrow_b) @ np.linalg.pinv(down_y)
    return map_of(turn * best_scale(a @ turn, b), x, y)


def lossless_width(n_images: int, distortion: float = 0.1) -> int:
    """Give the width at which random projection keeps all distances of so many images.

    Parameters
    ----------
    n_images : int >= 1
    distortion : float in (0, 1)
        By how much a squared distance may change, as a share.

    Returns
    -------
    int
        Often more than a layer has units: then nothing is promised for narrower projections.

    References
    ----------
    Dasgupta and Gupta, "An elementary proof of the Johnson-Lindenstrauss lemma", 2003.
    """
    return int(johnson_lindenstrauss_min_dim(max(n_images, 2), eps=distortion))


def _projection(units: int, width: int, seed: int) -> Float:
    if width < 1:
        raise OptionError(f"a projection to {width} units keeps nothing; give 1 or more")
    if width >= units:
        return np.eye(units)
    made = SparseRandomProjection(width, random_state=seed).fit(np.empty((1, units)))
    found: Float = np.asarray(made.components_.todense(), np.float64).T
    return found


@dataclass(frozen=True, eq=False)
class RidgeMaps:
    """Ridge regressions from one table to any others, at the cost of one decomposition.

    Parameters
    ----------
    x : ndarray of float, (images, units)
    penalties : tuple of float > 0
        To choose from, as shares of the mean squared singular value of x, centred.
    """

    x: Array
    penalties: tuple[float, ...] = STRENGTHS

    def __call__(self, y: Array) -> LinearMap:
        """Fit one penalty for all units of y, chosen by generalised cross-validation.

        Parameters
        ----------
        y : ndarray of float, (images, units of y)

        Returns
        -------
        LinearMap

        References
        ----------
        Golub, Heath, Wahba, "Generalized cross-validation as a method for choosing a good ridge
        parameter", Technometrics 1979.
        """
        a, b = self._a, centred(y)
        along = self._axes.directions.T @ (a.T @ b)
        penalties = np.array(self.penalties) * self._axes.mean_variance
        scores = self._axes.scores(along, np.square(b).sum(0), len(a), penalties)
        weights = self._axes.weights(along, float(penalties[scores.sum(1).argmin()]))
        return map_of(weights, self.x, y)

    @cached_property
    def _a(self) -> Float:
        return centred(self.x)

    @cached_property
    def _axes(self) -> Axes:
        return Axes.of_rows(self._a)


def centred(x: Array) -> Float:
    """Take the mean off each column."""
    found: Float = np.asarray(x, np.float64) - np.mean(x, 0, dtype=np.float64)
    return found


def check_rows(tables: Sequence[Array], fewest: int) -> None:
    """Refuse tables of different lengths, or of fewer rows than a map can be fitted on."""
    lengths = {len(each) for each in tables}
    if len(lengths) > 1 or min(lengths) < fewest:
        raise OptionError(
            f"tables of {', '.join(f'{len(each):,}' for each in tables)} rows: give {fewest:,} "
            f"rows or more, the same images in each"
        )
