"""Rows are chosen by what their cells say, and sorted with what is empty last."""

from __future__ import annotations

import pytest

from neurons.errors import OptionError
from neurons.results.choosing import Condition, check_columns, choose

ROWS = [
    {"name": "a", "class": "Dog", "lift": 3.0},
    {"name": "b", "class": "cat", "lift": None},
    {"name": "c", "class": "dog", "lift": 20.0},
    {"name": "d", "class": "", "lift": float("nan")},
]


def test_conditions_hold_together_and_text_has_no_case() -> None:
    dog = Condition("class", "=", "dog")
    assert choose(ROWS, where=[dog]) == [0, 2]
    assert choose(ROWS, where=[dog, Condition("lift", ">", "10")]) == [2]
    assert choose(ROWS, where=[Condition("class", "!=", "dog")]) == [1, 3]
    # an empty cell is no number: neither below nor above
    assert choose(ROWS, where=[Condition("lift", "<=", "1000")]) == [0, 2]
    assert choose(ROWS, where=[Condition("class", "=", "")]) == [3]


def test_the_largest_number_comes_first_and_what_is_empty_last() -> None:
    assert choose(ROWS, sort="lift")[:2] == [2, 0]
    assert choose(ROWS, sort="class")[-1] == 3
    assert choose(ROWS, sort="lift", top=1) == [2]


def test_what_does_not_fit_the_table_is_one_line() -> None:
    with pytest.raises(OptionError, match=r"no column 'lft'; there are: .*did you mean 'lift'\?"):
        check_columns(list(ROWS[0]), sort="lft")
    with pytest.raises(OptionError, match="'lift' holds numbers, and 'x' is none"):
        choose(ROWS, where=[Condition("lift", ">", "x")])
    with pytest.raises(OptionError, match="'class' is text"):
        choose(ROWS, where=[Condition("class", ">", "cat")])
    with pytest.raises(OptionError, match="ask for 1 or more"):
        choose(ROWS, top=0)
