"""What is nearest at random points, along a walk, and where do real images fall on a plane?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.readouts.concept_plane import Matrix, PlaneChart, Window, angle_between, unit_vectors
from neurons.readouts.concept_plane_map import Doubt, nearest_classes
from neurons.readouts.concept_plane_pictures import SeenImages
from neurons.stats import Share

_TAKEN = 3
# share of the map that a picture on it takes
_APART = 0.075


@dataclass(frozen=True)
class PointSample:
    """Points of one sort, and what is nearest to them.

    Parameters
    ----------
    name : str
    n : int
    n_classes : int
        That are nearest to any of them.
    first : tuple of (str, Share)
        The classes that are nearest to most of them.
    margin, cosine : float
        Medians.
    grey, far : Share
        Points with a small margin, and points that no class is nearer to than chance.
    """

    name: str
    n: int
    n_classes: int
    first: tuple[tuple[str, Share], ...]
    margin: float
    cosine: float
    grey: Share
    far: Share


@dataclass(frozen=True)
class WalkPart:
    """A stretch of a great circle on which one class is nearest; shares of the way."""

    name: str
    begins: float
    ends: float


@dataclass(frozen=True)
class Walk:
    """The great circle from one anchor to the next.

    Parameters
    ----------
    title : str
    angle : float
        Radians from end to end.
    parts : tuple of WalkPart
    stops : tuple of str
        The nearest class at five places at equal distances.
    least_margin : float
        The smallest margin on the way.
    """

    title: str
    angle: float
    parts: tuple[WalkPart, ...]
    stops: tuple[str, ...]
    least_margin: float


@dataclass(frozen=True)
class FallenImage:
    """A real image where it falls on the plane.

    Parameters
    ----------
    name, label : str
    x, y : float
        Radians.
    distance : float in [0, pi / 2]
        Radians between it and the plane.
    there : str
        The nearest class at the place where it falls.
    own : str
        The nearest class of the image itself.
    image : bytes
        A thumbnail.
    """

    name: str
    label: str
    x: float
    y: float
    distance: float
    there: str
    own: str
    image: bytes = field(repr=False)


@dataclass(frozen=True)
class FallenImages:
    """Real images beside a plane.

    Parameters
    ----------
    n : int
    quantiles : tuple of float
        Distances from the plane in radians: the smallest, the median, the largest.
    random : float
        The median distance of random directions.
    same : Share
        Images whose nearest class is the one at the place where they fall.
    nearest : tuple of FallenImage
        Those that lie nearest to the plane.
    """

    n: int
    quantiles: tuple[float, float, float]
    random: float
    same: Share
    nearest: tuple[FallenImage, ...]


def point_sample(
    name: str,
    points: NDArray[np.floating],
    directions: NDArray[np.floating],
    names: Sequence[str],
    doubt: Doubt,
) -> PointSample:
    """Tell what is nearest to some points."""
    seen = nearest_classes(points, directions)
    counts = np.bincount(seen.classes, minlength=len(names))
    n = len(points)
    order = np.argsort(-counts, kind="stable")[:_TAKEN]
    return PointSample(
        name,
        n,
        int((counts > 0).sum()),
        tuple((names[k], Share(int(counts[k]), n)) for k in order.tolist() if counts[k]),
        float(np.median(seen.margins)),
        float(np.median(seen.cosines)),
        Share(int(seen.doubtful(doubt).sum()), n),
        Share(int(seen.far(doubt).sum()), n),
    )


def like_those(points: NDArray[np.floating], n: int, seed: int) -> Matrix:
    """Draw points from a Gaussian with the mean and covariance of others, (n, embedding).

    The points may be fewer than dimensions: a draw is a random mixture of what tells them apart.
    """
    units = unit_vectors(points)
    mean = units.mean(0)
    random = np.random.default_rng((seed, 151))
    weights = random.normal(size=(n, len(units))) / np.sqrt(max(len(units) - 1, 1))
    found: Matrix = mean + weights @ (units - mean)
    return found


def uniform(dimensions: int, n: int, seed: int) -> Matrix:
    """Draw directions of which none is likelier than another, (n, dimensions)."""
    return unit_vectors(np.random.default_rng((seed, 152)).normal(size=(n, dimensions)))


def walk(
    first: Matrix,
    last: Matrix,
    title: str,
    directions: NDArray[np.floating],
    names: Sequence[str],
    *,
    steps: int = 201,
) -> Walk:
    """Follow the great circle between two unit vectors."""
    angle = angle_between(first, last)
    along = np.linspace(0, 1, steps)
    near, far = np.sin((1 - along) * angle), np.sin(along * angle)
    points = (near[:, None] * first + far[:, None] * last) / np.sin(angle)
    seen = nearest_classes(points, directions)
    changes = np.flatnonzero(np.diff(seen.classes)) + 1
    starts, ends = [0, *changes.tolist()], [*changes.tolist(), steps]
    parts = tuple(
        WalkPart(names[int(seen.classes[a])], float(along[a]), float(along[b - 1]))
        for a, b in zip(starts, ends, strict=True)
    )
    five = np.linspace(0, steps - 1, 5).round().astype(int)
    stops = tuple(names[int(seen.classes[i])] for i in five)
    return Walk(title, angle, parts, stops, float(seen.margins.min()))


def fallen_images(
    chart: PlaneChart,
    window: Window,
    seen: SeenImages,
    directions: NDArray[np.floating],
    names: Sequence[str],
    *,
    count: int,
    seed: int,
) -> FallenImages:
    """Find where images fall on a plane, and how far from it they lie.

    Parameters
    ----------
    chart : PlaneChart
    window : Window
        Those that are shown fall into it.
    seen : SeenImages
    directions, names
        Of the classes.
    count : int
        Images to show.
    seed : int
        Of random directions.
    """
    places, distance = chart.places(seen.embeddings)
    there = nearest_classes(chart.points(places), directions).classes
    own = nearest_classes(seen.embeddings, directions).classes
    shares = window.shares(places)
    inside = np.flatnonzero(((shares > 0.02) & (shares < 0.98)).all(1))
    few = _apart(shares, inside[np.argsort(distance[inside], kind="stable")], count)
    _, random = chart.places(uniform(seen.embeddings.shape[1], 1000, seed))
    return FallenImages(
        len(seen),
        (float(distance.min()), float(np.median(distance)), float(distance.max())),
        float(np.median(random)),
        Share(int((there == own).sum()), len(seen)),
        tuple(
            FallenImage(
                seen.name(i),
                seen.label(i),
                float(places[i, 0]),
                float(places[i, 1]),
                float(distance[i]),
                names[int(there[i])],
                names[int(own[i])],
                seen.picture(i),
            )
            for i in few
        ),
    )


def _apart(shares: NDArray[np.floating], order: NDArray[np.intp], count: int) -> list[int]:
    """Take the first of an order that do not cover each other on the map."""
    taken: list[int] = []
    for i in order.tolist():
        if all(np.abs(shares[i] - shares[k]).max() > _APART for k in taken):
            taken.append(i)
        if len(taken) == count:
            break
    return taken
