"""A thumbnail is small, keeps the picture, and holds nothing else of the file."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from neurons.data.thumbnails import thumbnail


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_the_longer_side_is_cut_down_and_the_shape_kept() -> None:
    found = decoded(thumbnail(np.full((600, 300, 3), 90, np.uint8)))
    assert (found.format, found.size) == ("WEBP", (112, 224))


def test_a_small_picture_keeps_every_pixel() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(decoded(thumbnail(pixels)).convert("RGB")), pixels)


def test_a_large_one_stays_near_it() -> None:
    ramp = np.linspace(0, 255, 448).astype(np.uint8)
    pixels = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (448, 448, 3)))
    found = np.asarray(decoded(thumbnail(pixels)).convert("RGB"), float)
    assert np.abs(found.mean((0, 2)) - ramp.reshape(224, 2).mean(1)).max() < 4


def test_nothing_but_pixels_goes_in() -> None:
    found = decoded(thumbnail(np.zeros((10, 10, 3), np.uint8)))
    assert not found.getexif() and not {"icc_profile", "exif", "xmp"} & set(found.info)
