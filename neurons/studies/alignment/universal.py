"""Which dimensions does every model share?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.common_tables import (
    CommonTables,
    check_images_of_first,
    common_tables,
)
from neurons.activations.run import Activations
from neurons.address import EMBEDDING
from neurons.alignment.shared_basis import Dimensions, shared_dimensions
from neurons.data.images import ImageSet
from neurons.data.systems import System
from neurons.errors import LayerNotFoundError, OptionError
from neurons.results.blocks import Beside, Block, Gallery, Lines, Note, Stroke, Table, Tile
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Interval, p_of_draws

Progress = Callable[[int, int], None]

_ALPHA = 0.05
_FEWEST_PERMUTATIONS = 20
_MOST_COMPONENTS, _TILES = 100, 6


def universal(
    systems: Sequence[Activations | System],
    layers: str | Sequence[str] = EMBEDDING,
    *,
    images: ImageSet | None = None,
    n_components: int | None = None,
    count: int = 3,
    n_images: int | None = None,
    n_permutations: int = 50,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Universal:
    """Predict each system's dimensions from every other system, on images that fitted nothing.

    Of each system in turn: principal components of half of the images; a ridge from each other
    system to them; on the other half, the correlation of prediction and component, and its median
    over the other systems. Beside it the shared basis: the same space, turned so that what others
    predict comes first. With permuted images the best of all components is the control.

    Parameters
    ----------
    systems : sequence of Activations or System
        Two or more, on the same images; joined by ids.
    layers : str or sequence of str, optional
        One for all, or one for each. Default: the image embeddings.
    images : ImageSet, optional
        Those of the first system, if it is a run: the ends of the first shared dimensions are
        shown.
    n_components : int >= 1, optional
        Of each system. Default: a quarter of the fitting images, at most 100 and its units.
    count : int >= 0
        Dimensions of each system to show.
    n_images : int, optional
        Of more common images, so many are drawn.
    n_permutations : int >= 20
    seed : int
    progress : callable
        Takes how many of how many systems are done.

    Returns
    -------
    Universal

    Raises
    ------
    LayerNotFoundError, MismatchError
        As `common_tables`.
    StaleActivationsError
        If the images are not those of the first system.
    OptionError
        If a number is out of range, such as more components than images; or if images are given
        and the first system is no run.

    Notes
    -----
    What all systems share may be a matter of the images, such as their brightness: look at the ends
    of a dimension before giving it a name.

    References
    ----------
    Chen and Bonner, "Universal dimensions of visual representation", 2024.
    """
    if systems:
        check_images_of_first(systems[0], images)
    each = (layers,) * len(systems) if isinstance(layers, str) else tuple(layers)
    if len(systems) < 2 or len(each) != len(systems):
        raise OptionError(
            f"{len(systems)} systems and {len(each)} layers: give 2 systems or more, and one layer "
            f"for all or one for each"
        )
    if n_permutations < _FEWEST_PERMUTATIONS or count < 0:
        raise OptionError(
            f"{n_permutations} permutations, {count} dimensions to show: give "
            f"{_FEWEST_PERMUTATIONS} or more, and 0 or more"
        )
    try:
        all_of_them = common_tables(systems, each, n_images=n_images, seed=seed)
    except LayerNotFoundError as error:
        if not isinstance(layers, str):
            raise
        raise LayerNotFoundError(f"{error}; give one layer for each system") from None
    found = []
    for i in range(len(systems)):
        found.append(_of_system(all_of_them, i, n_components, n_permutations, seed, images, count))
        progress(i + 1, len(systems))
    return Universal(
        provenance=all_of_them.provenance(),
        n_fitting=len(all_of_them.halves.fitting),
        n_testing=len(all_of_them.halves.testing),
        n_permutations=n_permutations,
        systems=tuple(found),
        told=all_of_them.told,
    )


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


@dataclass(frozen=True)
class Universal(Result):
    """The dimensions of several systems, and which of them all others share.

    Parameters
    ----------
    n_fitting, n_testing : int
        Images that fitted everything, and that judged it.
    n_permutations : int
    systems : tuple of SystemDimensions
    told : str
        What was left out.
    """

    n_fitting: int
    n_testing: int
    n_permutations: int
    systems: tuple[SystemDimensions, ...]
    told: str = ""

    def system(self, name: str) -> SystemDimensions:
        """Find a system by its name.

        Raises
        ------
        OptionError
            If there is none.
        """
        for each in self.systems:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in self.systems)
        raise OptionError(f"no system {name!r}; there are: {known}")

    @property
    def title(self) -> str:
        """The systems."""
        return f"Shared dimensions of {', '.join(each.name for each in self.systems)}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Count the shared dimensions of each system."""
        counts = tuple(
            (each.name, f"{each.n_shared:,} of {len(each.basis):,} shared") for each in self.systems
        )
        return (("images", f"{self.n_fitting:,} fit, {self.n_testing:,} test"), *counts)

    def verdict(self) -> str:
        """Count the shared dimensions; first, if so, that none is."""
        others = len(self.systems) - 1
        median = f"the median of {others} others" if others > 1 else "the one other system"
        told = "; ".join(
            f"{each.name}: {each.n_shared:,} of {len(each.basis):,} ({each.variance:.0%} of its "
            f"variance; {each.n_shared_components:,} principal components)"
            for each in self.systems
        )
        how = (
            f"Predicted by {median} on {self.n_testing:,} images that fitted nothing, better than "
            f"the best dimension of 95 % of {self.n_permutations} orders of the images"
        )
        if not any(each.n_shared for each in self.systems):
            return f"No dimension is shared. {how}: {told}. {self.told}".rstrip()
        return (
            f"Dimensions of the shared basis that others predict: {told}. {how}. {self.told}"
        ).rstrip()

    def blocks(self) -> tuple[Block, ...]:
        """Draw how well each dimension is predicted, show the ends of the first, and count."""
        drawn = tuple(self._lines(each) for each in self.systems)
        ends = tuple(
            Beside(
                f"{each.name}: dimension {shown.number} of the shared basis",
                Gallery("one end", shown.low),
                Gallery("other end", shown.high),
                "Images that fitted nothing. Which end is which has no meaning.",
            )
            for each in self.systems
            for shown in each.ends
        )
        return (self._table(), *drawn, *ends, Note(_MEANING))

    def rows(self) -> Sequence[Row]:
        """One row per system and dimension, of principal components and of the shared basis."""
        return [
            {
                "system": each.name,
                "layer": each.layer,
                "basis": kind,
                "dimension": one.number,
                "shared": one.shared,
                "correlation": one.correlation,
                "low": one.interval.low,
                "high": one.interval.high,
                "n": self.n_testing,
                "p_value": one.p_value,
                "variance": one.variance,
            }
            for each in self.systems
            for kind, dimensions in (("principal", each.components), ("shared", each.basis))
            for one in dimensions
        ]

    def _table(self) -> Table:
        return Table(
            "Shared dimensions",
            (
                "system",
                "dimensions",
                "shared basis",
                "of its variance",
                "principal components",
                "permuted",
            ),
            tuple(
                (
                    f"{each.name} {each.layer}",
                    f"{len(each.basis):,} of {each.n_units:,} units",
                    f"{each.n_shared:,} shared",
                    f"{each.variance:.0%}",
                    f"{each.n_shared_components:,} shared",
                    f"{each.null:.2f}",
                )
                for each in self.systems
            ),
            f"Shared: others predict it, by their median, better than the best dimension of 95 % "
            f"of {self.n_permutations} orders of the images, whose correlation is in the last "
            f"column. On {self.n_testing:,} images; {self.n_fitting:,} others fitted everything.",
        )

    def _lines(self, each: SystemDimensions) -> Lines:
        strokes = tuple(
            Stroke(
                name,
                tuple(one.correlation for one in dimensions),
                tuple(one.interval.low for one in dimensions),
                tuple(one.interval.high for one in dimensions),
            )
            for name, dimensions in (
                ("shared basis", each.basis),
                ("principal components", each.components),
            )
        )
        every = max(1, round(len(each.basis) / 10))
        null = Stroke("permuted images, 95 %", (each.null,) * len(each.basis))
        return Lines(
            f"How well others predict {each.name} {each.layer}",
            tuple("" if one.number % every else f"{one.number:,}" for one in each.basis),
            (*strokes, null),
            "dimension",
            "correlation with its prediction",
        )


_MEANING = (
    "Principal components are ordered by variance, and of several with about the same variance any "
    "mixture is one: what is shared is then spread over all of them, and their count says little. "
    "The shared basis is the same space, turned so that what others predict comes first. Its "
    "directions are not at right angles in the system, so that their shares of variance do not add "
    "up. What is shared may be a matter of the images."
)


def _of_system(
    tables: CommonTables,
    target: int,
    n_components: int | None,
    n_permutations: int,
    seed: int,
    images: ImageSet | None,
    count: int,
) -> SystemDimensions:
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
