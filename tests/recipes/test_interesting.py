"""Sure units of many families come first, each with the reason, and nameless ones never."""

from __future__ import annotations

import pytest

from neurons.errors import OptionError
from neurons.pages.atlas import Column
from neurons.recipes.interesting import interesting

UNITS = [f"a:{i}" for i in range(6)]
NAMES = Column("name", ["dog", "dog", "cat", "red", "", "blue"])
FAMILIES = Column("family", ["animals", "animals", "animals", "colours", "", "colours"])
SCORES = Column("score", [0.95, 0.9, 0.8, 0.6, 1.0, 0.5])


def test_a_second_family_comes_before_a_second_unit_of_the_first() -> None:
    found = interesting(UNITS, [NAMES, FAMILIES, SCORES], n=3)
    assert [each.neuron for each in found] == ["a:0", "a:3", "a:2"]
    assert [each.why for each in found] == [
        "dog: score 0.95, the first of animals",
        "red: score 0.60, the first of colours",
        "cat: score 0.80, number 2 of animals",
    ]
    everything = interesting(UNITS, [NAMES, FAMILIES, SCORES])
    assert len(everything) == 5 and "a:4" not in {each.neuron for each in everything}


def test_a_multimodal_unit_comes_before_a_slightly_surer_one() -> None:
    shown = Column("multimodal", ["", "dog", "", "", "", ""])
    (first,) = interesting(UNITS, [NAMES, FAMILIES, SCORES, shown], n=1)
    assert (first.neuron, first.worth) == ("a:1", pytest.approx(1.35))
    assert first.why.endswith("dog leads however things are shown")


def test_without_names_nothing_is_more_interesting() -> None:
    with pytest.raises(OptionError, match="no unit has a name that passed"):
        interesting(UNITS, [SCORES])
    with pytest.raises(OptionError, match="1 or more"):
        interesting(UNITS, [NAMES, SCORES], n=0)
