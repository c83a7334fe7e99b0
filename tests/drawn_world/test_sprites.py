from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from neurons.drawn_world.drawing import Painter, PlacedSprite
from neurons.drawn_world.fonts import HELD_OUT, TRAINING, open_font
from neurons.drawn_world.sprites import (
    HATS,
    N_LIGHTS,
    RENDITIONS,
    TEXT_PX,
    Pictogram,
    Plate,
    Texture,
    Word,
    halved,
    raster,
)
from neurons.drawn_world.textures import SIZE_PX


@given(
    text=st.sampled_from(["money", "$$$", "piggy bank", "SPIDER", "q"]),
    font=st.sampled_from(TRAINING + HELD_OUT),
)
@settings(max_examples=25)
def test_a_written_word_is_the_one_that_pillow_draws(text: str, font: str) -> None:
    typeface = open_font(font, TEXT_PX)
    left, top, right, bottom = (int(edge) for edge in typeface.getbbox(text))
    expected = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(expected).text((-left, -top), text, font=typeface, fill=255)
    word = raster(Word(text, font))[1:-1, 1:-1, 3]
    assert np.array_equal(word, np.asarray(expected))
    # and on a picture: as wide as the picture is, it stands there unchanged
    drawn = Painter().cover([PlacedSprite(Word(text, font), (48, 48))])[0].numpy()
    high, wide = word.shape
    rows, columns = 48 - high // 2, 48 - wide // 2
    if wide <= 96 and wide % 2 == 0 and high % 2 == 0:
        there = drawn[rows : rows + high, columns : columns + wide].astype(int)
        # blending in 256ths may be off by one level
        assert np.abs(there - word).max() <= 1


@pytest.mark.parametrize(
    "sprite",
    [*(Pictogram("key", way) for way in RENDITIONS), Word("key", TRAINING[0]), Texture("dots-3"),
     Plate()],
)  # fmt: skip
def test_a_sprite_has_a_transparent_rim_and_no_colour_above_its_alpha(sprite: object) -> None:
    pixels = raster(sprite)  # type: ignore[arg-type]
    assert not pixels[[0, -1]].any() and not pixels[:, [0, -1]].any()
    assert (pixels[..., :3] <= pixels[..., 3:]).all() and pixels[..., 3].any()


def test_halving_gives_the_mean_of_four() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 10, 4), dtype=np.uint8)
    half = halved(pixels)[1:-1, 1:-1]
    assert half.shape == (3, 5, 4)
    for row in range(3):
        for column in range(5):
            block = pixels[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].reshape(4, 4)
            assert (half[row, column] == (block.astype(int).sum(0) + 2) // 4).all()


def test_an_outline_is_the_drawings_rim_and_a_silhouette_its_filling() -> None:
    flat, outline, shape = (raster(Pictogram("apple", way)) for way in RENDITIONS if way != "photo")
    # both are white and wait for their colour
    for white in (outline, shape):
        assert (white[..., :3] == white[..., 3:]).all()
    inside = flat[..., 3] == 255
    assert (outline[..., 3] > 128)[inside].mean() < 0.5 < (shape[..., 3] > 128)[inside].mean()
    # no colour of the drawing is left in either
    assert np.ptp(flat[..., :3].astype(int), axis=2).max() > 100


def test_a_hat_has_the_colour_that_was_asked_for() -> None:
    for colour, code in HATS.items():
        pixels = raster(Pictogram("builder", "flat", colour))[..., :3].reshape(-1, 3)
        ink = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)])
        assert (np.abs(pixels.astype(int) - ink).max(1) <= 1).sum() > 50, colour


def test_each_light_makes_another_photo_of_the_same_shape() -> None:
    photos = [raster(Pictogram("key", "photo", light=light)) for light in range(N_LIGHTS)]
    flat = raster(Pictogram("key", "flat"))
    for i, photo in enumerate(photos):
        assert (photo[..., 3] == flat[..., 3]).all()
        assert all((photo != other).any() for other in photos[:i])
    # an even light comes from the left, an odd one from the right
    left, right = slice(0, SIZE_PX // 2), slice(SIZE_PX // 2, SIZE_PX)
    from_left, from_right = (photo[..., 0].astype(int) for photo in photos[:2])
    difference = from_right - from_left
    assert difference[:, right].sum() > 0 > difference[:, left].sum()
