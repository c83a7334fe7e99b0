"""How are matrices over pairs of images multiplied, for many layers and permutations at once?

Debiased CKA and RSA are both a sum over pairs of images. Each table becomes one symmetric matrix
of length 1 with an empty diagonal, so that all pairs of tables are one matrix product, and a
permutation of the images only moves rows and columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def products(
    xs: NDArray[Any], ys: NDArray[Any], order: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Sum the products of every first with every second matrix.

    Parameters
    ----------
    xs, ys : ndarray, (tables, images, images)
    order : ndarray of int, (images,), optional
        Of the images of the second matrices.

    Returns
    -------
    ndarray of float64, (first tables, second tables)
    """
    flat = xs.reshape(len(xs), -1)
    if order is None:
        return np.asarray(flat @ ys.reshape(len(ys), -1).T, np.float64)
    # rows, then columns: a row stays in the cache while it is sorted
    moved = ys.take(order, 1)
    found = np.empty((len(xs), len(ys)))
    for column, matrix in zip(found.T, moved, strict=True):
        column[:] = flat @ matrix.take(order, 1).ravel()
    return found


def resampled_products(
    xs: NDArray[Any], ys: NDArray[Any], counts: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Sum the same products over the pairs that resamples of the images hold.

    A pair of two copies of one image is left out: the diagonals are empty.

    Parameters
    ----------
    xs, ys : ndarray, (tables, images, images)
    counts : ndarray of int, (resamples, images)
        How often each image was drawn.

    Returns
    -------
    ndarray of float64, (resamples, first tables, second tables)
    """
    found = np.empty((len(counts), len(xs), len(ys)))
    for i, x in enumerate(xs):
        for j, y in enumerate(ys):
            found[:, i, j] = _quadratic(x * y, counts)
    return found


def resampled_squares(xs: NDArray[Any], counts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sum the squares of each matrix over the pairs that resamples hold, (resamples, tables)."""
    return np.stack([_quadratic(np.square(x), counts) for x in xs], axis=1)


def _quadratic(matrix: NDArray[Any], counts: NDArray[np.intp]) -> NDArray[np.float64]:
    weights = counts.astype(matrix.dtype)
    return np.asarray(np.einsum("bi,bi->b", weights @ matrix, weights, dtype=np.float64))


class Upper:
    """The pairs i < j of n images, row by row of the upper triangle.

    Parameters
    ----------
    n : int
        Images; holds 16 bytes for each of their n (n - 1) / 2 pairs.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.firsts, self.seconds = np.triu_indices(n, 1)

    def of(self, matrix: NDArray[Any]) -> NDArray[Any]:
        """Give the entries i < j of a symmetric matrix, (pairs,)."""
        values: NDArray[Any] = matrix[self.firsts, self.seconds]
        return values

    def full(self, vector: NDArray[Any]) -> NDArray[Any]:
        """Give the symmetric matrix with these entries and an empty diagonal."""
        matrix = np.zeros((self.n, self.n), vector.dtype)
        matrix[self.firsts, self.seconds] = vector
        return matrix + matrix.T

    def weights(self, counts: NDArray[np.intp]) -> NDArray[np.float32]:
        """Count how often each pair occurs in a resample; an image paired with itself does not.

        Parameters
        ----------
        counts : ndarray of int, (images,)
            How often each image was drawn.

        Returns
        -------
        ndarray of float32, (pairs,)
        """
        drawn = counts.astype(np.float32)
        weights: NDArray[np.float32] = drawn[self.firsts] * drawn[self.seconds]
        return weights
