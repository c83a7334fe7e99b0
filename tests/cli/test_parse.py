"""Lists are parted by commas, repeated, or kept in a file."""

from __future__ import annotations

from pathlib import Path

from neurons.cli.parse import lines, listed, parted


def test_an_option_is_repeated_or_parted_by_commas() -> None:
    assert parted(["a,b", "c"]) == ["a", "b", "c"]
    assert parted(["a,,b,"]) == ["a", "b"] and parted([]) == []


def test_a_list_is_parted_by_commas_or_a_file(tmp_path: Path) -> None:
    assert listed("pig, piggy bank ,,dog") == ["pig", "piggy bank", "dog"]
    file = tmp_path / "classes.txt"
    file.write_text("pig\n\npiggy bank, or so\n", encoding="utf-8")
    # in a file a comma is a part of the name
    assert listed(str(file)) == lines(file) == ["pig", "piggy bank, or so"]
