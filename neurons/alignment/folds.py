"""What must be known of each part of the images to fit and test a linear map on them?

For each fold: how many images, their mean, and products about that mean. Ridge regressions on any
of the folds, their held-out errors and correlations follow from these alone.

References
----------
Pooling of moments: Chan, Golub, LeVeque, "Algorithms for computing the sample variance", American
Statistician 1983.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError


def folds_of(n: int, n_folds: int, seed: int) -> tuple[NDArray[np.intp], ...]:
    """Divide images at random into folds of about equal size, each ascending.

    Parameters
    ----------
    n : int
    n_folds : int >= 2
    seed : int

    Returns
    -------
    tuple of ndarray of int

    Raises
    ------
    OptionError
        If a fold would have fewer than two images.
    """
    if not 2 <= n_folds <= n // 2:
        raise OptionError(
            f"{n:,} images in {n_folds} folds; take 2 to {n // 2:,} folds, so that each holds two "
            "images or more"
        )
    drawn = np.random.default_rng(seed).permutation(n)
    return tuple(np.sort(part) for part in np.array_split(drawn, n_folds))


@dataclass(frozen=True)
class Moments:
    """Products of two tables about their means.

    Parameters
    ----------
    n : int
    x_mean, y_mean : ndarray of float64, (units,)
    products : ndarray of float64, (x units, y units), or (units,) of one table's squares
    """

    n: int
    x_mean: NDArray[np.float64]
    y_mean: NDArray[np.float64]
    products: NDArray[np.float64]


def moments(x: NDArray[np.float64], y: NDArray[np.float64]) -> Moments:
    """Take the products of two tables of the same images."""
    x_mean, y_mean = x.mean(0), y.mean(0)
    return Moments(len(x), x_mean, y_mean, (x - x_mean).T @ (y - y_mean))


def squares(y: NDArray[np.float64]) -> Moments:
    """Take the sum of squares of every unit about its mean."""
    mean = y.mean(0)
    return Moments(len(y), mean, mean, np.square(y - mean).sum(0))


def pooled(parts: list[Moments]) -> Moments:
    """Give the moments of several folds together."""
    n = sum(part.n for part in parts)
    x_mean = sum((part.n * part.x_mean for part in parts), np.zeros(())) / n
    y_mean = sum((part.n * part.y_mean for part in parts), np.zeros(())) / n
    products = np.zeros(())
    for part in parts:
        shifts = part.x_mean - x_mean, part.y_mean - y_mean
        between = np.multiply(*shifts) if part.products.ndim == 1 else np.outer(*shifts)
        products = products + part.products + part.n * between
    return Moments(n, x_mean, y_mean, products)
