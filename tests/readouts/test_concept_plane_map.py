"""A map is the spherical Voronoi diagram of its classes, and says where "nearest" says little."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import SphericalVoronoi
from scipy.stats import ortho_group

from neurons.errors import MismatchError
from neurons.readouts.concept_plane import PlaneChart, Window, chart_through, window_of
from neurons.readouts.concept_plane_agreement import agreement_of, same_plane_of
from neurons.readouts.concept_plane_map import (
    Doubt,
    Nearest,
    PlaneMap,
    doubt_of,
    map_from,
    map_of,
    nearest_classes,
    random_shares,
    regions_of,
)
from tests.readouts.test_concept_plane import NAMES, anchors

WHOLE = Window(0.0, 0.0, np.pi)
SURE = Doubt(0.0, -1.0)


def texts(n: int = 40, size: int = 24, seed: int = 3) -> np.ndarray:
    """Classes whose texts lie in one cone."""
    random = np.random.default_rng(seed)
    found = random.normal(size=size) + 0.8 * random.normal(size=(n, size))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def plane_of(classes: np.ndarray, side: int = 60) -> tuple[PlaneChart, PlaneMap]:
    chart = chart_through(classes[:3], NAMES)
    return chart, map_of(chart, window_of(chart), classes, side, doubt_of(classes))


def test_the_map_is_the_spherical_voronoi_diagram_of_the_classes_of_the_plane() -> None:
    three = anchors()
    chart = chart_through(three, NAMES)
    # classes in the plane itself, the three anchors among them
    on_frame = np.random.default_rng(4).normal(size=(5, 3))
    parts = np.vstack([chart.anchors @ chart.frame.T, on_frame])
    parts /= np.linalg.norm(parts, axis=1, keepdims=True)
    seen = map_of(chart, WHOLE, parts @ chart.frame, 60, SURE)
    diagram = SphericalVoronoi(parts)
    diagram.sort_vertices_of_regions()
    points = chart.on_frame(WHOLE.grid(60))
    nearest, checked = seen.nearest.ravel(), 0
    for k, corners in enumerate(diagram.regions):
        polygon = diagram.vertices[corners]
        edges = np.cross(polygon, np.roll(polygon, -1, axis=0))
        edges *= np.sign(edges @ parts[k])[:, None]
        inside = (points @ edges.T > 0).all(1)
        known = nearest >= 0
        assert np.array_equal(inside[known], nearest[known] == k)
        checked += int(inside[known].sum())
    assert checked == (nearest >= 0).sum()


def test_classes_outside_of_the_plane_are_found_as_by_brute_force() -> None:
    classes = texts()
    chart, seen = plane_of(classes)
    found = nearest_classes(chart.points(seen.window.grid(60)), classes)
    assert np.array_equal(found.classes, seen.nearest.ravel())
    assert np.allclose(found.margins, seen.margins.ravel())
    assert np.allclose(found.cosines, seen.cosines.ravel())


def test_three_texts_share_their_plane_and_each_answers_itself() -> None:
    classes = texts(3)
    chart, seen = plane_of(classes)
    assert nearest_classes(chart.anchors, classes).classes.tolist() == [0, 1, 2]
    assert set(np.unique(seen.nearest)) == {0, 1, 2}


def test_turning_all_embeddings_changes_nothing() -> None:
    classes = texts()
    turn = ortho_group.rvs(24, random_state=5)
    (_, seen), (_, turned) = plane_of(classes), plane_of(classes @ turn)
    assert np.array_equal(seen.nearest, turned.nearest)
    assert np.allclose(seen.margins, turned.margins, atol=1e-9)


def test_a_class_of_the_joint_space_has_one_region() -> None:
    classes = texts()
    chart = chart_through(classes[:3], NAMES)
    # well within the sphere's near half, so that the flat map does not part a region
    seen = map_of(chart, Window(0, 0, 1.0), classes, 150, SURE)
    large = [each for each in regions_of(seen, [str(k) for k in range(40)]) if each.share > 0.02]
    assert len(large) >= 3 and all(each.pieces == 1 for each in large)


def test_regions_are_counted_with_their_corners_and_shares_are_of_places() -> None:
    nearest = np.array([[0, 1, 0, -1], [1, 0, 1, -1], [2, 2, 1, 1], [2, 2, 0, 0]])
    seen = Nearest(nearest.ravel(), np.ones(16), np.ones(16))
    found = map_from(WHOLE, seen, 4, SURE, outside=nearest.ravel() < 0)
    by_name = {each.name: each for each in regions_of(found, ("a", "b", "c"))}
    assert {name: each.pieces for name, each in by_name.items()} == {"a": 2, "b": 1, "c": 1}
    assert by_name["c"].share == 4 / 14 and by_name["a"].largest == 3 / 5
    assert (by_name["c"].x, by_name["c"].y) in {
        (x, y) for x in (0.125, 0.375) for y in (0.625, 0.875)
    }


def test_nearest_says_little_half_way_and_far_from_all() -> None:
    classes = texts()
    doubt = doubt_of(classes)
    half = classes[0] + classes[1]
    found = nearest_classes(np.stack([classes[0], half, -classes.mean(0)]), classes)
    assert found.doubtful(doubt).tolist()[:2] == [False, True]
    assert found.far(doubt).tolist() == [False, False, True]
    random = np.random.default_rng(6).normal(size=(4000, 24))
    assert 0.93 < nearest_classes(random, classes).far(doubt).mean() < 0.97


def test_a_model_agrees_with_itself_and_shuffled_texts_agree_as_chance_says() -> None:
    classes = texts()
    chart, seen = plane_of(classes)
    turn = ortho_group.rvs(24, random_state=7)
    doubt = doubt_of(classes)
    same = same_plane_of(chart, seen.window, (classes @ turn)[:3], classes @ turn, 60, doubt)
    found = agreement_of(seen, same, 40)
    assert found.share == 1.0 and found.n == seen.n_places
    assert abs(found.shuffled.mean() - 1 / 40) < 0.01
    order = np.random.default_rng(8).permutation(40)
    mixed = same_plane_of(chart, seen.window, classes[:3], classes[order], 60, doubt)
    assert agreement_of(seen, mixed, 40).share < 0.2
    with pytest.raises(MismatchError, match="60 and 50 cells"):
        agreement_of(seen, plane_of(classes, 50)[1], 40)


def test_on_other_planes_other_classes_have_their_share() -> None:
    classes = texts()

    def of_classes(random: np.random.Generator) -> np.ndarray:
        return classes[random.choice(40, 3, replace=False)]

    shares = random_shares(of_classes, classes, half=1.0, n=20)
    assert shares.shape == (20, 40) and np.allclose(shares.sum(1), 1)
    # a class has a fortieth of them on average, though it has a third of its own plane
    assert shares.mean(0).max() < 0.2 < plane_of(classes)[1].shares(40)[0]
