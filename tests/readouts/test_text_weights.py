"""A text's own unit is found whatever its scale; a text that no unit is for passes in one of 20."""

from __future__ import annotations

import numpy as np
import pytest

from neurons import Clip
from neurons.errors import OptionError
from neurons.readouts.reference_words import reference_words
from neurons.readouts.text_candidates import TextCandidates
from neurons.readouts.text_weights import (
    asked_direction,
    check_asked,
    text_direction,
    text_weights,
    words_of_units,
)
from neurons.readouts.unit_directions import UnitDirections, unit_length

SIZE, OWN = 48, 7


def words_around(common: float = 3.0) -> TextCandidates:
    """120 words around a common mean, as texts lie."""
    rows = np.random.default_rng(0).standard_normal((120, SIZE)) + common
    return TextCandidates.of([f"w{i}" for i in range(120)], rows.astype(np.float32), source="120")


def units_of(words: TextCandidates, scale: float = 1.0) -> UnitDirections:
    """60 random units, of which one points along word 5."""
    vectors = np.random.default_rng(1).standard_normal((60, SIZE)).astype(np.float32)
    vectors[OWN] = scale * words.vectors[5]
    return UnitDirections("layer", vectors, "wired", "", 0.9, True)


def test_the_units_scale_does_not_count_and_the_texts_mean_is_taken_off() -> None:
    words = words_around()
    embedding = 9 * (words.vectors[5] + words.mean)
    for scale in (0.001, 100.0):
        found = text_weights(units_of(words, scale), text_direction(embedding, words), words)
        assert int(found.cosines.argmax()) == OWN
        assert found.cosines[OWN] == pytest.approx(1, abs=1e-4)
        assert found.p_values[OWN] == 1 / 1000 and found.z[OWN] > 4
        others = np.delete(found.p_values, OWN)
        assert others.min() > 0.05
    own = words_of_units(units_of(words, 0.001), words, [OWN, 3])
    assert own[0][0] == "w5" and len(own[1]) == 5
    # with what all words share left in, every text asks for a unit that says "a text"
    units = units_of(words)
    units.vectors[3] = words.mean
    mean = text_weights(units, text_direction(embedding, words), words)
    assert mean.cosines[3] < 0.5 < mean.cosines[OWN]


def test_of_texts_that_no_unit_is_for_one_in_20_passes() -> None:
    words = words_around()
    units = UnitDirections(
        "layer",
        np.random.default_rng(2).standard_normal((60, SIZE)).astype(np.float32),
        "wired", "", 0.9, True,
    )  # fmt: skip
    random = np.random.default_rng(3)
    passed = [
        text_weights(
            units, random.standard_normal(SIZE).astype(np.float32), words, n_draws=199
        ).p_values.min()
        <= 0.05
        for _ in range(120)
    ]
    assert 0 < sum(passed) <= 13, sum(passed)


def test_another_text_is_taken_off_instead_of_the_mean() -> None:
    words = words_around()
    a, b = 2 * (words.vectors[5] + words.mean), 5 * (words.vectors[9] + words.mean)
    found = text_direction(a, words, b)
    np.testing.assert_allclose(found, unit_length(a[None])[0] - unit_length(b[None])[0], atol=1e-6)
    units = units_of(words)
    assert text_weights(units, found, words, pairs=True).cosines[OWN] == pytest.approx(
        -text_weights(units, -found, words, pairs=True).cosines[OWN]
    )
    with pytest.raises(OptionError, match="reads both texts alike"):
        text_direction(a, words, 3 * a)
    with pytest.raises(OptionError, match="19 or more"):
        text_weights(units, found, words, n_draws=3)


def test_texts_that_ask_nothing_and_words_that_are_too_long_are_told(planted: Clip) -> None:
    for text, against, told in (
        (" ", "", "the text is empty"),
        ("a dog", " a dog", "against itself"),
        ("one two three four five six seven", "", "too long for"),
    ):
        with pytest.raises(OptionError, match=told) as error:
            check_asked(planted, text, against)
        assert "\n" not in str(error.value)
    given = [*(f"word {i}" for i in range(30)), "one two three four five six seven"]
    known = reference_words(planted, given)
    assert len(known.texts) == 30 and known.source == "30 words given, 1 too long left out"
    with pytest.raises(OptionError, match="29 words to compare a text with"):
        reference_words(planted, given[1:])
    found = asked_direction(planted, "a dog", known)
    assert np.abs(found @ known.mean) < 1
