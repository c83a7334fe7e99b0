"""How are matrices over pairs of images multiplied, for many layers and permutations at once?

Debiased CKA and RSA are both a sum over pairs of images. Each table becomes one symmetric matrix
of length 1 with an empty diagonal, so that all pairs of tables are one matrix product, and a
permutation of the images only moves rows and columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class PairTables:
    """Matrices over pairs of images of both sides.

    Parameters
    ----------
    xs, ys : list of ndarray, (images, images)
        Symmetric, with empty diagonals, one for each table.
    """

    def __init__(self, xs: list[NDArray[Any]], ys: list[NDArray[Any]]) -> None:
        common = np.result_type(xs[0], ys[0])
        self.xs, self.ys = np.stack(xs, dtype=common), np.stack(ys, dtype=common)
        # memory that is asked for anew for each permutation costs more than what is done in it
        self._rows, self._moved = np.empty_like(self.ys[0]), np.empty_like(self.ys[0])

    def products(self, order: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Sum the products of every first with every second matrix, (first, second).

        Parameters
        ----------
        order : ndarray of int, (images,), optional
            Of the images of the second matrices.
        """
        flat = self.xs.reshape(len(self.xs), -1)
        if order is None:
            return np.asarray(flat @ self.ys.reshape(len(self.ys), -1).T, np.float64)
        found = np.empty((len(self.xs), len(self.ys)))
        for j, matrix in enumerate(self.ys):
            # rows, then columns: a row stays in the cache while it is sorted
            matrix.take(order, 0, self._rows, "clip").take(order, 1, self._moved, "clip")
            found[:, j] = flat @ self._moved.ravel()
        return found

    def resampled(self, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Sum the same products over the pairs that resamples of the images hold.

        A pair of two copies of one image is left out: the diagonals are empty.

        Parameters
        ----------
        counts : ndarray of int, (resamples, images)
            How often each image was drawn.

        Returns
        -------
        ndarray of float64, (resamples, first, second)
        """
        found = np.empty((len(counts), len(self.xs), len(self.ys)))
        for i, x in enumerate(self.xs):
            for j, y in enumerate(self.ys):
                found[:, i, j] = _quadratic(x * y, counts)
        return found

    def resampled_lengths(self, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Give the product of both matrices' lengths in resamples, (resamples, first, second)."""
        left, right = (
            np.sqrt([_quadratic(np.square(each), counts) for each in side])
            for side in (self.xs, self.ys)
        )
        return np.asarray(np.einsum("ib,jb->bij", left, right))


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
