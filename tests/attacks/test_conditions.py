"""A success is counted where it could be one, and a control's word names no class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurons.attacks.conditions import (
    AttackTarget,
    accuracy,
    at_risk,
    check_targets,
    foreign_word,
    success,
)
from neurons.errors import OptionError
from neurons.stats import Share
from tests.glyphs import probe_of, zero_shot_of


def test_an_image_that_is_the_class_already_is_not_at_risk() -> None:
    before, after = np.array([2, 2, 0, 1, 0, 0]), np.array([2, 0, 2, 2, 0, 2])
    # the last shows the class, and is read as another one without the word
    truth = np.array([2, 0, 0, 1, -1, 2])
    possible = at_risk(before, truth, 2)
    assert possible.tolist() == [False, False, True, True, True, False]
    assert success(after, 2, possible) == Share(2, 3)
    # a target of its own for each image
    assert at_risk(before, truth, np.array([0, 1, 2, 1, 1, 2])).tolist() == [
        True, True, True, False, True, False
    ]  # fmt: skip


def test_where_every_image_is_the_class_nothing_can_succeed() -> None:
    shown = np.zeros(5, np.int64)
    assert success(np.zeros(5, np.intp), 0, at_risk(np.ones(5, np.intp), shown, 0)) == Share(0, 0)


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), max_size=30), st.integers(0, 3))
def test_success_is_what_counting_one_by_one_gives(
    answers: list[tuple[int, int, int]], target: int
) -> None:
    before, after, truth = (np.array([each[i] for each in answers], np.intp) for i in range(3))
    risked = [each for each in answers if target not in (each[0], each[2])]
    found = success(after, target, at_risk(before, truth, target))
    assert found == Share(sum(each[1] == target for each in risked), len(risked))


def test_images_without_a_known_class_count_for_no_accuracy() -> None:
    assert accuracy(np.array([2, 0, 2, 2, 0]), np.array([2, -1, 2, 0, -1])) == Share(2, 3)
    assert str(accuracy(np.array([0]), np.array([-1]))) == "-"


def test_the_word_of_no_class_is_of_the_texts_length_and_names_none() -> None:
    readout = zero_shot_of("#")
    assert foreign_word("#", [readout]) == "of"
    assert foreign_word("an umbrella", [readout]) == "moreover it"
    named = replace(probe_of("#"), class_names=("of and", "with"))
    assert not set(foreign_word("#", [readout, named]).split()) & {"of", "and", "with"}


def test_where_every_known_word_is_a_class_one_must_be_named() -> None:
    words = (
        "of and with about indeed because although therefore moreover nevertheless notwithstanding"
    )
    named = replace(probe_of("#"), class_names=tuple(words.split()))
    with pytest.raises(OptionError, match="name one of your own"):
        foreign_word("#", [named])


def test_targets_are_read_as_written() -> None:
    assert AttackTarget.parse("iPod") == AttackTarget("iPod", "iPod")
    assert AttackTarget.parse("trash=waste container") == AttackTarget("waste container", "trash")
    for wrong in ("", "trash=", "=iPod"):
        with pytest.raises(OptionError, match="no target"):
            AttackTarget.parse(wrong)


def test_a_target_must_be_a_class_of_every_readout() -> None:
    target = AttackTarget("the A", "A")
    check_targets([target], [zero_shot_of("#A")])
    with pytest.raises(OptionError, match="no class 'the A'"):
        check_targets([target], [zero_shot_of("#A"), probe_of("#")])
    with pytest.raises(OptionError, match="0 targets, 1 readouts"):
        check_targets([], [zero_shot_of("#A")])
