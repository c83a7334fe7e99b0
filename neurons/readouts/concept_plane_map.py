"""Which class is nearest at each point of a plane, how clearly, and in how many pieces?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from neurons.errors import OptionError
from neurons.readouts.concept_plane import (
    PlaneChart,
    Window,
    chart_through,
    is_place,
    unit_vectors,
)

# of the median class's own margin: below it, the nearest class is hardly nearer than the next
SMALL = 0.1
_RANDOM, _HIGH = 2000, 0.95
_ROWS = 8192
_TRIES = 10
# cells that touch at a corner belong together
_TOUCHING = np.ones((3, 3), int)


@dataclass(frozen=True)
class Doubt:
    """When the nearest class says little; "nearest" always answers.

    Parameters
    ----------
    margin : float
        Cosines: below it, the next class is about as near.
    cosine : float in [-1, 1]
        What the nearest class of a random direction reaches in 5 % of draws: below it, a point is
        no nearer to any class than chance.
    """

    margin: float
    cosine: float


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest class of some points.

    Parameters
    ----------
    classes : ndarray of int64, (points,)
    margins : ndarray of float64, (points,)
        Cosine of the nearest class minus that of the next.
    cosines : ndarray of float64, (points,)
        With the nearest class.
    """

    classes: NDArray[np.int64] = field(repr=False)
    margins: NDArray[np.float64] = field(repr=False)
    cosines: NDArray[np.float64] = field(repr=False)

    def doubtful(self, doubt: Doubt) -> NDArray[np.bool_]:
        """Tell where the next class is about as near."""
        return self.margins < doubt.margin

    def far(self, doubt: Doubt) -> NDArray[np.bool_]:
        """Tell where no class is nearer than chance."""
        return self.cosines < doubt.cosine


@dataclass(frozen=True)
class ClassRegion:
    """What a class has of a map.

    Parameters
    ----------
    name : str
    share : float in [0, 1]
        Of the cells that are places.
    clear : float in [0, 1]
        The same, of cells where the margin is not small and the class is not far.
    pieces : int
        Connected regions.
    largest : float in [0, 1]
        The share of the class's cells that its largest region holds.
    x, y : float in [0, 1]
        The place furthest inside of the largest region, in shares of the map, from the left and
        from the top.
    room : float
        Cells from there to the region's edge.
    """

    name: str
    share: float
    clear: float
    pieces: int
    largest: float
    x: float
    y: float
    room: float


@dataclass(frozen=True, eq=False)
class PlaneMap:
    """The nearest class at each cell of a window.

    Parameters
    ----------
    window : Window
    nearest : ndarray of int64, (side, side)
        From the top row down; -1 where there is no place, or where it is out of range.
    margins, cosines : ndarray of float64, (side, side)
    grey : ndarray of bool, (side, side)
        Where the margin is small.
    far : ndarray of bool, (side, side)
        Where no class is nearer than chance.
    clipped : ndarray of float64, (side, side)
        In pixel space, the share of values outside of black and white, which were clipped; else 0.
    """

    window: Window
    nearest: NDArray[np.int64] = field(repr=False)
    margins: NDArray[np.float64] = field(repr=False)
    cosines: NDArray[np.float64] = field(repr=False)
    grey: NDArray[np.bool_] = field(repr=False)
    far: NDArray[np.bool_] = field(repr=False)
    clipped: NDArray[np.float64] = field(repr=False)

    @property
    def side(self) -> int:
        """Cells across."""
        return len(self.nearest)

    @property
    def n_places(self) -> int:
        """Cells that are places of the plane."""
        return int((self.nearest >= 0).sum())

    def share_of(self, cells: NDArray[np.bool_]) -> float:
        """Give a part of the places as a share."""
        return float((cells & (self.nearest >= 0)).sum() / max(self.n_places, 1))

    def shares(self, n_classes: int) -> NDArray[np.float64]:
        """Give each class's share of the places, (classes,)."""
        counts = np.bincount(self.nearest[self.nearest >= 0], minlength=n_classes)
        return counts / max(self.n_places, 1)


def doubt_of(directions: NDArray[np.floating], *, seed: int = 0) -> Doubt:
    """Find when the nearest of some classes says little, from the classes alone.

    Parameters
    ----------
    directions : ndarray of float, (classes, embedding)
        Unit vectors.
    seed : int
        Of random directions.

    Returns
    -------
    Doubt
        A margin is small below a tenth of the median class's own, at its own direction.
    """
    units = unit_vectors(directions)
    own = nearest_classes(units, units).margins
    random = np.random.default_rng((seed, 15)).normal(size=(_RANDOM, units.shape[1]))
    chance = nearest_classes(random, units).cosines
    return Doubt(SMALL * float(np.median(own)), float(np.quantile(chance, _HIGH)))


def nearest_classes(points: NDArray[np.floating], directions: NDArray[np.floating]) -> Nearest:
    """Find the class with the largest cosine, and by how much.

    Parameters
    ----------
    points : ndarray of float, (points, embedding)
        Of any length.
    directions : ndarray of float, (classes, embedding)
        Unit vectors of two classes or more.
    """
    units, found = unit_vectors(directions), []
    for start in range(0, len(points), _ROWS):
        cosines = unit_vectors(points[start : start + _ROWS]) @ units.T
        first = cosines.argmax(1)
        top = np.partition(cosines, -2, axis=1)[:, -2:]
        found.append((first, top[:, 1] - top[:, 0], top[:, 1]))
    classes, margins, best = (np.concatenate(each) for each in zip(*found, strict=True))
    return Nearest(classes, margins, best)


def map_of(
    chart: PlaneChart, window: Window, directions: NDArray[np.floating], side: int, doubt: Doubt
) -> PlaneMap:
    """Find the nearest class at each cell of a window of the joint space.

    The classes are first seen on the plane: the cosines of its points depend on nothing else of
    them.

    Raises
    ------
    OptionError
        If the grid has too few cells or too many.
    """
    places = window.grid(side)
    # cosines with a point of the plane depend on a class's part in the plane alone
    parts = unit_vectors(directions) @ chart.frame.T
    cosines = chart.on_frame(places) @ parts.T
    first = cosines.argmax(1)
    top = np.partition(cosines, -2, axis=1)[:, -2:]
    seen = Nearest(first, top[:, 1] - top[:, 0], top[:, 1])
    return map_from(window, seen, side, doubt, outside=~is_place(places))


def map_from(
    window: Window,
    seen: Nearest,
    side: int,
    doubt: Doubt,
    *,
    outside: NDArray[np.bool_] | None = None,
    clipped: NDArray[np.floating] | None = None,
) -> PlaneMap:
    """Lay the nearest classes of a window's cells out as a map.

    Parameters
    ----------
    window : Window
    seen : Nearest
        Of the cells, row by row.
    side : int
    doubt : Doubt
    outside : ndarray of bool, (cells,), optional
        Cells that are no places.
    clipped : ndarray of float, (cells,), optional
    """
    shape = (side, side)
    nearest = seen.classes.astype(np.int64)
    if outside is not None:
        nearest = np.where(outside, -1, nearest)
    cut = np.zeros(side * side) if clipped is None else np.asarray(clipped, np.float64)
    return PlaneMap(
        window,
        nearest.reshape(shape),
        seen.margins.reshape(shape),
        seen.cosines.reshape(shape),
        seen.doubtful(doubt).reshape(shape),
        seen.far(doubt).reshape(shape),
        cut.reshape(shape),
    )


def regions_of(seen: PlaneMap, names: Sequence[str]) -> tuple[ClassRegion, ...]:
    """Count the connected regions of every class that the map shows, the largest share first."""
    found = []
    for k in np.unique(seen.nearest[seen.nearest >= 0]).tolist():
        mine = seen.nearest == k
        pieces, n = ndimage.label(mine, structure=_TOUCHING)
        sizes = np.bincount(pieces.ravel())[1:]
        # the map's edge is an edge of the region
        inside = ndimage.distance_transform_edt(np.pad(pieces == 1 + sizes.argmax(), 1))[1:-1, 1:-1]
        row, column = np.unravel_index(int(inside.argmax()), inside.shape)
        clear = mine & ~seen.grey & ~seen.far
        found.append(
            ClassRegion(
                names[k],
                seen.share_of(mine),
                seen.share_of(clear),
                int(n),
                float(sizes.max() / sizes.sum()),
                (float(column) + 0.5) / seen.side,
                (float(row) + 0.5) / seen.side,
                float(inside.max()),
            )
        )
    return tuple(sorted(found, key=lambda each: -each.share))


def random_shares(
    draw: Callable[[np.random.Generator], NDArray[np.floating]],
    directions: NDArray[np.floating],
    *,
    half: float,
    side: int = 24,
    n: int = 50,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Give each class's share of planes that are drawn at random, (planes, classes).

    Parameters
    ----------
    draw : callable
        Gives three anchors, (3, embedding), from a generator.
    directions : ndarray of float, (classes, embedding)
    half : float
        Of each plane's window, in radians, around the anchors' mean.
    side, n, seed : int
    """
    random, found = np.random.default_rng((seed, 150)), []
    doubt = Doubt(0.0, -1.0)
    for _ in range(_TRIES * n):
        try:
            chart = chart_through(draw(random), ("a", "b", "c"))
        except OptionError:
            # two classes with one sentence, which is no plane
            continue
        seen = map_of(chart, Window(0.0, 0.0, half), directions, side, doubt)
        found.append(seen.shares(len(directions)))
        if len(found) == n:
            break
    return np.array(found).reshape(-1, len(directions))
