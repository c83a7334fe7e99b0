"""Which dimensions has one of several systems, and how well does each other one predict them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.common_tables import CommonTables
from neurons.alignment.shared_basis import Dimensions, shared_dimensions
from neurons.data.images import ImageSet
from neurons.results.blocks import Tile
from neurons.stats import Interval, p_of_draws

_ALPHA = 0.05
_MOST_COMPONENTS, _TILES = 100, 6


@dataclass(frozen=True)
class Dimension:
    """A direction of a system, and how well others predict it.

    Parameters
    ----------
    number : int
        From 1.
    correlation : float in [-1, 1]
        Of its scores with their predictions on the testing images, median over other systems.
    interval : Interval
        95 %, by resampling images.
    p_value : float in (0, 1]
        Share of orders of the images in which any dimension is predicted as well.
    variance : float in [0, 1]
        Share of the system's variance along it.
    by_each : tuple of float
        The correlation by each other system.
    """

    number: int
    correlation: float
    interval: Interval
    p_value: float
    variance: float
    by_each: tuple[float, ...]

    @property
    def shared(self) -> bool:
        """Whether others predict it better than permuted images."""
        return self.p_value <= _ALPHA


@dataclass(frozen=True)
class Ends:
    """The images at the two ends of a dimension."""

    number: int
    low: tuple[Tile, ...]
    high: tuple[Tile, ...]


@dataclass(frozen=True)
class SystemDimensions:
    """The dimensions of one system.

    Parameters
    ----------
    name, layer : str
    n_units : int
    components, basis : tuple of Dimension
        Principal components, and the shared basis: as many directions of the same space.
    axes : ndarray of float64, (units, dimensions)
        Of the shared basis: rows, less `mean`, times these are scores of variance 1.
    mean : ndarray of float64, (units,)
    variance : float in [0, 1]
        Share of the system's variance in the space of all shared directions of the basis.
    null : float
        What a dimension has to exceed for p of 0.05: the correlation of the best of all dimensions
        that at most 5 % of the orders, the images' own counted in, reach.
    ends : tuple of Ends
    """

    name: str
    layer: str
    n_units: int
    components: tuple[Dimension, ...]
    basis: tuple[Dimension, ...]
    axes: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: float
    null: float
    ends: tuple[Ends, ...]

    @property
    def n_shared(self) -> int:
        """Directions of the shared basis that others predict."""
        return sum(each.shared for each in self.basis)

    @property
    def n_shared_components(self) -> int:
        """Principal components that others predict: each may hold a part of what is shared."""
        return sum(each.shared for each in self.components)


def system_dimensions(
    tables: CommonTables,
    target: int,
    n_components: int | None,
    n_permutations: int,
    seed: int,
    images: ImageSet | None,
    count: int,
) -> SystemDimensions:
    """Predict one system's dimensions from all others, on images that fitted nothing.

    Parameters
    ----------
    tables : CommonTables
    target : int
        Which of them is predicted.
    n_components : int, optional
        Default: a quarter of the fitting images, at most 100 and its units.
    n_permutations, seed
        As `neurons.alignment.shared_basis.shared_dimensions`.
    images : ImageSet or None
        Of the first system.
    count : int
        Shared dimensions whose ends are shown.
    """
    table, halves = tables.tables[target], tables.halves
    usual = min(_MOST_COMPONENTS, len(halves.fitting) // 4, table.shape[1])
    plain, shared = shared_dimensions(
        table,
        [each for i, each in enumerate(tables.tables) if i != target],
        halves.fitting,
        halves.testing,
        halves.folds(),
        n_components=n_components or usual,
        n_permutations=n_permutations,
        seed=seed,
    )
    basis = _dimensions(shared)
    chosen = [i for i, each in enumerate(basis) if each.shared]
    return SystemDimensions(
        name=tables.names[target],
        layer=tables.layers[target],
        n_units=table.shape[1],
        components=_dimensions(plain),
        basis=basis,
        axes=shared.axes,
        mean=shared.mean,
        variance=_spanned(table[halves.testing], shared.axes[:, chosen]),
        null=_needed(shared.null),
        ends=_ends(tables, shared, table, chosen[:count], images),
    )


def _needed(null: NDArray[np.float64]) -> float:
    """Give the draw that a correlation has to exceed, so that its p is 0.05 or less."""
    reached = int(_ALPHA * (1 + len(null)) + 1e-9) - 1
    return float(np.sort(null)[::-1][reached])


def _dimensions(found: Dimensions) -> tuple[Dimension, ...]:
    return tuple(
        Dimension(
            number=i + 1,
            correlation=float(value),
            interval=found.interval(i),
            p_value=p_of_draws(float(value), found.null),
            variance=float(found.variance[i]),
            by_each=tuple(found.correlations[:, i].tolist()),
        )
        for i, value in enumerate(found.medians)
    )


def _spanned(rows: NDArray[np.float32], axes: NDArray[np.float64]) -> float:
    """Give the share of the variance of rows in the space that some directions span."""
    spread = rows - rows.mean(0, dtype=np.float64)
    total = float((spread**2).sum())
    if not axes.shape[1] or total == 0:
        return 0.0
    flat, _ = np.linalg.qr(axes)
    return float(((spread @ flat) ** 2).sum()) / total


def _ends(
    tables: CommonTables,
    found: Dimensions,
    table: NDArray[np.float32],
    chosen: Sequence[int],
    images: ImageSet | None,
) -> tuple[Ends, ...]:
    if images is None or not chosen:
        return ()
    testing, rows = tables.halves.testing, tables.common.sides[0].rows
    scores = found.scores(table[testing])
    shown = []
    for i in chosen:
        order = np.argsort(scores[:, i], kind="stable")
        sides = [
            tuple(_tile(images, int(rows[testing[k]]), float(scores[k, i])) for k in some)
            for some in (order[:_TILES], order[::-1][:_TILES])
        ]
        shown.append(Ends(i + 1, sides[0], sides[1]))
    return tuple(shown)


def _tile(images: ImageSet, row: int, score: float) -> Tile:
    name = images[row].label or images.ids[row].rpartition("/")[2]
    return Tile(images.small(row).encoded, f"{score:.2f}", name, images.ids[row])
