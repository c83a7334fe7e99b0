from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from neurons.drawn_world.concepts import concept
from neurons.drawn_world.fonts import HELD_OUT
from neurons.drawn_world.items import WORD
from neurons.drawn_world.scenes import (
    MIX,
    Scene,
    counted,
    pair,
    single,
    training_scene,
    with_word,
)
from neurons.drawn_world.sprites import Texture, Word
from neurons.drawn_world.textures import HELD_OUT_TEXTURES


def scenes(n: int, seed: int = 0) -> list[Scene]:
    random = Random(seed)
    return [training_scene(random) for _ in range(n)]


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


def test_words_of_held_out_typefaces_are_in_no_training_picture() -> None:
    sprites_seen = [placed.sprite for scene in scenes(400) for placed in scene.drawing.sprites]
    words = [sprite for sprite in sprites_seen if isinstance(sprite, Word)]
    textures = [s.name for s in sprites_seen if isinstance(s, Texture)]
    assert len(words) > 100 and len(textures) > 100
    assert not {word.font for word in words} & set(HELD_OUT)
    assert not set(textures) & set(HELD_OUT_TEXTURES)


def test_a_caption_holds_a_word_of_every_concept_that_it_means() -> None:
    for scene in scenes(300, seed=4):
        for name in scene.meaning:
            if name in ("two", "three"):
                continue
            assert any(word in scene.caption for word in concept(name).words), scene.caption


def test_what_is_drawn_is_the_background_below_the_items_in_their_order() -> None:
    scene = with_word("apple", "zibo", Random(2))
    assert scene.drawing.ground == scene.ground
    assert scene.drawing.sprites == (
        *scene.background, *scene.items[0].sprites, *scene.items[1].sprites
    )  # fmt: skip
    assert scene.drawing.sprites[-1].sprite.text == scene.items[1].word
