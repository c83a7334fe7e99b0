"""Silencing the unit that reads undoes the attack; silencing one that does not is no loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurons import Neuron
from neurons.attacks.conditions import AttackTarget
from neurons.attacks.knock_outs import knock_out, knock_out_rows, knock_out_table
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.errors import OptionError
from neurons.results.table import as_arrow
from neurons.stats import Share
from tests.glyphs import BANK, GLYPHS, zero_shot_of

HASH = AttackTarget("the #", "#")
READER, DEAF = Neuron(BANK, GLYPHS.index("#")), Neuron(BANK, len(GLYPHS) + 3)


@pytest.fixture(scope="module")
def activity(attack: RepeatableAttack) -> np.ndarray:
    return attack.responses("#").responses.peaks[BANK].mean(0)


def test_without_its_reader_the_attack_is_gone_and_without_any_other_it_is_whole(
    attack: RepeatableAttack, activity: np.ndarray
) -> None:
    steps = []
    found = knock_out(attack, HASH, [READER], activity, progress=lambda: steps.append(1))
    assert (found.intact, found.silenced) == (Share(12, 12), Share(0, 12))
    assert set(found.random_drops) == {0.0} and len(found.random_drops) == 20
    # no other unit answers to the glyph as it does, and that is said
    assert not found.activity.matched and "more active (1.72 against 1.02" in found.controls_told()
    assert found.drop == found.excess == pytest.approx(1)
    assert (found.interval.low, found.interval.high) == pytest.approx((1, 1))
    assert found.p_value == pytest.approx(1 / 21)
    # eight of the twelve are labelled with a class of the readout, and stay what they are
    assert found.accuracy_intact == found.accuracy_silenced == Share(8, 8)
    assert len(steps) == 21


def test_a_unit_that_does_not_read_is_no_loss(
    attack: RepeatableAttack, activity: np.ndarray
) -> None:
    found = knock_out(attack, HASH, [DEAF], activity, n_random=20)
    assert found.drop == 0 and found.silenced == Share(12, 12)
    # its controls are as active, and one of them may be the reader: the excess is never positive
    assert found.excess <= 0 and found.interval.high <= 0 and found.p_value == 1


def test_two_needed_units_are_silenced_together(
    attack: RepeatableAttack, activity: np.ndarray
) -> None:
    found = knock_out(attack, HASH, [DEAF, READER], activity, n_random=5)
    assert found.neurons == (str(DEAF), str(READER)) and found.drop == 1


def test_where_every_image_is_the_class_already_there_is_nothing_to_attack(
    attack: RepeatableAttack, activity: np.ndarray
) -> None:
    # the same pictures, asked whether they are things
    other = replace(attack, readouts={"zero-shot": zero_shot_of("#")})
    with pytest.raises(OptionError, match="read as it already: there is nothing to attack"):
        knock_out(other, AttackTarget("thing", "o"), [READER], activity)


def test_rows_and_table_hold_what_was_measured_with_its_control(
    attack: RepeatableAttack, activity: np.ndarray
) -> None:
    found = knock_out(attack, HASH, [READER], activity, n_random=5)
    (row,) = as_arrow(knock_out_rows([found])).to_pylist()
    assert row["neurons"] == str(READER) and row["success_silenced.value"] == 0
    assert row["n_draws"] == 5 and row["random_drop_max"] == 0.0
    assert row["excess_interval.low"] == pytest.approx(1) and row["p_value"] == pytest.approx(1 / 6)
    table = knock_out_table([found], 12)
    assert table.rows[0][3] == "+1.000" and "On 12 images" in table.note


def test_an_image_that_shows_the_class_cannot_become_it(
    attack: RepeatableAttack, activity: np.ndarray
) -> None:
    # eight of the pictures show a thing, and are read as the glyph "A" at first
    shown = replace(zero_shot_of("#A"), class_names=("nothing", "thing", "the A"))
    found = knock_out(
        replace(attack, readouts={"zero-shot": shown}), AttackTarget("thing", "#"), [READER],
        activity, n_random=5,
    )  # fmt: skip
    assert found.intact == Share(4, 4)
