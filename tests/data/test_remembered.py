"""Remembered images show what the set shows, and are read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons.data.remembered import RememberedImages, SmallImages
from neurons.errors import BadImageError
from neurons.geometry import Box

LEFT = Box(0.0, 0.0, 0.5, 1.0)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    pixels = np.zeros((400, 600, 3), np.uint8)
    pixels[:, :300] = (200, 30, 30)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path


def test_a_small_copy_is_made_once_and_outlives_its_file(large: Path) -> None:
    images = neurons.images(large)
    seen = RememberedImages.of(images)
    assert seen.provenance() == images.provenance()
    first = seen.small(0)
    assert (first.encoded, first.width, first.height) == (images.small(0).encoded, 600, 400)
    assert not first.is_whole
    (large / "a.png").unlink()
    assert seen.small(0) is first
    with pytest.raises(BadImageError):
        images.small(0)


def test_parts_are_cut_from_originals_unless_small_copies_are_all_that_is_shown(
    large: Path,
) -> None:
    images = neurons.images(large)
    assert RememberedImages.of(images).part(0, LEFT) == images.part(0, LEFT) != b""
    assert SmallImages.of(images).part(0, LEFT) == b""
