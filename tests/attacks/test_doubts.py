"""A readout near chance, and names that are no words, are told; a readout that sees is not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from neurons.attacks.doubts import (
    MeaninglessWarning,
    doubt_of_clean,
    doubts_of_names,
    first_of_all,
    warn_of,
)
from neurons.readouts.readout import ZeroShot
from tests.glyphs import probe_of

NAMES = ("pig", "dog", "cat", "owl")


def test_random_labels_are_told_and_right_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(40):
        truth, answers = rng.integers(0, 4, 100), rng.integers(0, 4, 100)
        told += doubt_of_clean("zero-shot", answers, truth, NAMES) != ""
    assert told >= 37
    truth = rng.integers(0, 4, 100)
    mostly = np.where(rng.random(100) < 0.6, truth, 0)
    assert doubt_of_clean("zero-shot", mostly, truth, NAMES) == ""
    found = doubt_of_clean("a probe", rng.integers(0, 4, 100), truth, NAMES)
    assert found.startswith("Read by a probe, the model cannot tell these classes apart")


def test_one_answer_for_all_is_no_sight_even_where_it_is_mostly_right() -> None:
    truth = np.array([1] * 95 + [0] * 5)
    assert "one answer for all" in doubt_of_clean("zero-shot", np.ones(100, int), truth, NAMES)


def test_images_of_one_class_are_compared_with_guessing() -> None:
    truth = np.full(50, 2)
    assert doubt_of_clean("zero-shot", np.full(50, 2), truth, NAMES) == ""
    assert doubt_of_clean("zero-shot", np.zeros(50, int), truth, NAMES) != ""
    # images that show none of the classes say nothing either way
    assert doubt_of_clean("zero-shot", np.zeros(50, int), np.full(50, -1), NAMES) == ""


def test_names_that_are_ids_are_told_where_they_are_read() -> None:
    ids = ("n01443537", "n01629819", "class_12")
    by_name = ZeroShot(ids, np.eye(3, dtype=np.float32))
    (told,) = doubts_of_names({"zero-shot": by_name, "twice": by_name})
    assert "look like ids" in told and "n01443537" in told
    assert doubts_of_names({"zero-shot": ZeroShot(NAMES, np.eye(4, dtype=np.float32))}) == ()
    # a probe was fitted to the classes, whatever they are called
    assert doubts_of_names({"probe": probe_of("#")}) == ()


def test_a_doubt_is_warned_of_and_comes_first() -> None:
    with pytest.warns(MeaninglessWarning, match="nothing is seen"):
        warn_of(["", "nothing is seen"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of([""])
    assert first_of_all(["One.", "", "Two."]) + "Found." == "One. Two. Found."
