"""How are matrices over pairs of images multiplied, for many layers and permutations at once?

Debiased CKA and RSA are both a sum over pairs of images. Each side becomes one vector over the
pairs i < j, so that a table of all layers is one matrix product, and a permutation of the images is
one gather per layer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Pairs:
    """The pairs i < j of n images, row by row of the upper triangle.

    Parameters
    ----------
    n : int
        Images; holds 16 bytes for each of their n (n - 1) / 2 pairs.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        firsts, seconds = np.triu_indices(n, 1)
        self.firsts, self.seconds = firsts, seconds

    def __len__(self) -> int:
        return self.n * (self.n - 1) // 2

    def of(self, matrix: NDArray[Any]) -> NDArray[Any]:
        """Give the entries i < j of a symmetric matrix, (pairs,)."""
        values: NDArray[Any] = matrix[self.firsts, self.seconds]
        return values

    def places(self, order: NDArray[np.intp]) -> NDArray[np.intp]:
        """Tell where each pair lies in a vector over pairs, once the images are reordered.

        Parameters
        ----------
        order : ndarray of int, (images,)
            A permutation.

        Returns
        -------
        ndarray of int, (pairs,)
            ``vector[places]`` is the vector of ``matrix[order][:, order]``.
        """
        left, right = order[self.firsts], order[self.seconds]
        low, high = np.minimum(left, right), np.maximum(left, right)
        # rows 0 .. low - 1 hold n - 1, n - 2, ... pairs
        places: NDArray[np.intp] = low * (2 * self.n - low - 1) // 2 + high - low - 1
        return places

    def weights(self, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Weigh each pair by how often it occurs in a resample of the images.

        Copies of one image are no pair: their likeness is perfect in every system.

        Parameters
        ----------
        counts : ndarray of int, (images,)
            How often each image was drawn.

        Returns
        -------
        ndarray of float64, (pairs,)
        """
        drawn = counts.astype(np.float64)
        weights: NDArray[np.float64] = drawn[self.firsts] * drawn[self.seconds]
        return weights
