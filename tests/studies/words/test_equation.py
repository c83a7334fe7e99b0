"""A wired word's equation comes back stable; where nothing is to be found, that is said first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurons.activations.writing_units import WritingUnits
from neurons.errors import OptionError
from neurons.readouts.word_list import WordList
from neurons.readouts.word_texts import WordTexts
from neurons.studies.words.equation import WordEquation, word_equation
from tests.readouts.planted_words import (
    BORED,
    EQUATION,
    GRUMPY,
    RELAXING,
    UNITS,
    directions,
    nothing_shared,
    wired,
)


@pytest.fixture(scope="module")
def bored() -> WordEquation:
    reads = np.zeros(UNITS, np.int64)
    reads[GRUMPY] = 45
    writing = WritingUnits("layer", reads, 50, 0.5, "counted")
    return word_equation(
        directions(), wired(), "Bored", n_resamples=40, n_mixed=20, writing=writing
    )


def test_the_wired_equation_is_stable_and_finds_its_word(bored: WordEquation) -> None:
    found = {each.unit: int(np.sign(each.coefficient)) for each in bored.terms}
    assert found == EQUATION
    assert {f"layer:{RELAXING}", f"layer:{GRUMPY}"} <= set(bored.neurons())
    assert bored.passes and bored.auc > bored.mixed_largest > bored.mixed_auc
    assert 0.3 < bored.mixed_auc < 0.65
    assert bored.verdict().startswith("bored = ") and "and no more" in bored.verdict()
    (shown,) = (each for each in bored.steps if each.shown)
    assert (shown.units, shown.negative) == (3, 1) and shown.gap < 2e-3


def test_units_that_read_are_marked_and_stay(bored: WordEquation) -> None:
    by_unit = {each.unit: each for each in bored.terms}
    assert by_unit[GRUMPY].marked and not by_unit[RELAXING].marked
    marked = {row["neuron"]: row["marked_as_reading"] for row in bored.rows()}
    assert marked[f"layer:{GRUMPY}"] and not marked[f"layer:{RELAXING}"]


def test_that_nothing_is_stable_comes_first() -> None:
    found = word_equation(directions(), nothing_shared(), "bored", n_resamples=20, n_mixed=20)
    assert found.verdict().startswith("Nothing is stable: ")
    assert found.neurons() == () and not found.passes
    # also where the exam is passed
    lucky = replace(found, p_value=0.01).verdict()
    assert lucky.startswith("Nothing is stable: of "), lucky


def test_an_equation_of_a_word_outside_of_what_the_units_span_does_not_find_it() -> None:
    # its own direction is one that no unit has; what is left of it is each prompt's noise
    texts = wired()
    wider = np.concatenate([texts.embeddings, np.zeros((26, 3, 1), np.float32)], axis=2)
    random = np.random.default_rng(3)
    wider[BORED] = 0.06 * random.standard_normal((3, UNITS + 1))
    wider[BORED, :, -1] = 1
    axes = np.eye(UNITS, UNITS + 1, dtype=np.float32)
    found = word_equation(
        replace(directions(), vectors=axes),
        WordTexts(texts.listed, wider, {}),
        "bored",
        n_resamples=20,
        n_mixed=20,
    )
    assert found.verdict().startswith("The equation does not find its word: "), found.verdict()
    assert found.neurons() == ()


def test_a_readout_that_does_not_hold_is_said_first(bored: WordEquation) -> None:
    doubted = replace(bored, holds=False, held_out_r=0.28)
    assert doubted.verdict().startswith("The readout is not linear here (r = 0.28")


def test_a_list_whose_families_mean_nothing_to_the_model_is_said() -> None:
    texts = wired()
    random = np.random.default_rng(0)
    families = tuple(random.permutation(["a", "b"] * 13).tolist())
    listed = WordList(texts.listed.words, families)
    told = WordTexts(listed, texts.embeddings, {}).families_together()
    assert told is not None and told.p_value > 0.05
    grouped = texts.embeddings.copy()
    grouped[np.array(families) == "a", :, 59] += 1
    known = WordTexts(listed, grouped, {}).families_together()
    assert known is not None and known.p_value < 0.01 and known.difference > 0.2
    assert texts.families_together() is None


def test_it_comes_back_from_disk_and_draws_itself(bored: WordEquation, tmp_path) -> None:
    bored.save(tmp_path / "kept")
    kept = WordEquation.load(tmp_path / "kept")
    assert kept.equation() == bored.equation() and kept.rows() == bored.rows()
    drawn = [type(block).__name__ for block in bored.blocks()]
    assert drawn == ["Note", "Bars", "Table", "Table"]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(OptionError, match="'bord' is not among"):
        word_equation(directions(), wired(), "bord")
    with pytest.raises(OptionError, match="3 units, 5 resamples"):
        word_equation(directions(), wired(), "bored", n_resamples=5)
    other = WritingUnits("elsewhere", np.zeros(UNITS, np.int64), 1, 0.5, "")
    with pytest.raises(OptionError, match="measured in elsewhere, not layer"):
        word_equation(directions(), wired(), "bored", writing=other)
