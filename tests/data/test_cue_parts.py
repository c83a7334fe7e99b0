"""Is a shape without its texture, and a texture without its shape?"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from neurons.data.cue_parts import (
    edges,
    patches,
    silhouette,
    spectrum,
    under_edges,
    under_silhouette,
)
from neurons.data.decoding import Pixels
from neurons.errors import BadImageError

SIDE = 64


def ring(*, fill: str | None, open_: bool = False, ground: int = 255) -> Pixels:
    """A circle of radius 20 around the middle, drawn as a line or filled."""
    image = Image.new("RGB", (SIDE, SIDE), (ground,) * 3)
    pen = ImageDraw.Draw(image)
    if open_:
        pen.arc((12, 12, 52, 52), 0, 270, fill="black", width=2)
    else:
        pen.ellipse((12, 12, 52, 52), outline="black", fill=fill, width=2)
    return np.asarray(image)


@pytest.mark.parametrize("fill", [None, "black", "red"])
def test_an_outline_is_filled_like_a_silhouette(fill: str | None) -> None:
    cover = silhouette(ring(fill=fill), SIDE)
    assert cover[32, 32] == 1 and cover[4, 4] == 0
    assert cover.mean() == pytest.approx(np.pi * 20**2 / SIDE**2, rel=0.06)


@pytest.mark.parametrize(
    ("pixels", "told"),
    [
        (np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8), "not plain"),
        (np.full((SIDE, SIDE, 3), 200, np.uint8), "0% of it differs"),
        (ring(fill=None, open_=True), "enclose nothing"),
    ],
)
def test_what_has_no_outline_is_refused(pixels: Pixels, told: str) -> None:
    with pytest.raises(BadImageError, match=told):
        silhouette(pixels, SIDE)


def test_edges_are_lines_where_the_picture_changes() -> None:
    lines = edges(ring(fill="black"), SIDE)
    assert lines[32, 12] == 1 and lines[32, 32] == 0 and lines[2, 2] == 0
    assert set(np.unique(lines)) == {0, 1} and lines.mean() < 0.2
    with pytest.raises(BadImageError, match="no edges"):
        edges(np.full((SIDE, SIDE, 3), 7, np.uint8), SIDE)


def test_patches_are_of_the_picture_and_in_another_order() -> None:
    # every pixel tells its place
    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    pixels = np.stack([across, down, np.zeros_like(across)], 2).astype(np.uint8)
    found = patches(pixels, SIDE, np.random.default_rng(0))
    cell = found[:8, :8].astype(int)
    assert np.array_equal(cell - cell[0, 0], pixels[:8, :8])
    corners = {tuple(found[8 * i, 8 * k]) for i in range(8) for k in range(8)}
    assert len(corners) > 40 and np.ptp(found[..., 0]) < SIDE


def test_a_spectrum_keeps_the_colours_mean_and_no_place() -> None:
    pixels = ring(fill="red", ground=128)
    made = [spectrum(pixels, SIDE, np.random.default_rng(i)) for i in range(24)]
    assert np.abs(made[0].mean((0, 1)) - pixels.mean((0, 1))).max() < 12
    assert np.std(made[0]) > 0.7 * np.std(pixels)
    # over many, no place is redder than another
    assert np.mean(made, axis=0)[..., 1].std() < 0.4 * pixels[..., 1].std()


def test_a_texture_lies_inside_a_silhouette_or_under_edges() -> None:
    texture = np.full((SIDE, SIDE, 3), (0, 90, 200), np.uint8)
    filled = under_silhouette(silhouette(ring(fill=None), SIDE), texture)
    assert tuple(filled[32, 32]) == (0, 90, 200) and tuple(filled[2, 2]) == (255, 255, 255)
    drawn = under_edges(edges(ring(fill="black"), SIDE), texture)
    assert tuple(drawn[32, 12]) == (0, 0, 0) and tuple(drawn[2, 2]) == (0, 90, 200)
