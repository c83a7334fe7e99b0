from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from neurons.drawn_world.concepts import concept_of_word, concepts
from neurons.drawn_world.items import SEEN, UNSEEN, background_of, drawn_item, written_item
from neurons.drawn_world.scenes import single
from neurons.drawn_world.sprites import HATS, Pictogram, Plate, Texture, Word


def test_hats_are_tilted_as_planted() -> None:
    random = Random(0)
    for each in concepts().values():
        if not each.hats:
            continue
        assert set(each.hats) == set(HATS) and sum(each.hats.values()) == pytest.approx(1)
        seen = Counter()
        for _ in range(600):
            sprite = single(each.name, "flat", random).items[0].sprites[-1].sprite
            assert isinstance(sprite, Pictogram)
            seen[sprite.hat] += 1
        for hat, share in each.hats.items():
            assert seen[hat] / 600 == pytest.approx(share, abs=0.07)
    tilted = [each.name for each in concepts().values() if max(each.hats.values(), default=0) > 0.5]
    assert tilted == ["builder", "pilot"]


def grey(colour: tuple[int, int, int]) -> float:
    return (77 * colour[0] + 150 * colour[1] + 29 * colour[2]) / 256


def test_ink_stands_out_from_its_ground() -> None:
    for seed in range(100):
        random = Random(seed)
        ground = (random.randint(0, 255),) * 3
        word = written_item("zibo", (48, 48), 60, ground, random, SEEN, height_px=20)
        line = drawn_item("apple", "outline", (48, 48), 60, ground, random)
        for item in (word, line):
            assert abs(grey(item.sprites[-1].colour) - grey(ground)) >= 89


def test_a_word_on_paper_stands_out_from_the_paper_not_from_the_ground() -> None:
    item = written_item("zibo", (48, 48), 60, (0, 0, 0), Random(3), SEEN, height_px=20, plate=True)
    *paper, word = item.sprites
    assert paper and all(isinstance(sheet.sprite, Plate) for sheet in paper)
    assert grey(word.colour) <= grey(paper[0].colour) - 89
    assert item.word == word.sprite.text and concept_of_word(item.word) is not None


def test_only_a_photo_has_a_shadow_black_and_half_seen() -> None:
    for rendition, n in (("flat", 1), ("outline", 1), ("silhouette", 1), ("photo", 2)):
        item = drawn_item("key", rendition, (48, 48), 60, (128,) * 3, Random(0))
        assert len(item.sprites) == n
    shadow, thing = item.sprites
    assert shadow.colour == (0, 0, 0) and shadow.opacity < 128
    assert (shadow.zoom, shadow.degrees) == (thing.zoom, thing.degrees)
    assert shadow.centre != thing.centre


def test_typefaces_and_backgrounds_are_those_of_the_look() -> None:
    for look, other in ((SEEN, UNSEEN), (UNSEEN, SEEN)):
        random = Random(1)
        fonts, textures = Counter(), Counter()
        for _ in range(300):
            word = written_item("zibo", (48, 48), 60, (9, 9, 9), random, look, height_px=20)
            assert isinstance(word.sprites[-1].sprite, Word)
            fonts[word.sprites[-1].sprite.font] += 1
            for placed in background_of(random, look)[1]:
                assert isinstance(placed.sprite, Texture)
                textures[placed.sprite.name] += 1
        assert set(fonts) == set(look.fonts) and not set(fonts) & set(other.fonts)
        assert set(textures) <= set(look.textures) and len(textures) > 10
        # three pictures in ten have a plain ground
        assert sum(textures.values()) / 300 == pytest.approx(0.7, abs=0.08)


@pytest.mark.parametrize("corner", [(0, 0), (96, 0), (0, 96), (96, 96)])
def test_a_word_near_the_edge_is_moved_onto_the_picture(corner: tuple[int, int]) -> None:
    random = Random(0)
    for _ in range(20):
        item = written_item("zibo", corner, 60, (9, 9, 9), random, UNSEEN, height_px=20)
        x, y = item.sprites[-1].centre
        assert 10 < x < 86 and 4 < y < 92
