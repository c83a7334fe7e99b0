"""What two sets of words differ in besides their meaning is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Clip, Lettering
from neurons.readouts.confounds import HEIGHT, INK, RANK, TOKENS, confounds_of
from neurons.readouts.item_sets import Pictures, Words, WrittenWords

SHORT = ("a", "to", "the", "and", "for")
LONG = ("xylographer", "quizmastery", "zymurgically", "gladiola zinnia", "horseflies roach")
LETTERS = Lettering(size_px=8, places=(0.5, 0.5))


def test_long_rare_words_have_more_tokens_of_later_rank_and_more_ink(planted: Clip) -> None:
    scores = np.arange(10.0)
    found = confounds_of(
        planted, WrittenWords("short", SHORT), WrittenWords("long", LONG), LETTERS, scores
    )
    by_name = {each.what: each for each in found}
    assert list(by_name) == [TOKENS, RANK, INK, HEIGHT]
    for what in (TOKENS, RANK, INK):
        assert by_name[what].difference < 0 and by_name[what].matters
    assert by_name[TOKENS].mean_first == 1
    assert by_name[HEIGHT].mean_first == 8 and not by_name[HEIGHT].matters


def test_a_difference_that_scores_do_not_follow_is_none_that_matters(planted: Clip) -> None:
    scores = np.tile([0.0, 1.0], 5)
    found = confounds_of(planted, Words("short", SHORT), Words("long", LONG), LETTERS, scores)
    assert [each.what for each in found] == [TOKENS, RANK]
    assert not any(each.matters for each in found)
    unscored = confounds_of(planted, Words("short", SHORT), Words("long", LONG), LETTERS)
    assert np.isnan(unscored[0].correlation) and unscored[0].difference < 0


def test_pictures_have_no_words_to_count(planted: Clip, pictures: Path) -> None:
    shown = Pictures("x", neurons.images(pictures), (0, 1, 2, 3))
    assert confounds_of(planted, shown, Words("short", SHORT), LETTERS) == ()
    with pytest.raises(AttributeError):
        _ = shown.words  # type: ignore[attr-defined]
