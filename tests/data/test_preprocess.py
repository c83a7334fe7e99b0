"""The network sees what open_clip would show it, and a box finds its way back to the image."""

from __future__ import annotations

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from neurons.data.preprocess import Preprocess, crop
from neurons.errors import OptionError
from neurons.geometry import Box
from neurons.network.building import preprocess_of as preprocess_of_network

SIZES = [(64, 64), (96, 96), (333, 200), (77, 401), (97, 95)]


def preprocess_of(
    mode: str, interpolation: str, size: int | tuple[int, int] = 96
) -> tuple[Preprocess, object]:
    config = {"size": size, "interpolation": interpolation, "resize_mode": mode}
    visual = torch.nn.Module()
    visual.preprocess_cfg = config
    network = torch.nn.Module()
    network.visual = visual
    settings = open_clip.transform.PreprocessCfg(**config)
    transform = open_clip.transform.image_transform_v2(settings, is_train=False)
    return preprocess_of_network(network), transform


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("mode", ["squash", "shortest", "longest"])
def test_the_input_is_open_clips_to_the_bit(mode: str, interpolation: str) -> None:
    preprocess, transform = preprocess_of(mode, interpolation)
    rng = np.random.default_rng(0)
    for width, height in SIZES:
        image = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        batch = preprocess.empty_batch(2)
        batch.permute(0, 2, 3, 1).numpy()[1] = preprocess.pixels(image)
        assert torch.equal(preprocess.normalise(batch)[1], transform(image)), (width, height)


@pytest.mark.parametrize("mode", ["squash", "shortest", "longest"])
@pytest.mark.parametrize("size", [(400, 400), (600, 300), (300, 500)])
def test_a_mark_found_in_the_input_is_boxed_on_the_image(mode: str, size: tuple[int, int]) -> None:
    preprocess, _ = preprocess_of(mode, "bilinear")
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    # near the centre, so that no mode crops it away
    left, top = int(width * 0.45), int(height * 0.6)
    pixels[top : top + 16, left : left + 16] = 255
    seen = preprocess.pixels(Image.fromarray(pixels))[:, :, 0]
    ys, xs = np.nonzero(seen > 127)
    in_input = Box(xs.min() / 96, ys.min() / 96, (xs.max() + 1) / 96, (ys.max() + 1) / 96)
    found = preprocess.on_image(in_input, width=width, height=height)
    pixel = 1.5 * max(width, height) / 96  # the input's own resolution
    assert found.left * width == pytest.approx(left, abs=pixel)
    assert found.right * width == pytest.approx(left + 16, abs=pixel)
    assert found.top * height == pytest.approx(top, abs=pixel)
    assert found.bottom * height == pytest.approx(top + 16, abs=pixel)


@pytest.mark.parametrize("mode", ["squash", "shortest", "longest"])
def test_an_input_that_is_not_square_keeps_its_height_and_width_apart(mode: str) -> None:
    # 64 px high and 128 px wide: a mark keeps its place down and across
    preprocess, transform = preprocess_of(mode, "bilinear", (64, 128))
    assert preprocess.empty_batch(2).shape == (2, 3, 64, 128)
    pixels = np.zeros((400, 500, 3), np.uint8)
    pixels[210:240, 300:330] = 255
    image = Image.fromarray(pixels)
    shown = preprocess.pixels(image)
    assert shown.shape == (64, 128, 3) and transform(image).shape == (3, 64, 128)
    ys, xs = np.nonzero(shown[:, :, 0] > 127)
    in_input = Box(xs.min() / 128, ys.min() / 64, (xs.max() + 1) / 128, (ys.max() + 1) / 64)
    found = preprocess.on_image(in_input, width=500, height=400)
    assert found.left * 500 == pytest.approx(300, abs=9)
    assert found.right * 500 == pytest.approx(330, abs=9)
    assert found.top * 400 == pytest.approx(210, abs=9)
    assert found.bottom * 400 == pytest.approx(240, abs=9)


def test_a_box_over_the_edge_is_clipped_to_the_image() -> None:
    preprocess, _ = preprocess_of("squash", "bilinear")
    assert preprocess.on_image(Box(-0.3, 0.2, 1.4, 0.5), width=10, height=10) == Box(0, 0.2, 1, 0.5)


def test_a_crop_holds_at_least_a_pixel() -> None:
    pixels = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    assert crop(pixels, Box(0.2, 0.3, 0.5, 0.6)).shape == (3, 3, 3)
    for box in (Box(0.5, 0.5, 0.5, 0.5), Box(1, 1, 1, 1), Box(0, 0, 0, 0)):
        assert crop(pixels, box).shape == (1, 1, 3)


def test_a_run_keeps_the_geometry_and_says_that_it_cannot_resize() -> None:
    preprocess, _ = preprocess_of("longest", "bicubic")
    kept = Preprocess.from_provenance(preprocess.provenance())
    assert kept == preprocess
    with pytest.raises(OptionError, match="load the model"):
        kept.pixels(Image.new("RGB", (3, 3)))
