"""Do two systems find the same images alike? Correlation of their dissimilarity matrices (RSA).

References
----------
Kriegeskorte, Mur, Bandettini, "Representational similarity analysis", Frontiers in Systems
Neuroscience 2008. Bootstrap over images, and rho-a: Schuett et al., "Statistical inference on
representational geometries", eLife 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.distances import Distances, correlation_distances
from neurons.alignment.measure import Pairing
from neurons.alignment.pairs import PairTables, Upper
from neurons.alignment.responses import Responses
from neurons.errors import OptionError


@dataclass(frozen=True)
class Rsa:
    """Spearman's correlation of dissimilarities over all pairs of images, in [-1, 1].

    It says that the order of the distances is alike, not that the units are.

    Parameters
    ----------
    distances : callable
        Of one table; default: 1 minus the correlation of two images' patterns over units.
    most_images : int, optional
        Of more images so many are drawn: n images have n (n - 1) / 2 distances to rank.
    """

    distances: Distances = correlation_distances
    most_images: int | None = 1000
    name = "rsa"
    title = "RSA (Spearman)"
    higher_is_closer = True
    symmetric = True
    ties_count = True

    def pairing(self, xs: Sequence[Responses], ys: Sequence[Responses]) -> Pairing:
        """Rank the dissimilarities of every table."""
        return _OfRanks(xs, ys, self.distances, ties_count=self.ties_count)

    def doubt(self, n: int, n_units: int, n_other_units: int) -> str:
        """Say that few units have few different patterns."""
        return _doubt(n_units, n_other_units)


@dataclass(frozen=True)
class RhoA(Rsa):
    """Spearman's correlation as expected when ties are broken at random: equal to it without ties.

    It does not favour systems that call many pairs exactly equally alike.
    """

    name = "rho-a"
    title = "RSA (rho-a)"
    ties_count = False


def _doubt(n_units: int, n_other_units: int) -> str:
    if min(n_units, n_other_units) >= 3:
        return ""
    return "A pattern over fewer than three units has hardly any correlation distances."


class _OfRanks:
    """Ranks of dissimilarities, centred; a permutation of the images moves them only."""

    def __init__(
        self,
        xs: Sequence[Responses],
        ys: Sequence[Responses],
        distances: Distances,
        *,
        ties_count: bool,
    ) -> None:
        self.upper, self.ties_count = Upper(xs[0].n), ties_count
        self.xs, self.ys = ([self._side(each, distances) for each in side] for side in (xs, ys))
        once = np.ones(len(self.upper.firsts), np.float32)
        self.tables = PairTables(
            *(
                [self.upper.full(row) for row in self._ranks(side, once)]
                for side in (self.xs, self.ys)
            )
        )

    def values(self, order: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Multiply ranks, the second side with its images in another order."""
        return self.tables.products(order) / 2

    def resampled(self, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Rank the pairs that each resample holds, as often as it holds them, and correlate."""
        values = np.empty((len(counts), len(self.xs), len(self.ys)))
        left, right = (np.empty((len(each), len(self.upper.firsts))) for each in (self.xs, self.ys))
        for row, each in zip(values, counts, strict=True):
            weights = self.upper.weights(each)
            self._ranks(self.xs, weights, left)
            self._ranks(self.ys, weights, right)
            left *= weights
            row[:] = left @ right.T
        return values

    def _side(self, responses: Responses, distances: Distances) -> _Ranked:
        ranked = _Ranked(self.upper.of(distances(responses)))
        if len(ranked.starts) == 1:
            raise OptionError(
                f"{responses.name} finds all pairs of images equally alike; nothing can be "
                "aligned with it"
            )
        return ranked

    def _ranks(
        self,
        tables: list[_Ranked],
        weights: NDArray[np.float32],
        out: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Give centred ranks, (tables, pairs), scaled so that their product is the correlation."""
        out = np.empty((len(tables), len(weights))) if out is None else out
        n = float(weights.sum(dtype=np.float64))
        # without ties the squares of n centred ranks sum to (n^3 - n) / 12
        squares = (n**3 - n) / 12
        for row, table in zip(out, tables, strict=True):
            table.ranks(weights, row)
            if self.ties_count:
                squares = float(np.einsum("i,i,i->", row, row, weights))
            row *= 1 / np.sqrt(squares) if squares > 0 else np.nan
        return out


class _Ranked:
    """Dissimilarities in ascending order, to be ranked again for any weights without a sort."""

    def __init__(self, vector: NDArray[np.floating]) -> None:
        self.order = np.argsort(vector, kind="stable")
        ascending = vector[self.order]
        new = np.concatenate([[True], ascending[1:] > ascending[:-1]])
        self.starts = np.flatnonzero(new)
        self.sizes = np.diff(np.append(self.starts, len(vector)))
        # memory that is asked for anew for each resample costs more than what is done in it
        self._middle = np.empty(len(self.starts))

    def ranks(self, weights: NDArray[np.float32], out: NDArray[np.float64]) -> None:
        """Write each pair's rank among as many copies as the weights say, minus the mean rank."""
        alike = weights.take(self.order)
        tied = len(self.starts) < len(weights)
        if tied:
            alike = np.add.reduceat(alike, self.starts, dtype=np.float64)
        middle = np.cumsum(alike, dtype=np.float64, out=self._middle)
        alike += middle[-1]
        # the middle of a group of ties, seen from the middle of all
        alike /= 2
        middle -= alike
        out[self.order] = np.repeat(middle, self.sizes) if tied else middle
