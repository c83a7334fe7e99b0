"""What lesions cost is counted of all images, and what is no answer is no answer."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.errors import OptionError
from neurons.interventions.lesion_effects import NO_ANSWER, Asked, answers, overlap
from neurons.interventions.lesion_losses import class_losses
from neurons.interventions.lesion_records import LesionRecord, record_of
from neurons.interventions.lesioned_images import LesionAnswer
from neurons.interventions.lesions import Lesion
from neurons.readouts.readout import ZeroShot

READOUT = ZeroShot(("a", "b", "c"), np.eye(3, dtype=np.float32))
TRUTH = np.array([0, 0, 1, 1, 2, 2])
INTACT = np.eye(3, dtype=np.float32)[TRUTH]
# of six images: five units, the last one dead
PEAKS = np.array([[6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6], [9, 9, 0, 0, 0, 0], [1, 1, 1, 1, 1, 2],
                  [0, 0, 0, 0, 0, 0]], np.float32).T  # fmt: skip


def asked() -> Asked:
    return Asked(READOUT, TRUTH)


def losses(intact: LesionRecord, record: LesionRecord) -> dict[str, float]:
    """Give the share of each class's images that is lost."""
    found = class_losses(intact, record, READOUT.class_names)
    return {each.name: (each.before - each.after) / each.n for each in found}


def test_nan_infinity_and_nothing_are_wrong_and_not_the_first_class() -> None:
    embeddings = INTACT.copy()
    # the first two are truly of class 0, which an argmax over nan would give them
    embeddings[0] = np.nan
    embeddings[1] = 0
    embeddings[2, 0] = np.inf
    classes, ahead = answers(embeddings, asked())
    assert (classes == TRUTH).tolist() == [False] * 3 + [True] * 3
    assert (
        classes[:3].tolist() == [NO_ANSWER] * 3
        and np.isnan(ahead).tolist() == [True] * 3 + [False] * 3
    )
    lost = np.full_like(INTACT, np.nan)
    intact = LesionAnswer((), INTACT, {})
    before = record_of(intact, intact, asked(), "", 2)
    effect = record_of(intact, LesionAnswer((Lesion("m", "zero"),), lost, {}), asked(), "", 2)
    assert (effect.accuracy.successes, effect.accuracy.n, effect.n_unanswered) == (0, 6, 6)
    assert np.isnan(effect.cosine)
    assert losses(before, effect) == {"a": 1.0, "b": 1.0, "c": 1.0}


def test_accuracy_losses_cosine_and_recalibration_are_told_apart() -> None:
    now = INTACT.copy()
    now[0] = [0, 1, 0]
    now[5] = np.nan
    intact = LesionAnswer((), 3 * INTACT, {"l": PEAKS}, INTACT)
    answer = LesionAnswer((Lesion("m", "zero"),), now, {"l": PEAKS[::-1]}, 2 * INTACT)
    before = record_of(intact, intact, asked(), "l", 2)
    effect = record_of(intact, answer, asked(), "l", 2)
    assert effect.accuracy.successes == 4 and effect.accuracy.n == 6
    assert effect.accuracy.interval.low < 4 / 6 < effect.accuracy.interval.high
    assert losses(before, effect) == {"a": 0.5, "b": 0.0, "c": 0.5}
    # one of five answered images points elsewhere; lengths do not count
    assert effect.cosine == pytest.approx(4 / 5)
    assert effect.n_unanswered == 1
    again = effect.recalibrated_accuracy
    assert again is not None and again.successes == 6
    assert effect.recalibrated_cosines == pytest.approx([1] * 6)
    assert effect.overlaps[0] == 0
    assert asked().chance == pytest.approx(1 / 3)
    assert Asked(READOUT, np.array([0, 0, 0, 1])).largest_class == 0.75


def test_a_gain_is_a_negative_loss() -> None:
    wrong = np.roll(INTACT, 1, axis=1)
    intact, answer = LesionAnswer((), wrong, {}), LesionAnswer((), INTACT, {})
    before = record_of(intact, intact, asked(), "", 1)
    assert losses(before, record_of(intact, answer, asked(), "", 1)) == {
        "a": -1.0,
        "b": -1.0,
        "c": -1.0,
    }


def test_overlap_is_of_top_images_ties_count_in_parts_and_dead_units_not_at_all() -> None:
    same = overlap(PEAKS, PEAKS, 2)
    assert same[:4].tolist() == [1, 1, 1, 1] and np.isnan(same[4])
    swapped = PEAKS.copy()
    swapped[[1, 2]] = swapped[[2, 1]]
    # 6 5 | 4 becomes 6 4 | 5: one of two; the ends of the second unit stay
    assert overlap(PEAKS, swapped, 2)[:2].tolist() == [0.5, 1]
    silent = overlap(PEAKS, np.zeros_like(PEAKS), 2)
    # equally active on all six, each image counts for a third: as chance would have it
    assert silent[0] == pytest.approx(2 / 6)
    assert overlap(PEAKS, np.full_like(PEAKS, np.nan), 2)[0] == 0


def test_rows_that_do_not_belong_together_are_told() -> None:
    intact, answer = LesionAnswer((), INTACT, {}), LesionAnswer((), INTACT[:5], {})
    with pytest.raises(OptionError, match="6 images intact, 5 under lesions"):
        record_of(intact, answer, asked(), "l", 2)
    with pytest.raises(OptionError, match="top of 6 images may be 1 to 3 of them, not 4"):
        record_of(intact, intact, asked(), "l", 4)
