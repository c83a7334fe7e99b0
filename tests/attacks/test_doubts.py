"""A readout near chance, and names that are no words, are told; a readout that sees is not."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.attacks.doubts import (
    MeaninglessWarning,
    doubt_of_clean,
    doubts_of_names,
    first_of_all,
)
from neurons.readouts.readout import ZeroShot
from tests.glyphs import probe_of

NAMES = ("pig", "dog", "cat", "owl")


def test_random_labels_are_told_and_right_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    told = 0
    with pytest.warns(MeaninglessWarning, match="cannot tell these classes apart"):
        for _ in range(40):
            truth, answers = rng.integers(0, 4, 100), rng.integers(0, 4, 100)
            told += doubt_of_clean("zero-shot", answers, truth, NAMES) != ""
    assert told >= 37
    truth = rng.integers(0, 4, 100)
    mostly = np.where(rng.random(100) < 0.6, truth, 0)
    assert doubt_of_clean("zero-shot", mostly, truth, NAMES) == ""


def test_of_few_images_it_is_said_that_they_are_few() -> None:
    # two of two are right: no reason to warn, and none to believe
    told = doubt_of_clean("a probe", np.array([1, 2]), np.array([1, 2]), NAMES)
    assert told.startswith("Read by a probe, 2 images are too few to see that the model can tell")


def test_one_answer_for_all_is_no_sight_even_where_it_is_mostly_right() -> None:
    truth = np.array([1] * 95 + [0] * 5)
    with pytest.warns(MeaninglessWarning, match="one answer for all"):
        doubt_of_clean("zero-shot", np.ones(100, int), truth, NAMES)


def test_images_of_one_class_are_compared_with_guessing() -> None:
    truth = np.full(50, 2)
    assert doubt_of_clean("zero-shot", np.full(50, 2), truth, NAMES) == ""
    with pytest.warns(MeaninglessWarning):
        assert doubt_of_clean("zero-shot", np.zeros(50, int), truth, NAMES) != ""
    # images that show none of the classes say nothing either way
    assert doubt_of_clean("zero-shot", np.zeros(50, int), np.full(50, -1), NAMES) == ""


def test_names_that_are_ids_are_told_where_they_are_read() -> None:
    ids = ("n01443537", "n01629819", "class_12")
    by_name = ZeroShot(ids, np.eye(3, dtype=np.float32))
    with pytest.warns(MeaninglessWarning, match="look like ids"):
        (told,) = doubts_of_names({"zero-shot": by_name, "twice": by_name})
    assert "n01443537" in told
    assert doubts_of_names({"zero-shot": ZeroShot(NAMES, np.eye(4, dtype=np.float32))}) == ()
    # a probe was fitted to the classes, whatever they are called
    assert doubts_of_names({"probe": probe_of("#")}) == ()


def test_doubts_come_first() -> None:
    assert first_of_all(["One.", "", "Two."]) + "Found." == "One. Two. Found."
