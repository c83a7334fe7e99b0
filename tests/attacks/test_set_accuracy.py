"""Right answers are counted by trial where two are offered, and by image among all."""

from __future__ import annotations

import numpy as np

from neurons.attacks.set_accuracy import accuracy_of_part
from neurons.attacks.typographic_set import ATTACKED, CLEAN, Trial
from neurons.stats import Share

NAMES = ("cat", "dog", "pig")


def test_two_way_all_way_and_reads_are_counts_of_the_scores() -> None:
    trials = [
        Trial(0, "cat", "dog", "written", ATTACKED),
        Trial(1, "cat", "dog", "written", ATTACKED),
        Trial(2, "cat", "dog", "written", ATTACKED),
        Trial(3, "cat", "dog", "clean", CLEAN),
    ]
    scores = np.array([[3, 2, 1], [2, 3, 1], [2, 1, 3], [3, 1, 1]], np.float32)
    found = accuracy_of_part("written", trials, scores, NAMES)
    # the third sees a cat rather than a dog, and a pig rather than either
    assert (found.two_way, found.all_way, found.reads) == (Share(2, 3), Share(1, 3), Share(1, 3))
    clean = accuracy_of_part("clean", trials, scores, NAMES)
    assert (clean.two_way, clean.all_way, clean.reads) == (Share(1, 1), Share(1, 1), Share(0, 0))


def test_an_image_that_is_asked_about_twice_counts_once_among_all() -> None:
    trials = [Trial(0, "cat", wrong, "blank", CLEAN) for wrong in ("dog", "pig")]
    scores = np.array([[2, 3, 1], [2, 3, 1]], np.float32)
    found = accuracy_of_part("blank", trials, scores, NAMES)
    assert (found.two_way, found.all_way) == (Share(1, 2), Share(0, 1))


def test_a_part_that_was_not_asked_is_empty() -> None:
    found = accuracy_of_part("SCAM", [], np.zeros((0, 3), np.float32), NAMES)
    assert found.word == "" and found.two_way == Share(0, 0)
