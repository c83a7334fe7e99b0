"""Do two systems agree on which images are nearest? Mutual k-nearest neighbours.

References
----------
Huh, Cheung, Wang, Isola, "The platonic representation hypothesis", ICML 2024.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.distances import Distances, cosine_distances
from neurons.alignment.measure import Pairing
from neurons.alignment.responses import Responses
from neurons.errors import OptionError


@dataclass(frozen=True)
class Neighbours:
    """The share of an image's k nearest images that both systems have in common, in [0, 1].

    By chance it is k / (n - 1). It looks at the nearest images alone, and says nothing about how
    far ones are arranged.

    Parameters
    ----------
    k : int >= 1
        Fewer than the other images.
    distances : callable
        Of one table; default: 1 minus the cosine, seen from the mean image.
    most_images : int, optional
        Of more images so many are drawn; chance depends on their number.
    """

    k: int = 10
    distances: Distances = cosine_distances
    most_images: int | None = 4096
    name = "knn"
    title = "mutual nearest neighbours"
    higher_is_closer = True
    symmetric = True

    def pairing(self, xs: Sequence[Responses], ys: Sequence[Responses]) -> Pairing:
        """Find the nearest images in every table.

        Raises
        ------
        OptionError
            If there are not more than k other images, so that all are neighbours.
        """
        n = xs[0].n
        if not 1 <= self.k < n - 1:
            raise OptionError(
                f"{self.k} nearest neighbours of {n:,} images; ask for 1 to {n - 2:,}, far fewer "
                "than there are images"
            )
        return _OfNearest(
            [nearest(each, self.k, self.distances, seed=2 * i) for i, each in enumerate(xs)],
            [nearest(each, self.k, self.distances, seed=2 * i + 1) for i, each in enumerate(ys)],
        )

    def chance(self, n: int) -> float:
        """Give what unrelated systems share of n images on average: k / (n - 1)."""
        return self.k / (n - 1)

    def doubt(self, n: int, n_units: int, n_other_units: int) -> str:
        """Say where chance is high."""
        if self.chance(n) <= 0.1:
            return ""
        return f"{self.k} of {n - 1:,} images are neighbours by chance; take a smaller k."


def nearest(
    responses: Responses, k: int, distances: Distances = cosine_distances, *, seed: int = 0
) -> NDArray[np.intp]:
    """Find each image's nearest images.

    Parameters
    ----------
    responses : Responses
    k : int
    distances : callable
    seed : int
        Of equally near images some are drawn: taken in the order of the images, two systems of
        many ties would agree.

    Returns
    -------
    ndarray of int, (images, k)
        In no order, never the image itself.
    """
    matrix = distances(responses)
    np.fill_diagonal(matrix, np.inf)
    lists = np.argpartition(matrix, k - 1, axis=1)[:, :k]
    farthest = np.take_along_axis(matrix, lists, 1).max(1)
    # what rounding tells apart is equal
    reach = 10 * float(np.finfo(matrix.dtype).eps) * np.maximum(1, np.abs(farthest))
    random = np.random.default_rng(seed)
    for row in np.flatnonzero((matrix <= (farthest + reach)[:, None]).sum(1) > k):
        gaps = matrix[row] - farthest[row]
        nearer = np.flatnonzero(gaps < -reach[row])
        equal = np.flatnonzero(np.abs(gaps) <= reach[row])
        lists[row] = np.append(nearer, random.choice(equal, k - len(nearer), replace=False))
    return lists


class _OfNearest:
    """For each first table who is whose neighbour, for each second table lists of neighbours."""

    def __init__(self, xs: list[NDArray[np.intp]], ys: list[NDArray[np.intp]]) -> None:
        n, self.k = xs[0].shape
        self.rows = np.arange(n)[:, None]
        self.is_near = np.zeros((len(xs), n, n), bool)
        for matrix, lists in zip(self.is_near, xs, strict=True):
            matrix[self.rows, lists] = True
        self.ys = ys

    def values(self, order: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Count common neighbours, the second side with its images in another order."""
        return np.stack([self._shared(lists, order).mean(1) for lists in self.ys], axis=1)

    def resampled(self, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Weigh images; who is near whom among all images stays."""
        weights = counts / counts.sum(1, keepdims=True)
        shared = [weights @ self._shared(lists).T for lists in self.ys]
        return np.stack(shared, axis=2)

    def _shared(
        self, lists: NDArray[np.intp], order: NDArray[np.intp] | None = None
    ) -> NDArray[np.float64]:
        """Give the share of each image's neighbours, (first tables, images)."""
        if order is not None:
            lists = np.argsort(order)[lists[order]]
        return np.asarray(self.is_near[:, self.rows, lists].sum(2) / self.k)
