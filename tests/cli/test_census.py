"""The census command needs a column that says how things are shown."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import LAYER


def test_a_census_says_which_column_or_layer_is_missing(refused, scanned: Path) -> None:
    assert "rendition" in refused("census", scanned, LAYER)
    assert "holds no layer" in refused("census", scanned, "visual.layer1")
