"""A result reloads as it was, with the same bytes, and shows itself without trusting its text."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from neurons.data.thumbnails import thumbnail
from neurons.errors import RunNotFoundError
from neurons.geometry import Box
from neurons.results.blocks import Bars, Block, Curve, Gallery, Note, Strip, Table, Tile, as_html
from neurons.results.result import Result

HOSTILE = '<script>alert("x")</script>[bold]'
PICTURE = thumbnail(np.full((8, 12, 3), 120, np.uint8))


@dataclass(frozen=True)
class Inner:
    """A part of a result."""

    name: str
    box: Box | None
    picture: bytes


@dataclass(frozen=True)
class Study(Result):
    """A result with every kind of field."""

    number: float
    count: int
    words: tuple[str, ...]
    parts: tuple[Inner, ...]
    vector: np.ndarray

    def blocks(self) -> tuple[Block, ...]:
        """Show every kind of block, with hostile text."""
        tile = Tile(PICTURE, "1.5", HOSTILE, HOSTILE, Box(0, 0, 1, 1))
        return (
            Note(HOSTILE),
            Table(HOSTILE, (HOSTILE, "n"), ((HOSTILE, "3"),), HOSTILE),
            Bars(HOSTILE, (HOSTILE,), (2.0,), "lift", (1.0,), (3.0,), 1.0),
            Curve(HOSTILE, (0.0, 1.0), (0.0, 2.0), "x", "y", log=True),
            Gallery(HOSTILE, (tile,)),
            Strip(HOSTILE, (Gallery(HOSTILE, (tile,)),)),
        )


def study() -> Study:
    parts = (Inner("a", Box(0, 0.25, 0.5, 1), b"\x00\xff"), Inner("b", None, b""))
    provenance = {"model": {"name": "m"}, "n": 3, "list": [1, 2]}
    return Study(provenance, math.nan, 3, ("x", HOSTILE), parts, np.arange(6).reshape(2, 3))


def test_a_result_reloads_as_it_was(tmp_path: Path) -> None:
    study().save(tmp_path / "r")
    found = Study.load(tmp_path / "r")
    assert math.isnan(found.number)
    assert (found.vector == study().vector).all()
    assert (found.parts, found.words, found.count) == (study().parts, study().words, 3)
    assert found.provenance == study().provenance


def test_equal_results_have_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        study().save(tmp_path / name)
    for file in ("result.json", "arrays.npz"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_result_of_another_kind_is_refused(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Other(Result):
        """Another kind."""

    study().save(tmp_path / "r")
    with pytest.raises(RunNotFoundError, match="holds a Study, not a Other"):
        Other.load(tmp_path / "r")
    with pytest.raises(RunNotFoundError, match="no result"):
        Study.load(tmp_path)


def test_a_notebook_never_sees_hostile_text_as_html() -> None:
    html = study()._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert html == "".join(as_html(block) for block in study().blocks())


def test_a_terminal_prints_brackets_as_they_are() -> None:
    out = io.StringIO()
    Console(file=out, width=200).print(study())
    text = out.getvalue()
    assert text.count(HOSTILE) >= 8
    assert "1.5" in text


def test_a_thumbnail_keeps_pixels_and_nothing_else() -> None:
    pixels = np.zeros((300, 600, 3), np.uint8)
    pixels[:, :300] = 255
    with Image.open(io.BytesIO(thumbnail(pixels))) as found:
        assert found.size == (224, 112)
        assert not found.getexif()
        left = np.asarray(found.convert("RGB"))[:, :100]
    assert left.min() > 240
    small = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(thumbnail(small))) as found:
        assert (np.asarray(found.convert("RGB")) == small).all()
