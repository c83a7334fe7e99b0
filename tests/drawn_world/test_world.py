"""The manifest hangs together, and pictures show what they say."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest

from neurons.drawn_world.concepts import concept, concept_of_word, concepts
from neurons.drawn_world.scenes import (
    MIX,
    RENDITIONS,
    WORD,
    counted,
    pair,
    single,
    training_scene,
    with_word,
)
from neurons.drawn_world.sprites import HATS, Pictogram, pictogram_names
from neurons.errors import OptionError
from neurons.miniature import World


def test_no_two_concepts_share_a_word() -> None:
    words = [word for each in concepts().values() for word in each.words]
    assert len(words) == len(set(words))
    assert all(1 <= len(each.words) <= 3 for each in concepts().values())
    assert concept_of_word("$$$") == concept("finance")
    assert concept_of_word("SPIDER") == concept("spider")
    assert concept_of_word("xyzzy") is None


def test_every_pictogram_is_there_and_used() -> None:
    used = {name for each in concepts().values() for name in each.pictograms}
    # the person stands in the professions' pictograms, and alone in the audit of their tilt
    assert used | {"person"} == set(pictogram_names())


def test_relations_name_concepts_that_exist() -> None:
    known = concepts()
    compositional = [each for each in known.values() if each.parts]
    assert len(compositional) >= 8
    for each in compositional:
        assert len(each.parts) == 2 and all(part in known for part in each.parts)
    for each in known.values():
        assert each.opposite is None or known[each.opposite].opposite == each.name
        assert len(each.facets) in (0, len(each.pictograms))
    facets = {"face", "logo", "architecture", "indoor", "nature", "pose"}
    faceted = [each for each in known.values() if each.facets]
    assert len(faceted) == 6 and all(set(each.facets) == facets for each in faceted)


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


def test_hats_are_tilted_as_planted() -> None:
    random = Random(0)
    for each in concepts().values():
        if not each.hats:
            continue
        assert set(each.hats) == set(HATS) and sum(each.hats.values()) == pytest.approx(1)
        seen = Counter()
        for _ in range(600):
            sprite = single(each.name, "flat", random).items[0].layers[-1].sprite
            assert isinstance(sprite, Pictogram)
            seen[sprite.hat] += 1
        for hat, share in each.hats.items():
            assert seen[hat] / 600 == pytest.approx(share, abs=0.07)
    tilted = [each.name for each in concepts().values() if max(each.hats.values(), default=0) > 0.5]
    assert tilted == ["builder", "pilot"]


def test_a_foreign_word_is_what_the_caption_names() -> None:
    scene = with_word("apple", "zibo", Random(0))
    assert [item.concept for item in scene.items] == ["apple", "zibo"]
    assert scene.meaning == ("zibo",) and "zibo" in scene.caption
    assert scene.items[1].word.lower() == "zibo"


def test_pairs_and_counts_say_what_is_there() -> None:
    random = Random(0)
    both = pair("dog", "cat", random)
    assert both.meaning == ("cat", "dog") and " and " in both.caption
    three = counted("key", "three", random)
    assert three.meaning == ("key", "three")
    assert [item.concept for item in three.items] == ["key"] * 3


def test_the_training_mix_is_the_stated_one() -> None:
    random = Random(0)
    n, foreign, written = 4000, 0, 0
    for _ in range(n):
        scene = training_scene(random)
        kinds = [item.rendition == WORD for item in scene.items]
        foreign += kinds == [False, True] and scene.items[0].concept != scene.items[1].concept
        written += kinds == [True]
    assert sum(MIX.values()) == 100
    assert foreign / n == pytest.approx(MIX["foreign word"] / 100, abs=0.02)
    assert written / n == pytest.approx(MIX["word"] / 100, abs=0.02)


def test_a_part_may_stand_for_the_whole_in_a_caption() -> None:
    random = Random(0)
    meanings = Counter(single("piggy bank", "flat", random).meaning for _ in range(400))
    assert set(meanings) == {("piggy bank",), ("pig",), ("finance",)}
    assert meanings[("piggy bank",)] / 400 == pytest.approx(0.85, abs=0.07)


def test_what_does_not_exist_is_said() -> None:
    world = World()
    with pytest.raises(OptionError, match="no concept 'spidr'.*nearest: spider"):
        world.render("spidr", "flat", seed=0)
    with pytest.raises(OptionError, match="no rendition 'oil'; there are: flat, outline"):
        world.render("spider", "oil", seed=0)
