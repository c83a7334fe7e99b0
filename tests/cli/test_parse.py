"""Lists are parted by commas, repeated, or kept in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons.cli.parse import lines, listed, parted
from neurons.errors import OptionError


def test_an_option_is_repeated_or_parted_by_commas() -> None:
    assert parted(["a,b", "c"]) == ["a", "b", "c"]
    assert parted(["a,,b,"]) == ["a", "b"] and parted([]) == []


def test_a_list_is_parted_by_commas_or_a_file(tmp_path: Path) -> None:
    assert listed("pig, piggy bank ,,dog") == ["pig", "piggy bank", "dog"]
    file = tmp_path / "classes.txt"
    file.write_text("pig\n\npiggy bank, or so\n", encoding="utf-8")
    # in a file a comma is a part of the name
    assert listed(str(file)) == lines(file) == ["pig", "piggy bank, or so"]


def test_no_strings_and_a_file_that_is_not_there_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n \n", encoding="utf-8")
    for nothing in ("", " , ,", str(tmp_path / "empty.txt")):
        with pytest.raises(OptionError, match="no strings in") as told:
            listed(nothing)
        assert "\n" not in str(told.value)
    for missing in ("words.txt", str(tmp_path / "words"), "./words"):
        with pytest.raises(OptionError, match="no file"):
            listed(missing)
    # symbols are strings too
    assert listed("~,/,...") == ["~", "/", "..."]
