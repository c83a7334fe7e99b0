"""The units that read come first, and the smallest set that mends is found at no hidden cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurons import Clip
from neurons.attacks.frontier import (
    Aim,
    FrontierPoint,
    WrongWords,
    best_point,
    chosen_set,
    points_table,
    sizes_to_try,
)
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.attacks.sample import Sample
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.readouts.readout import ZeroShot
from neurons.stats import Share
from tests.glyphs import (
    BANK,
    GLYPHS,
    LETTERS,
    N_NOISE,
    glyph_reader,
    plain_pictures,
    probe_of,
)

# a planted reader's classes are called by their glyphs, so that their names are what is written
NAMED = ZeroShot(("thing", *GLYPHS), np.eye(1 + len(GLYPHS), dtype=np.float32), scale=10.0)


@pytest.fixture(scope="module")
def attack(planted: Clip, tmp_path_factory: pytest.TempPathFactory):
    clip = glyph_reader(planted)
    images = plain_pictures(tmp_path_factory.mktemp("plain") / "pictures")
    with open_editable(clip, [BANK], readouts=[NAMED]) as network:
        yield RepeatableAttack(network, Sample().of(images, clip), LETTERS, {"readout": NAMED})


def point(layer: str, size: int, fooled: int, right: int, despite: int = 0) -> FrontierPoint:
    return FrontierPoint(layer, size, Share(fooled, 100), Share(right, 100), Share(despite, 100))


def test_the_smallest_set_that_does_it_is_taken_and_no_set_that_costs_too_much() -> None:
    whole = point("a", 0, 90, 99)
    half, enough, more = point("a", 8, 40, 99, 30), point("a", 16, 9, 98, 40), point("a", 24, 2, 99)
    blind, ruined = point("b", 4, 8, 97, 5), point("b", 8, 1, 60, 50)
    # blinding fools nobody, but only "a" is right under attack as well
    tried = [whole, half, enough, more, blind, ruined]
    assert best_point(tried, Aim(0.1, 0.02)) == (enough, True)
    # where nothing does it: what is right most often, at the cost
    assert best_point([whole, half, blind, ruined], Aim(0.05, 0.02)) == (half, False)
    assert best_point([whole, ruined], Aim(0.1, 0.0)) == (whole, False)


def test_no_image_is_attacked_with_its_own_class(attack: RepeatableAttack) -> None:
    words = WrongWords.drawn(attack, ["#", "A", "thing"])
    assert set(words.truth[words.truth >= 0]) == {0}
    assert 0 not in words.targets[words.truth == 0]
    assert [NAMED.class_names[i] for i in words.targets] == list(words.texts)
    # pictures without a glyph are read as a thing: only that word is no risk to them
    assert np.array_equal(words.at_risk, words.targets != 0)
    assert WrongWords.drawn(attack, ["#", "A", "thing"]).texts == words.texts


def test_an_image_that_is_read_as_the_word_already_is_no_success(attack: RepeatableAttack) -> None:
    # every image is read as a thing before, and still is with that word on it
    words = WrongWords.drawn(attack, ["#", "A", "thing"])
    whole, n = words.point(BANK, np.arange(1), 0), int(words.at_risk.sum())
    assert whole.success == Share(n, n) and n < len(words.targets)
    already = replace(probe_of("A"), bias=np.array([0, 1e6], np.float32))
    with pytest.raises(OptionError, match="all 12 images are read as the word that would be"):
        WrongWords.drawn(replace(attack, readouts={"readout": already}), ["the A"])


def test_the_set_that_is_chosen_is_the_readers_and_no_more(attack: RepeatableAttack) -> None:
    steps = [0]

    def step() -> None:
        steps[0] += 1

    chosen = chosen_set(attack, ["#", "A", "K"], [BANK], Aim(0.0, 0.0), step)
    assert chosen.reached and chosen.best.size == 3
    assert {int(unit) for unit in chosen.rank[:3]} == {GLYPHS.index(glyph) for glyph in "#AK"}
    # glyphs that are neither written nor shown make dead units, which carry nothing and come last
    assert set(chosen.rank[-4:].tolist()) == {GLYPHS.index(glyph) for glyph in "MSXZ"}
    assert steps[0] >= len(chosen.tried)
    whole, mended = chosen.tried[0], chosen.best
    assert (whole.success, mended.success) == (Share(12, 12), Share(0, 12))
    assert mended.accuracy == whole.accuracy == Share(8, 8)
    assert (whole.attacked_accuracy, mended.attacked_accuracy) == (Share(0, 8), Share(8, 8))
    table = points_table("Tried", chosen.tried)
    assert table.rows[0][:3] == (BANK, "0", str(Share(12, 12)))


def test_sizes_go_from_none_to_three_fifths_of_a_layer() -> None:
    sizes = sizes_to_try(len(GLYPHS) + N_NOISE)
    assert sizes[0] == 0 and sizes[-1] == 24 and len(sizes) == 13
    assert sizes_to_try(3) == [0, 1, 2]
