"""An accuracy that guessing, or one answer for all, reaches as well is told to mean nothing."""

from __future__ import annotations

import numpy as np

from neurons.readouts.chance import near_chance
from neurons.stats import Share


def test_guesses_are_told_to_be_near_chance_and_a_good_readout_is_not() -> None:
    counts = [50] * 4
    random = np.random.default_rng(0)
    told = [
        near_chance(Share(int(random.binomial(200, 0.25)), 200), counts).startswith("Near chance")
        for _ in range(200)
    ]
    assert np.mean(told) > 0.9
    assert near_chance(Share(120, 200), counts) == ""
    # sure to be above chance, and still next to nothing
    assert near_chance(Share(2_700, 10_000), [2_500] * 4).startswith("Near chance")
    assert near_chance(Share(0, 0), [0, 0]).startswith("Nothing can be said")


def test_one_answer_for_all_is_no_readout() -> None:
    told = near_chance(Share(80, 100), [80, 10, 10], ["cat", "dog", "bee"])
    assert told.startswith("No better than one answer for all") and "'cat'" in told
    assert "0.800 of them" in told
    assert near_chance(Share(95, 100), [80, 10, 10]) == ""
    # a class that can be answered counts, also if no image is of it
    assert near_chance(Share(55, 100), [50, 50, 0, 0]).startswith("No better")
