"""Cells are darker where the number is larger, and distances on a plane are those of the points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from neurons.pages.page import Page
from neurons.pages.planes import cells, plane
from neurons.pages.site import write
from neurons.results.blocks import Block, Heat, Places, Trail
from neurons.results.drawn import as_table
from neurons.results.result import Result

NAN = float("nan")
HEAT = Heat(
    "Layers beside layers",
    ("a", "b"),
    ("x", "<y>"),
    ((0.5, -0.2), (NAN, 2.0)),
    "excess",
    0.0,
    1.0,
    corner="one",
    marked=((0, 0),),
)
PLACES = Places(
    "Map", (Trail("m", ("a", "b"), (0.0, 3.0), (0.0, 4.0)), Trail("k", ("c",), (3,), (0,)))
)


@dataclass(frozen=True)
class Both(Result):
    title = "both"

    def blocks(self) -> tuple[Block, ...]:
        return (HEAT, PLACES)


def test_a_cell_is_as_dark_as_its_number_and_no_number_is_no_colour() -> None:
    (first, low), (missing, most) = cells(HEAT)
    assert (first.share, low.share, most.share) == (50, 0, 100)
    assert missing.text == "-" and missing.told == "b, x: no value"
    assert [first.framed, low.framed] == [True, False]


def test_both_axes_of_a_plane_have_one_scale() -> None:
    drawn = plane(PLACES)
    (one, two), (three,) = (path.spots for path in drawn.paths)
    wide = drawn.aspect

    def apart(p, q) -> float:
        return math.hypot((p.x - q.x) * wide, p.y - q.y)

    assert apart(one, two) / apart(two, three) == pytest.approx(5 / 4, rel=1e-3)
    assert two.y < one.y and drawn.paths[0].line.startswith("M") and drawn.paths[1].line == ""


def test_a_plane_of_one_point_or_a_line_can_be_drawn() -> None:
    for x in ((0.0,), (0.0, 1.0)):
        drawn = plane(Places("", (Trail("m", ("a",) * len(x), x, (0.0,) * len(x)),)))
        assert all(0 < spot.x < 100 and 0 < spot.y < 100 for spot in drawn.paths[0].spots)


def test_both_are_drawn_on_a_page_and_as_a_table(tmp_path: Path) -> None:
    write(tmp_path / "out", [Page.of(Both({}))], title="pages")
    (page,) = (each for each in (tmp_path / "out").glob("*.html") if each.name != "index.html")
    told = page.read_text(encoding="utf-8")
    assert '<table class="heat">' in told and "&lt;y&gt;" in told and 'class="plane"' in told
    table = as_table(HEAT)
    assert table.rows[0] == ("a", "0.50 *", "-0.20") and table.note.startswith("*: framed")
    assert as_table(PLACES).rows[1] == ("m", "b", "3", "4")
