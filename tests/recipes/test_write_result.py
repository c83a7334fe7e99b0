"""Any result becomes a page, files to load again, and a table, from what it says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from neurons.data.thumbnails import thumbnail
from neurons.recipes.write_result import kind_of, write_result
from neurons.results.blocks import Block, Gallery, Tile
from neurons.results.result import Result
from neurons.stats import Share

MODEL = {"name": "local-dir:/somewhere/tiny-clip", "weights_sha256": "a" * 64}
PICTURE = thumbnail(np.full((8, 12, 3), 120, np.uint8))


@dataclass(frozen=True)
class Row:
    """One thing that was measured."""

    text: str
    success: Share


@dataclass(frozen=True)
class PlantedStudy(Result):
    """A study that nobody has heard of: `write_result` must need nothing but the contract."""

    name: str
    measured: tuple[Row, ...]

    @property
    def title(self) -> str:
        """As it was asked."""
        return f"Planted: {self.name}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """One number."""
        return (("things measured", f"{len(self.measured)}"),)

    def verdict(self) -> str:
        """What was found."""
        return f"Nothing but chance was found of {self.name}."

    def blocks(self) -> tuple[Block, ...]:
        """One picture."""
        return (Gallery(f"Pictures of {self.name}", (Tile(PICTURE, "1.5", "a label"),)),)

    def rows(self) -> Sequence[Row]:
        """One text each."""
        return self.measured


def planted(name: str, provenance: dict[str, Any]) -> PlantedStudy:
    return PlantedStudy(provenance, name, (Row("stop", Share(3, 4)), Row("go", Share(0, 4))))


@pytest.mark.parametrize(
    "provenance",
    [
        {"model": MODEL},
        {"run": {"model": MODEL}},
        {"probe": {"run": {"model": MODEL}}},
    ],
)
def test_a_result_is_written_as_page_files_and_table(
    tmp_path: Path, provenance: dict[str, Any]
) -> None:
    study = planted("spider", provenance)
    index = write_result(tmp_path / "out", study)
    assert index == tmp_path / "out" / "index.html"
    assert "<h1>Planted: spider · tiny-clip</h1>" in index.read_text()
    (page,) = (file for file in index.parent.glob("*.html") if file != index)
    text = page.read_text()
    assert "<h1>Planted: spider</h1>" in text
    assert '<p class="subtitle">tiny-clip</p>' in text
    assert "<dt>things measured</dt><dd>2</dd>" in text
    # the verdict stands above the pictures
    assert 0 < text.index("Nothing but chance was found") < text.index("Pictures of spider")
    assert PlantedStudy.load(index.parent / "result") == study
    table = pd.read_csv(index.parent / "result" / "table.csv")
    assert table["text"].tolist() == ["stop", "go"]
    assert table["success.value"].tolist() == [0.75, 0.0]
    assert (table["success.interval.low"] <= table["success.value"]).all()


def test_further_results_stand_below_on_the_same_page_and_are_kept(tmp_path: Path) -> None:
    first, second = planted("spider", {"model": MODEL}), planted("bat", {})
    index = write_result(tmp_path, first, second, index_title="Two animals", subtitle="both")
    assert "<h1>Two animals</h1>" in index.read_text()
    (page,) = (file for file in tmp_path.glob("*.html") if file != index)
    text = page.read_text()
    assert '<p class="subtitle">both</p>' in text
    assert text.count("<h1>") == 1
    assert text.index("Pictures of spider") < text.index("Pictures of bat")
    assert PlantedStudy.load(tmp_path / "result") == first
    assert PlantedStudy.load(tmp_path / kind_of(second)) == second
    assert kind_of(second) == "planted_study"


def test_a_result_written_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    def written() -> dict[str, bytes]:
        write_result(tmp_path / "out", planted("spider", {"model": MODEL}))
        files = (file for file in (tmp_path / "out").rglob("*") if file.is_file())
        return {str(file.relative_to(tmp_path)): file.read_bytes() for file in files}

    assert written() == written()


def test_a_result_that_names_no_model_has_a_page_without_one(tmp_path: Path) -> None:
    index = write_result(tmp_path, planted("spider", {"seed": 3}))
    assert "<h1>Planted: spider</h1>" in index.read_text()
