"""What do other planes and other points give? The controls of one plane, and its anchors on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.readouts.concept_plane import PlaneChart, Window
from neurons.readouts.concept_plane_anchors import Anchor
from neurons.readouts.concept_plane_map import Doubt, nearest_classes, random_shares
from neurons.readouts.concept_plane_pictures import PictureAt, SeenImages
from neurons.readouts.concept_plane_points import (
    PointSample,
    Walk,
    like_those,
    point_sample,
    uniform,
    walk,
)

_N_POINTS, _N_PLANES = 2000, 50
_THROUGH_TEXTS, _THROUGH_RANDOM = "planes through other classes", "random planes"


@dataclass(frozen=True)
class PlacedAnchor:
    """An anchor on its plane.

    Parameters
    ----------
    name, kind, told : str
    x, y : float
        Radians.
    answer : str
        The nearest class.
    cosine, margin : float
        With it, and how much less the next one has.
    """

    name: str
    kind: str
    told: str
    x: float
    y: float
    answer: str
    cosine: float
    margin: float


@dataclass(frozen=True)
class PlacedPicture:
    """A picture at a place of the plane; x and y in radians."""

    x: float
    y: float
    told: str
    image: bytes = field(repr=False)


def placed_anchors(
    chart: PlaneChart,
    anchors: Sequence[Anchor],
    classes: Sequence[str],
    directions: NDArray[np.float64],
) -> tuple[PlacedAnchor, ...]:
    """Find where the anchors lie, and what they answer."""
    places, _ = chart.places(chart.anchors)
    found = nearest_classes(chart.anchors, directions)
    return tuple(
        PlacedAnchor(
            each.name,
            each.kind,
            each.told,
            float(places[i, 0]),
            float(places[i, 1]),
            classes[int(found.classes[i])],
            float(found.cosines[i]),
            float(found.margins[i]),
        )
        for i, each in enumerate(anchors)
    )


def shares_elsewhere(
    directions: NDArray[np.float64], half: float, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Measure the classes' shares on other planes, with windows of the same size."""

    def of_classes(random: np.random.Generator) -> NDArray[np.float64]:
        few: NDArray[np.float64] = directions[random.choice(len(directions), 3, replace=False)]
        return few

    def anywhere(random: np.random.Generator) -> NDArray[np.float64]:
        return random.normal(size=(3, directions.shape[1]))

    draws: Mapping[str, Callable[[np.random.Generator], NDArray[np.float64]]] = {
        **({_THROUGH_TEXTS: of_classes} if len(directions) > 3 else {}),
        _THROUGH_RANDOM: anywhere,
    }
    return {
        name: random_shares(draw, directions, half=half, n=_N_PLANES, seed=seed)
        for name, draw in draws.items()
    }


def samples_of_space(
    directions: NDArray[np.float64],
    classes: Sequence[str],
    doubt: Doubt,
    seen: SeenImages | None,
    seed: int,
) -> tuple[PointSample, ...]:
    """Tell what is nearest to points of several sorts."""
    size = directions.shape[1]
    sorts: dict[str, NDArray[np.floating]] = {}
    if seen is not None:
        sorts["real images"] = seen.embeddings
        sorts["like the images"] = like_those(seen.embeddings, _N_POINTS, seed)
    sorts["like the class texts"] = like_those(directions, _N_POINTS, seed)
    sorts["uniform"] = uniform(size, _N_POINTS, seed)
    return tuple(
        point_sample(name, points, directions, classes, doubt) for name, points in sorts.items()
    )


def walks_between(
    chart: PlaneChart,
    names: Sequence[str],
    classes: Sequence[str],
    directions: NDArray[np.float64],
) -> tuple[Walk, ...]:
    """Follow the great circles from anchor to anchor."""
    return tuple(
        walk(
            chart.anchors[i],
            chart.anchors[k],
            f"{names[i]} to {names[k]}",
            directions,
            classes,
        )
        for i, k in ((0, 1), (1, 2), (2, 0))
    )


def pictured(
    chart: PlaneChart, window: Window, picture_at: PictureAt, across: int
) -> tuple[PlacedPicture, ...]:
    """Ask for pictures at the points of a coarse grid."""
    steps = (np.arange(across) + 0.5) / across * 2 - 1
    x, y = np.meshgrid(window.x + window.half * steps, window.y - window.half * steps)
    places = np.column_stack([x.ravel(), y.ravel()])
    places = places[np.linalg.norm(places, axis=1) < np.pi]
    found = picture_at(chart.points(places))
    return tuple(
        PlacedPicture(float(a), float(b), each.told, each.image)
        for (a, b), each in zip(places, found, strict=True)
    )
