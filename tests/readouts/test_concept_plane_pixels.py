"""A plane of pixels goes through its images, and says where it leaves black and white."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurons import Clip
from neurons.errors import OptionError
from neurons.readouts.concept_plane_map import Doubt
from neurons.readouts.concept_plane_pixels import pixel_chart, pixel_map, shuffled_pixels

NAMES = ("a", "b", "c")


def images(seed: int = 0, size: int = 8) -> torch.Tensor:
    random = np.random.default_rng(seed)
    return torch.from_numpy(random.integers(0, 256, (3, 3, size, size)).astype(np.uint8))


def test_the_plane_goes_through_its_images_to_the_pixel() -> None:
    three = images()
    chart = pixel_chart(three, NAMES)
    seen, clipped = chart.images(chart.places)
    assert torch.equal(seen, three) and clipped.max() == 0
    first, second = three[:2].reshape(2, -1).double()
    apart = float(((first - second) ** 2).mean().sqrt())
    assert np.isclose(np.linalg.norm(chart.places[0] - chart.places[1]), apart)
    # half way between two images is their mean
    half, _ = chart.images(chart.places[:2].mean(0, keepdims=True))
    assert (half[0].reshape(-1).double() - (first + second) / 2).abs().max() <= 0.51


def test_points_beyond_black_and_white_are_marked() -> None:
    chart = pixel_chart(images(), NAMES)
    centre, beyond = np.zeros((1, 2)), 4 * chart.places[:1]
    _, clipped = chart.images(np.concatenate([centre, beyond]))
    assert clipped[0] == 0 and clipped[1] > 0.3


def test_shuffling_keeps_the_plane_and_nothing_to_see() -> None:
    three = images()
    mixed = shuffled_pixels(three, 0)
    assert not torch.equal(mixed, three)
    assert np.allclose(pixel_chart(mixed, NAMES).places, pixel_chart(three, NAMES).places)


def test_equal_images_and_images_on_a_line_are_refused() -> None:
    three = images()
    with pytest.raises(OptionError, match="a and c are the same image"):
        pixel_chart(three[[0, 1, 0]], NAMES)
    levels = torch.tensor([10, 50, 90], dtype=torch.uint8).view(3, 1, 1, 1)
    with pytest.raises(OptionError, match="on one line of pixel space"):
        pixel_chart(levels.expand(3, 3, 8, 8), NAMES)


def test_the_map_answers_what_the_model_answers(planted: Clip) -> None:
    three = images(size=planted.preprocess.size[0])
    directions = np.random.default_rng(1).normal(size=(5, 16))
    chart = pixel_chart(three, NAMES)
    found = pixel_map(planted, chart, chart.window(), directions, 8, Doubt(0.0, -1.0))
    places = chart.window().grid(8)
    pixels, cut = chart.images(places)
    embedded = planted.embed_images(pixels).numpy()
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    assert np.array_equal(found.nearest.ravel(), (embedded @ units.T).argmax(1))
    assert np.array_equal(found.clipped.ravel(), cut)
