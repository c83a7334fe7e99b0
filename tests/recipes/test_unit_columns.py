"""Whatever names neurons becomes columns, in the layer's order, with nothing lost or renamed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from neurons.errors import OptionError
from neurons.recipes.own_table import OwnTable, own_table
from neurons.recipes.unit_columns import unit_columns

UNITS = [f"a:{i}" for i in range(4)]


def table(name: str, *lines: dict[str, object]) -> OwnTable:
    return OwnTable({}, name, lines)


def test_rows_in_any_order_become_columns_and_what_is_not_known_is_empty() -> None:
    first = table(
        "first",
        {"neuron": "a:2", "score": 0.5, "name": "dog", "sure": True, "blank": None},
        {"neuron": "a:0", "score": None, "name": "", "sure": False, "blank": ""},
        # of several rows the first counts
        {"neuron": "a:2", "score": 9.0, "name": "cat", "sure": False, "blank": None},
        {"neuron": "b:1", "score": 7.0, "name": "elsewhere", "sure": True, "blank": None},
    )
    score, name, sure = unit_columns(UNITS, [first])
    assert (score.name, score.is_text, score.searched) == ("score", False, False)
    assert [v for v in score.values if not math.isnan(v)] == [0.5]
    assert name.values == ["", "", "dog", ""] and name.searched
    assert sure.values == ["no", "", "yes", ""] and not sure.searched


def test_columns_of_one_name_stay_apart_and_mixed_ones_are_text() -> None:
    one, two = ({"neuron": "a:1", "n": 3}, {"neuron": "a:1", "n": "many"})
    found = unit_columns(UNITS, [table("x", one), table("y", two)])
    assert [column.name for column in found] == ["n", "own_table.n"]
    assert found[1].values == ["", "many", "", ""]


def test_what_says_nothing_of_the_units_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="says nothing of the units a:0 to a:3: its first is b:9"):
        unit_columns(UNITS, [table("x", {"neuron": "b:9", "n": 1})])
    with pytest.raises(OptionError, match="row that names no neuron"):
        unit_columns(UNITS, [table("x", {"n": 1})])


def test_a_file_of_ones_own_is_read_and_wrong_ones_are_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("neuron,seen\na:0,2\na:3,1\n")
    (seen,) = unit_columns(UNITS, [own_table(file)])
    assert (seen.values[0], seen.values[3]) == (2, 1)
    own_table(file).to_table(tmp_path / "mine.parquet")
    assert own_table(tmp_path / "mine.parquet").lines == own_table(file).lines
    (tmp_path / "other.csv").write_text("unit,seen\n0,2\n")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    (tmp_path / "mine.txt").write_text("")
    for name, told in (
        ("other.csv", "no column 'neuron' of addresses, such as visual.layer4:89; it has: unit"),
        ("torn.parquet", "cannot be read as a table"),
        ("mine.txt", "is no table of units"),
        ("absent.csv", "no file"),
    ):
        with pytest.raises(OptionError, match=told):
            own_table(tmp_path / name)
