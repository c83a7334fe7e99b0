"""Points come to rest where image and class name each other, and steps are counted."""

from __future__ import annotations

import numpy as np

from neurons.data.images import ImageSet
from neurons.readouts.concept_plane_attractors import image_and_word, settle
from neurons.readouts.concept_plane_pictures import SeenImages


def _seen(embeddings: np.ndarray) -> SeenImages:
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    # no picture is looked at
    nothing: ImageSet = None  # type: ignore[assignment]
    return SeenImages(nothing, np.arange(len(units)), units.astype(np.float32))


def test_a_chain_of_images_and_classes_is_followed_to_its_end() -> None:
    def at(degrees: float) -> list[float]:
        return [np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]

    # an image is seen as a class that has a nearer image, and so on; the last two name each other
    images, classes = _seen(np.array([at(0), at(17), at(28)])), np.array([at(9), at(23), at(27)])
    found = settle(np.array([at(-20), at(14), at(40)]), image_and_word(images, classes))
    assert found.at.tolist() == [2, 2, 2]
    assert found.steps.tolist() == [3, 2, 1]


def test_every_point_settles_and_its_image_is_the_nearest_of_its_class() -> None:
    random = np.random.default_rng(0)
    images, classes = _seen(random.normal(size=(60, 8))), random.normal(size=(20, 8))
    found = settle(random.normal(size=(300, 8)), image_and_word(images, classes))
    assert (found.at >= 0).all() and found.steps.max() <= 20
    units = classes / np.linalg.norm(classes, axis=1, keepdims=True)
    for image in np.unique(found.at):
        said = (images.embeddings[image] @ units.T).argmax()
        assert (images.embeddings @ units[said]).argmax() == image


def test_what_goes_round_does_not_settle() -> None:
    def way(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        here = points[:, 0].astype(np.intp)
        return here, (points + 1) % 3

    found = settle(np.zeros((2, 1)), way, most=7)
    assert found.at.tolist() == [-1, -1] and found.steps.tolist() == [7, 7]
