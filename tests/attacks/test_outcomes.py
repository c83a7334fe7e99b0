"""Outcomes are counts of answers, moved units are those that moved, pictures are not chosen."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.attacks.conditions import NO_CLASS, WORD, AttackTarget
from neurons.attacks.outcomes import (
    ClassOutcome,
    by_class,
    moved_units,
    outcomes_of,
    shown_images,
    summed,
)
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.interventions.editable import Responses
from neurons.stats import Share
from tests.glyphs import BANK, GLYPHS

HASH = AttackTarget("the #", "#")


def peaks(values: np.ndarray) -> Responses:
    return Responses(np.zeros((len(values), 2), np.float32), {"a": values}, {"a": values})


def test_each_condition_counts_its_own_answers(attack: RepeatableAttack) -> None:
    attacked = attack.with_controls("#")
    found = outcomes_of("mine", attack.readout, HASH, attack.ready, attack.clean(), attacked)
    by_condition = {each.condition: each for each in found}
    assert list(by_condition) == ["clean", "word", "blank", "no class"]
    assert by_condition["word"].success == Share(12, 12)
    assert by_condition["blank"].success == by_condition["no class"].success == Share(0, 12)
    # no picture is read as the glyph before: of clean ones these are counted
    assert by_condition["clean"].success == Share(0, 12)
    assert by_condition["clean"].accuracy == Share(8, 8)
    assert by_condition["word"].accuracy == Share(0, 8)
    assert by_condition["clean"].coverage == 0 and by_condition["clean"].written == ""
    assert by_condition["no class"].written == "of" and by_condition["blank"].written == ""
    assert {(each.readout, each.text, each.class_name) for each in found} == {
        ("mine", "#", "the #")
    }


def test_classes_are_those_of_the_labels(attack: RepeatableAttack) -> None:
    attacked = attack.with_controls("#")
    found = by_class("mine", attack.readout, HASH, attack.ready, attack.clean(), attacked)
    assert [(each.class_name, each.word, each.no_class) for each in found] == [
        ("other", Share(4, 4), Share(0, 4)),
        ("thing", Share(8, 8), Share(0, 8)),
    ]
    # half of the images, and of each class as many as were counted among all
    half = attack.on(attack.ready.part(range(0, 12, 2)))
    some = by_class(
        "mine", attack.readout, HASH, half.ready, half.clean(),
        {name: half.with_controls("#")[name] for name in (WORD, NO_CLASS)},
    )  # fmt: skip
    assert sum(each.word.n for each in some) == 6


def test_counts_of_texts_add_up_and_the_class_that_falls_most_is_first() -> None:
    parts = [
        ClassOutcome("r", "cat", Share(1, 4), Share(0, 4)),
        ClassOutcome("r", "dog", Share(2, 4), Share(1, 4)),
        ClassOutcome("r", "cat", Share(4, 4), Share(0, 4)),
        ClassOutcome("r", "dog", Share(0, 4), Share(0, 4)),
        ClassOutcome("r", "none", Share(0, 0), Share(0, 0)),
    ]
    assert summed(parts) == [
        ClassOutcome("r", "cat", Share(5, 8), Share(0, 8)),
        ClassOutcome("r", "dog", Share(2, 8), Share(1, 8)),
        ClassOutcome("r", "none", Share(0, 0), Share(0, 0)),
    ]


def test_the_unit_that_moved_most_for_its_spread_is_first() -> None:
    rng = np.random.default_rng(0)
    clean = rng.normal(1, 1, (200, 12)).astype(np.float32)
    clean[:, 3] *= 10
    attacked = clean.copy()
    attacked[:, 3] += 5  # half a standard deviation of a wide unit
    attacked[:, 7] -= 3  # three of a usual one
    first, second, *others = moved_units("a", HASH, peaks(clean), peaks(attacked))
    assert first.neuron == "a:7" and first.z == pytest.approx(-3 / clean[:, 7].std(), rel=1e-4)
    assert second.neuron == "a:3" and second.z == pytest.approx(5 / clean[:, 3].std(), rel=1e-4)
    assert [each.z for each in others] == [0] * 6


def test_a_unit_that_is_silent_on_clean_images_is_measured_by_the_usual_spread() -> None:
    clean = np.random.default_rng(0).normal(0, 2, (100, 5)).astype(np.float32)
    clean[:, 2] = 0
    attacked = clean.copy()
    attacked[:, 2] = 1
    first = moved_units("a", HASH, peaks(clean), peaks(attacked))[0]
    spread = clean.std(0)
    # a tenth of the median spread of the others
    assert first.neuron == "a:2"
    assert first.z == pytest.approx(1 / (0.1 * np.median(spread[spread > 0])), rel=1e-4)


def test_the_readers_unit_moves_most(attack: RepeatableAttack) -> None:
    found = moved_units(BANK, HASH, attack.clean(), attack.responses("#").responses)
    assert found[0].neuron == f"{BANK}:{GLYPHS.index('#')}" and found[0].before == 0


def test_pictures_are_taken_evenly_with_the_answers_that_they_got(
    attack: RepeatableAttack,
) -> None:
    clean, attacked = attack.clean(), attack.responses("#").responses
    shown = shown_images(attack, HASH, 3, clean, attacked)
    ids, rows = attack.ready.images.ids, attack.ready.rows
    assert [each.image_id for each in shown] == [ids[rows[i]] for i in (0, 5, 11)]
    for each in shown:
        assert each.before[0][0] == "thing" and each.after[0][0] == "the #"
        assert sum(share for _, share in each.after) == pytest.approx(1, abs=1e-6)
        assert each.clean != each.attacked and each.readout == "zero-shot"
    assert shown_images(attack, HASH, 0, clean, attacked) == []
    named = shown_images(attack, HASH, 1, clean, attacked, read_by="the readout")
    assert named[0].readout == "the readout"
