"""Planted groups of words that share units come back as factors; shuffled ones do not."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.errors import OptionError
from neurons.readouts.unit_directions import UnitDirections
from neurons.readouts.word_list import WordList
from neurons.readouts.word_texts import WordTexts
from neurons.studies.words.factors import WordFactors, _largest_gaps, word_factors
from tests.readouts.planted_words import UNITS, directions

GROUPS, EACH = 3, 8


def grouped(*, mixed: bool = False) -> WordTexts:
    """Three groups of eight words; the words of a group share four units."""
    random = np.random.default_rng(4)
    rows = 0.1 * random.standard_normal((GROUPS * EACH, 3, UNITS))
    for i in range(GROUPS * EACH):
        units = random.choice(UNITS, 4) if mixed else np.arange(4) + 4 * (i // EACH)
        rows[i, :, units] += random.uniform(0.6, 1)
    words = tuple(f"w{i}" for i in range(GROUPS * EACH))
    families = tuple(f"family {i // EACH}" for i in range(GROUPS * EACH))
    return WordTexts(WordList(words, families), rows.astype(np.float32), {})


def test_planted_groups_come_back_as_factors_with_their_units(tmp_path) -> None:
    found = word_factors(directions(), grouped(), counts=(2, 3, 4), n_resamples=5)
    assert found.count == GROUPS
    groups = {frozenset(int(w[1:]) // EACH for w in each.words) for each in found.factors}
    assert groups == {frozenset({k}) for k in range(GROUPS)}
    for each in found.factors:
        group = int(each.words[0][1:]) // EACH
        assert {int(unit.split(":")[1]) // 4 for unit in each.units} == {group}
    assert found.families == pytest.approx(1) and found.families_p < 0.01
    assert "They follow the list's families" in found.verdict()
    assert found.p_value == pytest.approx(1 / 20) and "best of 3 numbers" in found.verdict()
    found.save(tmp_path)
    assert WordFactors.load(tmp_path).rows() == found.rows()


def test_words_that_share_nothing_follow_no_families() -> None:
    found = word_factors(directions(), grouped(mixed=True), counts=(3,), n_resamples=5)
    assert found.families_p > 0.05 and "do not follow" in found.verdict()
    planted = word_factors(directions(), grouped(), counts=(3,), n_resamples=5)
    assert planted.steps[0].came_back > found.steps[0].came_back + 0.2
    assert planted.steps[0].came_back > planted.steps[0].shuffled


def test_of_lists_that_share_nothing_few_have_factors_whatever_number_is_best() -> None:
    random, found = np.random.default_rng(9), []
    words = tuple(f"w{i}" for i in range(10))
    for i in range(8):
        # each unit speaks for words of its own, and prompts hardly differ
        rows = random.gamma(0.3, size=(10, 1, 16)) + 0.01 * random.normal(size=(10, 3, 16))
        texts = WordTexts(WordList(words, ()), rows.astype(np.float32), {})
        units = UnitDirections("layer", np.eye(16, dtype=np.float32), "wired", "", 0.9, True)
        found.append(word_factors(units, texts, counts=(2, 3), n_resamples=5, seed=i))
    passing = [each for each in found if each.p_value <= 0.05]
    # each of them comes back better than shuffled tables at its best number
    above = [max(s.came_back - s.shuffled for s in each.steps) > 0 for each in found]
    assert len(passing) <= 1 and sum(above) >= 5
    none = next(each for each in found if each.p_value > 0.05)
    assert none.verdict().startswith("There are no factors: those of shuffled tables come back as")


def test_each_shuffled_table_takes_its_own_best_number_above_the_other_tables() -> None:
    # rows: numbers of factors; columns: tables
    chance = np.array([[0.5, 0.6, 0.7], [0.9, 0.7, 0.5]])
    assert _largest_gaps(chance) == pytest.approx([0.3, 0.0, 0.15])


def test_what_makes_no_sense_is_refused() -> None:
    for counts in ((1,), (99,)):
        with pytest.raises(OptionError, match="factors"):
            word_factors(directions(), grouped(), counts=counts)
