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
        # one more, which comes in where an image is left out
        return _OfNearest(
            [nearest(t, self.k + 1, self.distances, seed=2 * i) for i, t in enumerate(xs)],
            [nearest(t, self.k + 1, self.distances, seed=2 * i + 1) for i, t in enumerate(ys)],
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
        The nearest first, never the image itself.
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
    near = np.argsort(np.take_along_axis(matrix, lists, 1), axis=1, kind="stable")
    return np.asarray(np.take_along_axis(lists, near, 1))


class _OfNearest:
    """For each first table who is whose neighbour, for each second table lists of neighbours."""

    def __init__(self, xs: list[NDArray[np.intp]], ys: list[NDArray[np.intp]]) -> None:
        self.n, self.k = xs[0].shape[0], xs[0].shape[1] - 1
        self.rows = np.arange(self.n)[:, None]
        self.xs, self.ys = xs, ys
        self.is_near = np.stack([self._table(lists) for lists in xs])

    def values(self, order: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Count common neighbours, the second side with its images in another order."""
        values = []
        for every in self.ys:
            lists = every[:, : self.k]
            if order is not None:
                lists = np.argsort(order)[lists[order]]
            values.append(self.is_near[:, self.rows, lists].mean((1, 2)))
        return np.stack(values, axis=1)

    def resampled(self, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Weigh what each image adds, its place among the neighbours of others included.

        These are the pseudo-values of the jackknife: a resample itself holds fewer different
        images, of which more are neighbours by chance.
        """
        change = (counts - 1) / self.n
        values = self.values()
        found = np.empty((len(counts), *values.shape))
        for i in range(len(self.xs)):
            for j in range(len(self.ys)):
                found[:, i, j] = values[i, j] + change @ self._shares(i, j)
        return found

    def _table(self, lists: NDArray[np.intp]) -> NDArray[np.bool_]:
        table = np.zeros((self.n, self.n), bool)
        table[self.rows, lists[:, : self.k]] = True
        return table

    def _shares(self, i: int, j: int) -> NDArray[np.float64]:
        """Give each image's pseudo-value: n times the share, minus n - 1 times that without it."""
        x, y = self.xs[i][:, : self.k], self.ys[j][:, : self.k]
        x_next, y_next = self.xs[i][:, self.k :], self.ys[j][:, self.k :]
        near_x, near_y = self.is_near[i], self._table(self.ys[j])
        # what is shared anew once a neighbour is gone: the next one may be the other's
        by_x, by_y = near_y[self.rows, x_next], near_x[self.rows, y_next]
        both = near_y[self.rows, x]
        of_x = np.where(both, by_x.astype(int) + by_y + (x_next == y_next) - 1, by_x)
        of_y = np.where(near_x[self.rows, y], 0, by_y)
        gained = np.bincount(x.ravel(), of_x.ravel(), self.n)
        gained += np.bincount(y.ravel(), of_y.ravel(), self.n)
        return np.asarray((both.sum(1) - gained) / self.k)
