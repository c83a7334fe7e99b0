"""How far do two models give one plane the same classes, and what would chance give?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.errors import MismatchError
from neurons.readouts.concept_plane import Matrix, PlaneChart, Window, is_place, unit_vectors
from neurons.readouts.concept_plane_map import Doubt, PlaneMap, map_from, nearest_classes

_N_SHUFFLED = 1000


@dataclass(frozen=True, eq=False)
class Agreement:
    """The share of a plane's points to which two models give the same class.

    Neighbouring points are no independent draws, so that the share has no interval of its own.

    Parameters
    ----------
    share : float in [0, 1]
    n : int
        Points.
    shuffled : ndarray of float64, (draws,)
        The same with the second model's class names permuted: 1 / classes on average.
    independent : float in [0, 1]
        What two maps with these shares of the classes give if they know nothing of each other.
    """

    share: float
    n: int
    shuffled: NDArray[np.float64] = field(repr=False)
    independent: float


def agreement_of(first: PlaneMap, second: PlaneMap, n_classes: int, *, seed: int = 0) -> Agreement:
    """Compare two maps cell by cell; cells that are no places are left out.

    Raises
    ------
    MismatchError
        If the maps have not the same cells.
    """
    known = (first.nearest >= 0) if first.side == second.side else np.zeros(0, bool)
    if first.side != second.side or not np.array_equal(known, second.nearest >= 0):
        raise MismatchError(
            f"maps of {first.side} and {second.side} cells a side, or of other places, are not of "
            f"one plane; make both with the same anchors and grid"
        )
    pairs = first.nearest[known] * n_classes + second.nearest[known]
    counts = np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)
    n, every = int(counts.sum()), np.arange(n_classes)
    random = np.random.default_rng((seed, 153))
    draws = [counts[every, random.permutation(n_classes)].sum() / n for _ in range(_N_SHUFFLED)]
    independent = float(counts.sum(1) @ counts.sum(0) / n**2)
    return Agreement(float(np.trace(counts) / n), n, np.array(draws), independent)


def same_plane_of(
    chart: PlaneChart,
    window: Window,
    anchors: NDArray[np.floating],
    directions: NDArray[np.floating],
    side: int,
    doubt: Doubt,
) -> PlaneMap:
    """Map in another model the points that are the same mixtures of the same three anchors.

    Parameters
    ----------
    chart : PlaneChart
        Of the first model.
    window : Window
    anchors : ndarray of float, (3, other embedding)
        The second model's.
    directions : ndarray of float, (classes, other embedding)
    side : int
    doubt : Doubt
        Of the second model's classes.
    """
    places = window.grid(side)
    points: Matrix = chart.mixture(places) @ unit_vectors(anchors)
    seen = nearest_classes(points, directions)
    return map_from(window, seen, side, doubt, outside=~is_place(places))
