"""The report command writes a page per neuron, or nothing if an address is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import LAYER, RED


def test_a_page_per_neuron_and_an_index(
    command, scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = command("report", scanned, f"{LAYER}:{RED}", f"{LAYER}:9", "--out", "pages")
    assert told.out.strip() == "report: pages/index.html", told.err
    for unit in (RED, 9):
        assert (tmp_path / "pages" / f"{LAYER}-{unit}.html").is_file()


def test_one_wrong_address_and_nothing_is_written(refused, scanned: Path, tmp_path: Path) -> None:
    asked = ("report", scanned, f"{LAYER}:1")
    assert "units 0 to 255" in refused(*asked, f"{LAYER}:9999", "--out", tmp_path / "r")
    assert "is no neuron's address" in refused(*asked, "layer4", "--out", tmp_path / "r")
    assert "no neuron to report" in refused(*asked[:2], "--out", tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_words_that_are_tried_stand_on_the_page(command, scanned: Path, tmp_path: Path) -> None:
    told = command("report", scanned, f"{LAYER}:{RED}", "--words", "red,$$$", "--out", tmp_path)
    assert told.code == 0, told.err
    page = (tmp_path / f"{LAYER}-{RED}.html").read_text(encoding="utf-8")
    assert "The strongest strings and their controls" in page and "$$$" in page
