"""A picture shows what it says, where it says it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from neurons.drawn_world.concepts import concept, concept_of_word
from neurons.drawn_world.items import RENDITIONS, WORD
from neurons.drawn_world.scenes import single
from neurons.errors import OptionError
from neurons.miniature import World


def test_every_concept_can_be_seen_in_every_rendition() -> None:
    world = World()
    random = Random(0)
    asked = [(name, rendition) for name in world.concepts for rendition in RENDITIONS]
    pictures = world.draw([single(name, rendition, random) for name, rendition in asked])
    for (name, rendition), picture in zip(asked, pictures, strict=True):
        (thing,) = picture.things
        left, top, right, bottom = thing.box
        assert right - left >= 12 and bottom - top >= 5, (name, rendition)
        inside = picture.pixels[top:bottom, left:right].reshape(-1, 3)
        assert np.ptp(inside, axis=0).max() > 40, (name, rendition)
        assert (thing.word != "") == (rendition == WORD)
        if rendition == WORD:
            assert concept_of_word(thing.word) == concept(name)


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


def test_what_does_not_exist_is_said() -> None:
    world = World()
    with pytest.raises(OptionError, match="no concept 'spidr'.*nearest: spider"):
        world.render("spidr", "flat", seed=0)
    with pytest.raises(OptionError, match="no rendition 'oil'; there are: flat, outline"):
        world.render("spider", "oil", seed=0)
