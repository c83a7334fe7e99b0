"""A table holds every number of a result with its interval, and reads back as it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from neurons.errors import OptionError
from neurons.geometry import Box
from neurons.results.result import Result
from neurons.results.table import as_arrow, write_table
from neurons.stats import Interval, Share, wilson

HOSTILE = 'a "b",\n<script>é;\t\'=1+1'


@dataclass(frozen=True)
class Measured:
    """A row with every kind of value that results hold."""

    name: str
    success: Share
    width: Interval
    box: Box | None
    picture: bytes
    units: tuple[int, ...]
    z: float


ROWS = (
    Measured(HOSTILE, Share(3, 8), Interval(0.5, 1.5), None, b"\x89PNG", (3, 17), float("nan")),
    Measured("b", Share(8, 8), Interval(-1, 2), Box(0, 0.25, 0.5, 1), b"", (), -2.5),
)


@dataclass(frozen=True)
class Study(Result):
    """A result with these rows."""

    measured: tuple[Measured, ...]

    @property
    def title(self) -> str:
        """Its name."""
        return "study"

    def rows(self) -> Sequence[Measured]:
        """One thing each."""
        return self.measured


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)


def test_a_share_and_an_interval_spread_over_columns_with_their_values() -> None:
    table = Study({}, ROWS).to_pandas()
    low = wilson(3, 8).low
    assert table["success.value"].tolist() == [0.375, 1.0]
    assert table["success.interval.low"][0] == low
    assert 0 < low < 0.375 < table["success.interval.high"][0] < 1
    assert table["success.n"].tolist() == [8, 8]
    assert table["width.high"].tolist() == [1.5, 2.0]
    assert table["units"].tolist() == ["3, 17", ""]
    assert np.isnan(table["z"][0])


def test_pictures_are_left_out_and_an_absent_part_is_empty_cells() -> None:
    table = Study({}, ROWS).to_pandas()
    assert "picture" not in table
    assert "box" not in table
    assert np.isnan(table["box.left"][0])
    assert table["box.top"][1] == 0.25


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_written_table_reads_back_as_the_one_in_memory(tmp_path: Path, ending: str) -> None:
    study = Study({}, ROWS)
    path = study.to_table(tmp_path / "new folder" / f"table.{ending}")
    found, told = read(path), study.to_pandas()
    # csv knows no empty text
    assert_frame_equal(found.fillna({"units": ""}), told)
    assert found["name"][0] == HOSTILE


def test_rows_with_different_columns_lose_none() -> None:
    table = as_arrow([{"a": 1}, {"b": "x", "a": None}, {"c": {"value": 0.5}}]).to_pandas()
    assert list(table) == ["a", "b", "c.value"]
    assert table["a"][0] == 1
    assert np.isnan(table["a"][1:]).all()
    assert table["b"].fillna("-").tolist() == ["-", "x", "-"]


def test_a_column_of_several_kinds_is_text_and_a_large_number_keeps_its_digits() -> None:
    rows = [{"a": 1, "b": 2**70}, {"a": "one", "b": 3}, {"a": np.float32(0.5), "b": np.int64(4)}]
    table = as_arrow(rows).to_pandas()
    assert table["a"].tolist() == ["1", "one", "0.5"]
    assert table["b"].tolist() == [str(2**70), "3", "4"]


def test_a_file_name_that_is_no_text_is_written_all_the_same(tmp_path: Path) -> None:
    path = write_table([{"image": "caf\udce9.png"}], tmp_path / "t.csv")
    assert read(path)["image"].tolist() == ["caf\\udce9.png"]


def test_no_rows_are_an_empty_table(tmp_path: Path) -> None:
    assert Study({}, ()).to_pandas().empty
    assert read(write_table([], tmp_path / "t.parquet")).empty
    assert write_table([], tmp_path / "t.csv").read_bytes().strip() == b""


def test_another_ending_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"'t\.xlsx': a table is written to \.csv or \.parquet"):
        write_table([{"a": 1}], tmp_path / "new" / "t.xlsx")
    assert not (tmp_path / "new").exists()
