"""Where on a plane through three concepts does a point of the joint space lie, and back?

Three unit vectors span three dimensions, whose unit vectors are a sphere like that of a globe. It
is drawn as a globe is drawn from above one place: straight lines through the centre are great
circles, and the distance from the centre is true, in radians (azimuthal equidistant projection).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError

Matrix = NDArray[np.float64]

# points of a grid; a map of 500 x 500 shows more than a page can
MOST_POINTS = 250_000
_FEWEST_SIDE = 8
# radians; nearer to each other, or to one great circle, three anchors fix no plane
_LEAST_ANGLE = 1e-3
# the anchors take up this share of the way from the centre to the edge of a map
_FILLS = 0.36


@dataclass(frozen=True, eq=False)
class PlaneChart:
    """A plane through three anchors, and its coordinates in radians.

    Parameters
    ----------
    anchors : ndarray of float64, (3, embedding)
        Unit vectors.
    frame : ndarray of float64, (3, embedding)
        Orthogonal unit vectors: the centre, what is right of it, and what is above it. The centre
        is the anchors' mean, the first anchor lies straight above it, and the second to the right.
    """

    anchors: Matrix = field(repr=False)
    frame: Matrix = field(repr=False)

    def points(self, places: NDArray[np.floating]) -> Matrix:
        """Give the unit vectors at places.

        Parameters
        ----------
        places : ndarray of float, (points, 2)
            Radians to the right and upward. Beyond pi from the centre is no place: see `is_place`.

        Returns
        -------
        ndarray of float64, (points, embedding)
        """
        found: Matrix = self.on_frame(places) @ self.frame
        return found

    def on_frame(self, places: NDArray[np.floating]) -> Matrix:
        """Give the unit vectors at places by their parts on the frame, (points, 3)."""
        angle = np.linalg.norm(places, axis=1, keepdims=True)
        # sin(r) / r, which is 1 at the centre
        return np.hstack([np.cos(angle), places * np.sinc(angle / np.pi)])

    def places(self, vectors: NDArray[np.floating]) -> tuple[Matrix, NDArray[np.float64]]:
        """Find where vectors fall on the plane, and how far from it they lie.

        Parameters
        ----------
        vectors : ndarray of float, (vectors, embedding)
            Of any length but 0.

        Returns
        -------
        ndarray of float64, (vectors, 2)
            Of the point of the plane that is nearest to each, in radians.
        ndarray of float64, (vectors,)
            The angle between it and the plane, in [0, pi / 2].
        """
        units = unit_vectors(vectors)
        parts = units @ self.frame.T
        length = np.linalg.norm(parts, axis=1)
        distance = np.arccos(np.clip(length, 0, 1))
        side = np.linalg.norm(parts[:, 1:], axis=1, keepdims=True)
        angle = np.arctan2(side[:, 0], parts[:, 0])[:, None]
        return parts[:, 1:] / np.maximum(side, 1e-15) * angle, distance

    def mixture(self, places: NDArray[np.floating]) -> Matrix:
        """Give the anchors' weights at places, (points, 3): the same mixture in another model.

        The weighted sum of the anchors points to the place, and has length 1 there.
        """
        on_anchors = np.linalg.inv(self.anchors @ self.frame.T)
        found: Matrix = self.on_frame(places) @ on_anchors
        return found


@dataclass(frozen=True)
class Window:
    """A square part of a plane.

    Parameters
    ----------
    x, y : float
        Its centre.
    half : float > 0
        Half of its side. In the joint space all are in radians.
    """

    x: float
    y: float
    half: float

    def grid(self, side: int) -> Matrix:
        """Give the middles of side x side equal cells, row by row from the top, (cells, 2).

        Raises
        ------
        OptionError
            If there would be too few cells to be a map, or too many.
        """
        check_side(side)
        steps = (np.arange(side) + 0.5) / side * 2 - 1
        across, down = np.meshgrid(self.x + self.half * steps, self.y - self.half * steps)
        return np.column_stack([across.ravel(), down.ravel()])

    def shares(self, places: NDArray[np.floating]) -> Matrix:
        """Give places in shares of the window, from the left and from the top; 0 to 1 inside."""
        relative = (np.asarray(places, np.float64) - (self.x, self.y)) / (2 * self.half)
        return np.column_stack([0.5 + relative[:, 0], 0.5 - relative[:, 1]])


def check_side(side: int) -> None:
    """Raise OptionError for a grid of too few or too many cells."""
    if side * side > MOST_POINTS or side < _FEWEST_SIDE:
        most = int(MOST_POINTS**0.5)
        raise OptionError(
            f"a grid of {side:,} x {side:,} is {side * side:,} points; take {_FEWEST_SIDE} to "
            f"{most} a side"
        )


def chart_through(anchors: NDArray[np.floating], names: Sequence[str]) -> PlaneChart:
    """Lay a plane through three points of the joint space.

    Parameters
    ----------
    anchors : ndarray of float, (3, embedding)
        Of any length: only their directions count.
    names : sequence of str
        What messages call them.

    Returns
    -------
    PlaneChart

    Raises
    ------
    OptionError
        If there are not three, one has no direction, two are equal, or all lie on one great circle.
    """
    vectors = np.asarray(anchors, np.float64)
    check_three(names)
    for vector, name in zip(vectors, names, strict=True):
        length = np.linalg.norm(vector)
        if not np.isfinite(length) or length == 0:
            raise OptionError(f"{name} points nowhere: its vector is 0 or not finite; take another")
    units = unit_vectors(vectors)
    for i, k in ((0, 1), (0, 2), (1, 2)):
        if angle_between(units[i], units[k]) < _LEAST_ANGLE:
            raise OptionError(
                f"{names[i]} and {names[k]} are the same point; a plane needs three different ones"
            )
    # height of the third above the great circle of the other two
    basis, _ = np.linalg.qr(units[:2].T)
    rest = units[2] - basis @ (basis.T @ units[2])
    if np.arcsin(min(1.0, float(np.linalg.norm(rest)))) < _LEAST_ANGLE:
        raise OptionError(
            f"{', '.join(names)} lie on one great circle, so that many planes go through them; "
            f"move one of them off it"
        )
    return PlaneChart(units, _frame(units))


def check_three(names: Sequence[str]) -> None:
    """Raise OptionError unless there are three anchors."""
    if len(names) != 3:
        raise OptionError(f"a plane goes through three points; {len(names)} were named")


def window_of(chart: PlaneChart) -> Window:
    """Give the window in which the anchors lie well inside, around the centre."""
    places, _ = chart.places(chart.anchors)
    furthest = float(np.linalg.norm(places, axis=1).max())
    return Window(0.0, 0.0, min(furthest / _FILLS, np.pi))


def zooms(chart: PlaneChart, n: int) -> tuple[Window, ...]:
    """Give windows from the whole sphere down to the surroundings of the first anchor.

    Parameters
    ----------
    chart : PlaneChart
    n : int >= 0
        The first is the whole sphere around the centre; each further one has half the side of the
        one before it, beginning with that of `window_of`, around the first anchor.
    """
    (place, *_), _ = chart.places(chart.anchors)
    half = window_of(chart).half
    near = (Window(float(place[0]), float(place[1]), half / 2**i) for i in range(1, n))
    return (Window(0.0, 0.0, np.pi), *near)[:n]


def is_place(places: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell which places are on the sphere: within pi of the centre; beyond, it would come twice."""
    found: NDArray[np.bool_] = np.linalg.norm(places, axis=1) < np.pi
    return found


def unit_vectors(vectors: NDArray[np.floating]) -> Matrix:
    """Give vectors at length 1, in double precision."""
    wide = np.asarray(vectors, np.float64)
    found: Matrix = wide / np.maximum(np.linalg.norm(wide, axis=-1, keepdims=True), 1e-300)
    return found


def angle_between(first: Matrix, second: Matrix) -> float:
    """Give the angle between two unit vectors, in [0, pi]; exact also where it is small."""
    apart, together = np.linalg.norm(first - second), np.linalg.norm(first + second)
    return float(2 * np.arctan2(apart, together))


def _frame(units: Matrix) -> Matrix:
    """Give the centre, right and up; the second anchor decides which side is right."""
    centre = unit_vectors(units.mean(0))
    up = unit_vectors(units[0] - (units[0] @ centre) * centre)
    # what is left of the second anchor, or of the third, if the second lies on the same line
    sides = []
    for other, sign in ((units[1], 1.0), (units[2], -1.0)):
        rest = other - (other @ centre) * centre
        sides.append(sign * (rest - (rest @ up) * up))
    right = unit_vectors(max(sides, key=lambda each: float(np.linalg.norm(each))))
    return np.stack([centre, right, up])
