"""A plane tells what warns of it first, and places images, pictures and controls on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Clip, ConceptPlane
from neurons.errors import MismatchError, OptionError
from neurons.readouts.concept_plane_anchors import Anchor
from neurons.readouts.concept_plane_pictures import PointPicture, SeenImages
from neurons.readouts.readout import ZeroShot

CLASSES = ("red", "green", "blue", "cat", "dog", "spider", "house", "tree")


@pytest.fixture(scope="module")
def readout(planted: Clip) -> ZeroShot:
    return neurons.zero_shot(planted, CLASSES, templates=("{}", "a photo of a {}"))


@pytest.fixture(scope="module")
def seen(planted: Clip, pictures: Path) -> SeenImages:
    return neurons.embedded_images(planted, neurons.images(pictures), n=20)


def texts(clip: Clip, readout: ZeroShot, *names: str) -> list[Anchor]:
    return [neurons.text_anchor(clip, readout, name) for name in names]


def test_texts_answer_themselves_also_those_that_are_no_class(
    planted: Clip, readout: ZeroShot, seen: SeenImages, tmp_path: Path
) -> None:
    anchors = texts(planted, readout, "cat", "dog", "a stormy night")
    found = neurons.concept_plane(planted, anchors, readout, side=30, zoom=2, seen=seen, seed=1)
    assert found.class_names == (*CLASSES, "a stormy night")
    assert [each.answer for each in found.anchors] == ["cat", "dog", "a stormy night"]
    assert found.warning == "" and not found.verdict().startswith("The anchors")
    assert sum(row["share"] for row in found.rows()) == pytest.approx(1)
    # a class stands where its sentences do on average, another text where it is written
    assert "2 sentences" in found.anchors[0].told and not found.anchors[2].told
    assert found.fallen is not None and found.fallen.n == len(seen) == 20
    least, median, most = found.fallen.quantiles
    assert 0 < least <= median <= most < np.pi / 2
    names = [each.name for each in found.samples]
    assert names == ["real images", "like the images", "like the class texts", "uniform"]
    assert all(each.shape == (50, 9) for each in found.other_planes.values())
    found.save(tmp_path)
    again = ConceptPlane.load(tmp_path)
    assert again.verdict() == found.verdict()
    assert np.array_equal(again.plane.nearest, found.plane.nearest)


def test_walks_begin_and_end_at_the_anchors(planted: Clip, readout: ZeroShot) -> None:
    found = neurons.concept_plane(
        planted, texts(planted, readout, "cat", "dog", "tree"), readout, side=20
    )
    assert [each.title for each in found.walks] == ["cat to dog", "dog to tree", "tree to cat"]
    for walk in found.walks:
        first, last = walk.title.split(" to ")
        assert (walk.stops[0], walk.stops[-1]) == (walk.parts[0].name, walk.parts[-1].name)
        assert (walk.stops[0], walk.stops[-1]) == (first, last)
        assert walk.parts[0].begins == 0 and walk.parts[-1].ends == 1


def test_anchors_of_several_kinds_are_warned_of_before_all_else(
    planted: Clip, readout: ZeroShot, pictures: Path
) -> None:
    shown = neurons.images(pictures)
    anchors = [
        *texts(planted, readout, "cat", "dog"),
        neurons.image_anchor(planted, shown, shown.ids[0]),
    ]
    found = neurons.concept_plane(planted, anchors, readout, side=20, zoom=0)
    assert found.verdict().startswith("The anchors are of several kinds (text, image)")
    assert "modality gap" in found.verdict()


def test_pictures_come_from_whatever_gives_one_at_an_embedding(
    planted: Clip, readout: ZeroShot
) -> None:
    asked: list[np.ndarray] = []

    def painter(points: np.ndarray) -> list[PointPicture]:
        asked.append(points)
        return [PointPicture(b"picture", f"point {i}") for i in range(len(points))]

    found = neurons.concept_plane(
        planted,
        texts(planted, readout, "cat", "dog", "tree"),
        readout,
        side=20,
        zoom=2,
        picture_at=painter,
        pictures=3,
    )
    assert [len(each) for each in asked] == [9, 12, 16]
    assert np.allclose(np.linalg.norm(asked[0], axis=1), 1)
    assert [each.told for each in found.pictures] == [f"point {i}" for i in range(9)]
    # the middle picture of three by three stands in the middle
    assert abs(found.pictures[4].x) < 1e-9 and abs(found.pictures[4].y) < 1e-9


def test_a_model_agrees_with_itself_on_every_plane(planted: Clip, readout: ZeroShot) -> None:
    anchors = texts(planted, readout, "cat", "dog", "tree")
    found = neurons.plane_agreement(planted, anchors, readout, planted, anchors, readout, side=30)
    assert found.agreement.share == 1.0 and set(found.elsewhere) == {1.0}
    assert found.verdict().startswith(f"{planted.name} and {planted.name} give 100.0%")
    other = neurons.zero_shot(planted, CLASSES[::-1])
    with pytest.raises(MismatchError, match="classes of the two models differ"):
        neurons.plane_agreement(planted, anchors, readout, planted, anchors, other)


def test_attractors_are_images_that_their_class_comes_back_to(
    planted: Clip, readout: ZeroShot, seen: SeenImages
) -> None:
    anchors = texts(planted, readout, "cat", "dog", "tree")
    found = neurons.attractor_map(planted, anchors, readout, seen, side=20)
    assert sum(each.share for each in found.attractors) == pytest.approx(1)
    ids = [seen.name(i) for i in range(len(seen))]
    for each in found.attractors:
        own = readout.directions @ seen.embeddings[ids.index(each.name)]
        assert CLASSES[int(own.argmax())] == each.said
    assert found.steps.min() >= 1
    assert "uniformly" in found.verdict()


def test_a_pixel_plane_names_its_regions_beside_shuffled_pixels(
    planted: Clip, readout: ZeroShot, pictures: Path
) -> None:
    shown = neurons.images(pictures)
    pixels = [shown.pixels(i) for i in (0, 12, 25)]
    found = neurons.pixel_plane(planted, pixels, ["a", "b", "c"], readout, side=8, zoom=1)
    assert len(found.zooms) == 1 and found.plane.n_places == 64
    assert found.n_pieces >= len(found.rows()) >= 1
    assert "connected regions" in found.verdict() and "random order" in found.verdict()
    with pytest.raises(OptionError, match="a and b are the same image"):
        neurons.pixel_plane(planted, [pixels[0]] * 3, ["a", "b", "c"], readout, side=8)
