"""Pixels: the same everywhere."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch

from neurons.drawn_world.drawing import Drawing, Painter, PlacedSprite
from neurons.drawn_world.scenes import Scene, training_scene
from neurons.drawn_world.sprites import Pictogram, raster
from neurons.miniature import UNSEEN, World


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


def test_a_picture_does_not_depend_on_the_others_of_its_batch() -> None:
    drawings = [scene.drawing for scene in scenes(70)]
    together = Painter().draw(drawings)
    painter = Painter()
    for i in (69, 31, 0):
        assert torch.equal(painter.draw([drawings[i]])[0], together[i])


@pytest.mark.skipif(shutil.which("g++") is None, reason="compiling on a CPU needs g++")
def test_compiled_drawing_gives_the_same_bytes() -> None:
    drawings = [scene.drawing for scene in scenes(40)]
    assert torch.equal(Painter(compiled=True).draw(drawings), Painter().draw(drawings))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_draws_the_same_bytes() -> None:
    drawings = [scene.drawing for scene in scenes(200)]
    assert torch.equal(Painter("cuda").draw(drawings).cpu(), Painter().draw(drawings))


def test_a_sprite_at_its_own_size_is_its_own_pixels() -> None:
    sprite = Pictogram("apple", "flat")
    pixels = raster(sprite).astype(int)
    image = Painter().draw([Drawing((0, 0, 0), (PlacedSprite(sprite, (48, 48)),))])[0]
    # on black, what is multiplied by alpha is what is seen; the sprite has a rim of one pixel
    assert np.array_equal(image.permute(1, 2, 0).numpy(), pixels[1:97, 1:97, :3])


def test_turning_by_a_quarter_turns_the_pixels() -> None:
    key = PlacedSprite(Pictogram("key", "silhouette"), (48, 48))
    upright, turned = Painter().cover([key, replace(key, degrees=90)]).numpy().astype(int)
    assert np.abs(np.rot90(upright, -1) - turned).mean() < 1
