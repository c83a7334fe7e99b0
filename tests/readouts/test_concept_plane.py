"""Coordinates are great circles, and a plane that three points do not fix is refused."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.errors import OptionError
from neurons.readouts.concept_plane import (
    Window,
    angle_between,
    chart_through,
    is_place,
    window_of,
    zooms,
)

NAMES = ("cat", "dog", "spider")


def anchors(seed: int = 0, size: int = 12) -> np.ndarray:
    """Three points of one cone, as texts of a CLIP are."""
    random = np.random.default_rng(seed)
    return random.normal(size=size) + 0.8 * random.normal(size=(3, size))


def test_places_and_points_are_each_others_inverse_and_distances_from_the_centre_are_true() -> None:
    chart = chart_through(anchors(), NAMES)
    places = np.random.default_rng(1).uniform(-2, 2, (50, 2))
    points = chart.points(places)
    assert np.allclose(np.linalg.norm(points, axis=1), 1)
    back, distance = chart.places(points)
    assert np.allclose(back, places) and distance.max() < 1e-6
    for place, point in zip(places, points, strict=True):
        assert np.isclose(angle_between(chart.frame[0], point), np.linalg.norm(place))
    # a straight line through the centre is a great circle: three of its points span a plane
    line = chart.points(np.array([[-0.3, -0.6], [0.2, 0.4], [0.5, 1.0]]))
    assert np.linalg.matrix_rank(line, tol=1e-9) == 2


def test_the_anchors_lie_on_their_plane_the_first_one_straight_up() -> None:
    three = anchors()
    chart = chart_through(three, NAMES)
    places, distance = chart.places(7.5 * three)
    assert distance.max() < 1e-6
    assert abs(places[0, 0]) < 1e-9 and places[0, 1] > 0 and places[1, 0] > 0
    assert np.allclose(chart.points(places), chart.anchors)
    # each is itself alone, and half way between two is as much of either
    assert np.allclose(chart.mixture(places), np.eye(3), atol=1e-9)


def test_the_distance_of_a_vector_from_the_plane_is_the_angle_to_its_nearest_point() -> None:
    chart = chart_through(anchors(), NAMES)
    off = np.random.default_rng(2).normal(size=(1, 12))
    (place,), (distance,) = chart.places(off)
    unit = off[0] / np.linalg.norm(off)
    assert np.isclose(distance, angle_between(chart.points(place[None])[0], unit))
    others = chart.points(Window(0, 0, np.pi).grid(80))
    assert min(angle_between(each, unit) for each in others) >= distance - 1e-9
    assert distance > 0.3


def test_points_that_fix_no_plane_are_refused_by_name() -> None:
    three = anchors()
    with pytest.raises(OptionError, match="cat and dog are the same point"):
        chart_through(np.stack([three[0], 3 * three[0], three[2]]), NAMES)
    between = three[0] + three[1]
    with pytest.raises(OptionError, match="cat, dog, spider lie on one great circle"):
        chart_through(np.stack([three[0], three[1], between]), NAMES)
    with pytest.raises(OptionError, match="dog points nowhere"):
        chart_through(three * [[1], [0], [1]], NAMES)
    with pytest.raises(OptionError, match="2 were named"):
        chart_through(three[:2], NAMES[:2])
    with pytest.raises(OptionError, match="1,000 x 1,000 is 1,000,000 points; take 8 to 500"):
        Window(0, 0, 1).grid(1000)


def test_windows_hold_the_anchors_and_zooms_halve_around_the_first() -> None:
    chart = chart_through(anchors(), NAMES)
    window = window_of(chart)
    places, _ = chart.places(chart.anchors)
    shares = window.shares(places)
    assert ((shares > 0.1) & (shares < 0.9)).all()
    # the first cell is at the top left
    assert np.allclose(window.shares(window.grid(10)[:1]), 0.05)
    whole, *near = zooms(chart, 4)
    assert whole == Window(0, 0, np.pi) and len(near) == 3
    assert all(np.isclose(a.half / b.half, 2) for a, b in zip(near, near[1:], strict=False))
    assert all(np.allclose(each.shares(places[:1]), 0.5) for each in near)
    assert not is_place(whole.grid(10))[0] and is_place(whole.grid(10))[45]
