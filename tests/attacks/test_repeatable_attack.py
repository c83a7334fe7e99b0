"""Only what is written and what is edited differs from one repetition to the next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from neurons import Neuron
from neurons.attacks.conditions import BLANK, NO_CLASS, SHUFFLED, WORD, AttackTarget
from neurons.attacks.repeatable_attack import RepeatableAttack, place_seeds
from neurons.errors import OptionError
from neurons.lettering.lettering import Lettering
from neurons.lettering.words import blank_on
from neurons.network.inference import exact
from tests.glyphs import BANK, GLYPHS, LETTERS

HASH = AttackTarget("the #", "#")


def test_every_image_falls_to_the_glyph_and_none_without_the_unit_that_reads_it(
    attack: RepeatableAttack,
) -> None:
    assert attack.hits(HASH).all() and len(attack.hits(HASH)) == 12
    assert not attack.hits(HASH, {Neuron(BANK, GLYPHS.index("#")): 0.0}).any()
    assert attack.hits(HASH, {Neuron(BANK, GLYPHS.index("A")): 0.0}).all()
    # clean images are things, with every unit and without
    assert set(attack.answers()) == set(attack.answers({Neuron(BANK, 0): 0.0})) == {0}


def test_each_image_can_have_a_text_of_its_own(attack: RepeatableAttack) -> None:
    texts = ["#", "A", "o"] * 4
    found = attack.responses(texts)
    assert found.responses.answers(attack.readout).tolist() == [1, 2, 0] * 4
    assert found.written == "#"
    one = attack.responses("#").responses
    assert np.array_equal(found.responses.embeddings[::3], one.embeddings[::3])


def test_what_is_written_is_what_the_network_saw(attack: RepeatableAttack) -> None:
    scattered = replace(attack, lettering=replace(LETTERS, places="random"), seed=3)
    pixels = scattered.written("#")
    assert pixels.dtype == torch.uint8 and pixels.shape == attack.ready.pixels.shape
    seen = scattered.network.respond(pixels)
    found = scattered.responses("#")
    assert np.array_equal(seen.embeddings, found.responses.embeddings)
    changed = (pixels != attack.ready.pixels).any(1).float().mean((1, 2))
    assert np.allclose(changed, found.coverage)
    # the same places again, others by another seed
    assert torch.equal(pixels, scattered.written("#"))
    assert not torch.equal(pixels, replace(scattered, seed=4).written("#"))


def test_a_text_stands_beside_its_controls_in_the_same_places(attack: RepeatableAttack) -> None:
    found = attack.with_controls("#A", foreign="vow")
    assert list(found) == [WORD, BLANK, SHUFFLED, NO_CLASS]
    assert found[BLANK].written == "" and found[NO_CLASS].written == "vow"
    assert found[SHUFFLED].written == "A#"
    patch = attack.responses("#A", write=blank_on)
    assert np.array_equal(found[BLANK].coverage, patch.coverage)
    # one letter has no other order; a word of no class is found where none is named
    alone = attack.with_controls("#")
    assert SHUFFLED not in alone and alone[NO_CLASS].written == "of"


def test_edits_reach_every_condition(attack: RepeatableAttack) -> None:
    deaf = attack.with_controls("#", edits={Neuron(BANK, GLYPHS.index("#")): 0.0})
    for each in deaf.values():
        assert not each.responses.peaks[BANK][:, GLYPHS.index("#")].any()


def test_the_same_attack_runs_on_other_images(attack: RepeatableAttack) -> None:
    first, second = (attack.on(half) for half in attack.ready.halves(0))
    assert len(first.hits(HASH)) == len(second.hits(HASH)) == 6
    assert first.readouts is attack.readouts and first.seed == attack.seed
    assert set(first.ready.rows) | set(second.ready.rows) == set(attack.ready.rows)


def test_images_and_seeds_have_places_of_their_own() -> None:
    seeds = {seed: place_seeds(100, seed) for seed in (0, 1, 2)}
    assert len({place for each in seeds.values() for place in each}) == 300
    assert place_seeds(5, 1) == seeds[1][:5]


def test_it_tells_what_it_is_made_with(attack: RepeatableAttack) -> None:
    told = attack.provenance(exact, {Neuron(BANK, 3): 0.5})
    assert told["edits"] == {f"{BANK}:3": 0.5} and told["precision"] == "exact"
    assert list(told["readouts"]) == ["zero-shot", "probe"]
    assert told["lettering"] == LETTERS.provenance()


def test_a_control_that_does_not_fit_is_replaced_and_stops_nothing(
    attack: RepeatableAttack,
) -> None:
    text = "a very long string of words"
    # it fits, and the first other order of its letters does not
    found = replace(attack, lettering=Lettering(places="random")).with_controls(text)
    assert found[WORD].written == text
    if SHUFFLED in found:
        assert sorted(found[SHUFFLED].written) == sorted(text) != list(found[SHUFFLED].written)
    # no word of no class fits at this height, and that is told in words
    huge = replace(attack, lettering=replace(LETTERS, size_px=110))
    with pytest.raises(OptionError, match="no word of no class can be written as '#' is"):
        huge.with_controls("#")
