"""Losses are paired with the intact network, and classes lose what is theirs."""

from __future__ import annotations

import pytest
from scipy import stats

from neurons.interventions.lesion_losses import class_losses, losses
from neurons.interventions.lesion_records import LesionRecord
from neurons.interventions.lesions import Lesion

TRUTH = (0,) * 10 + (1,) * 10
NAMES = ("cat", "dog")


def record(answers: tuple[int, ...]) -> LesionRecord:
    made = (Lesion("m", "zero"),)
    return LesionRecord(made, TRUTH, answers, (1.0,) * 20, (1.0,) * 20)


INTACT = record(TRUTH)


def test_p_is_mcnemars_and_images_that_are_lost_and_gained_cancel() -> None:
    few = record((*(1,) * 3, *TRUTH[3:]))
    many = record((*(1,) * 9, *TRUTH[9:]))
    loss, more = losses(INTACT, [few, many])
    assert (loss.lost, loss.gained) == (3, 0) and not loss.sure and more.sure
    assert loss.p_value == pytest.approx(stats.binomtest(0, 3).pvalue)
    back = losses(record((*(1,) * 9, *TRUTH[9:])), [record((*TRUTH[:19], 0))])[0]
    assert (back.lost, back.gained) == (1, 9) and not back.sure


def test_p_is_adjusted_over_all_that_were_made_alike() -> None:
    alone = losses(INTACT, [record((*(1,) * 6, *TRUTH[6:]))])[0]
    among = losses(INTACT, [record((*(1,) * 6, *TRUTH[6:])), *[INTACT] * 30])[0]
    assert alone.sure and not among.sure and alone.p_value == among.p_value


def test_no_answer_is_wrong_and_told_as_such() -> None:
    nothing = record((*(-1,) * 4, *TRUTH[4:]))
    assert nothing.accuracy.value == 0.8 and nothing.n_unanswered == 4
    first, second = class_losses(INTACT, nothing, NAMES)
    assert (first.name, first.before, first.after, first.instead) == ("cat", 10, 6, "no answer")
    assert (second.name, second.after, second.instead) == ("dog", 10, "")
