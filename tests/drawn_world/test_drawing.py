"""Pixels: the same everywhere, and where the truth says they are."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from neurons.drawn_world import sprites
from neurons.drawn_world.drawing import Canvas, Layer, Painter
from neurons.drawn_world.fonts import HELD_OUT, TRAINING, open_font
from neurons.drawn_world.scenes import Scene, single, training_scene
from neurons.drawn_world.sprites import TEXT_PX, Pictogram, Word, raster
from neurons.errors import OptionError
from neurons.miniature import UNSEEN, World

WHITE = (255, 255, 255)


def scenes(n: int, seed: int = 0) -> list[Scene]:
    random = Random(seed)
    return [training_scene(random) for _ in range(n)]


def test_the_same_seed_gives_the_same_bytes_on_every_machine() -> None:
    # written down once; another value means that pictures differ from those of other machines
    world, digest = World(), hashlib.sha256()
    for name, rendition in [
        ("finance", "flat"),
        ("spider", "photo"),
        ("winter", "outline"),
        ("bored", "silhouette"),
        ("piggy bank", "word"),
    ]:
        digest.update(world.render(name, rendition, seed=7).pixels.tobytes())
        digest.update(world.render(name, rendition, seed=8, look=UNSEEN).pixels.tobytes())
    assert digest.hexdigest()[:16] == "00e2860e4da1e921"


def test_a_picture_does_not_depend_on_its_neighbours_in_the_batch() -> None:
    canvases = [scene.canvas for scene in scenes(70)]
    together = Painter().draw(canvases)
    painter = Painter()
    for i in (69, 31, 0):
        assert torch.equal(painter.draw([canvases[i]])[0], together[i])


@pytest.mark.skipif(shutil.which("g++") is None, reason="compiling on a CPU needs g++")
def test_compiled_drawing_gives_the_same_bytes() -> None:
    canvases = [scene.canvas for scene in scenes(40)]
    assert torch.equal(Painter(compiled=True).draw(canvases), Painter().draw(canvases))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_draws_the_same_bytes() -> None:
    canvases = [scene.canvas for scene in scenes(200)]
    assert torch.equal(Painter("cuda").draw(canvases).cpu(), Painter().draw(canvases))


def test_a_sprite_at_its_own_size_is_its_own_pixels() -> None:
    sprite = Pictogram("apple", "flat")
    pixels = raster(sprite).astype(int)
    image = Painter().draw([Canvas((0, 0, 0), (Layer(sprite, (48, 48)),))])[0]
    # on black, what is multiplied by alpha is what is seen; the sprite has a rim of one pixel
    assert np.array_equal(image.permute(1, 2, 0).numpy(), pixels[1:97, 1:97, :3])


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
    drawn = Painter().cover([Layer(Word(text, font), (48, 48))])[0].numpy()
    high, wide = word.shape
    rows, columns = 48 - high // 2, 48 - wide // 2
    if wide <= 96 and wide % 2 == 0 and high % 2 == 0:
        there = drawn[rows : rows + high, columns : columns + wide].astype(int)
        # blending in 256ths may be off by one level
        assert np.abs(there - word).max() <= 1


@pytest.mark.parametrize("seed", range(12))
def test_boxes_are_where_the_pixels_change(seed: int) -> None:
    random = Random(seed)
    world = World()
    name = random.choice(list(world.concepts))
    for rendition in ("flat", "outline", "silhouette", "word"):
        scene = single(name, rendition, random)
        (picture,) = world.draw([scene])
        (thing,) = picture.things
        # what lets neither a black nor a white ground through is there, whatever its colour
        black, white = (
            shown.pixels.astype(int)
            for shown in world.draw(
                [replace(scene, background=(), ground=(grey,) * 3) for grey in (0, 255)]
            )
        )
        covered = 255 - (white - black)[..., 1]
        rows, columns = np.nonzero(covered >= 64)
        assert thing.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_turning_by_a_quarter_turns_the_pixels() -> None:
    layer = Layer(Pictogram("key", "silhouette"), (48, 48))
    upright, turned = Painter().cover([layer, replace(layer, degrees=90)]).numpy().astype(int)
    assert np.abs(np.rot90(upright, -1) - turned).mean() < 1


def test_words_of_held_out_typefaces_are_in_no_training_picture() -> None:
    sprites_seen = [layer.sprite for scene in scenes(400) for layer in scene.canvas.layers]
    words = [sprite for sprite in sprites_seen if isinstance(sprite, Word)]
    textures = [s.name for s in sprites_seen if isinstance(s, sprites.Texture)]
    assert len(words) > 100 and len(textures) > 100
    assert not {word.font for word in words} & set(HELD_OUT)
    assert not set(textures) & set(sprites.HELD_OUT_TEXTURES)


def test_a_typeface_that_the_world_lacks_is_named() -> None:
    with pytest.raises(OptionError, match="no typeface 'Arial'.*SourceSansPro-Regular"):
        open_font("Arial", 20)
