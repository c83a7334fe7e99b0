"""Cells are darker where the number is larger, and distances on a plane are those of the points."""

from __future__ import annotations

import dataclasses
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
    title: str = "both"

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


@dataclass(frozen=True)
class Overview(Result):
    title = "overview"

    def verdict(self) -> str:
        return "All of it is shown."

    def blocks(self) -> tuple[Block, ...]:
        return (dataclasses.replace(HEAT, opens=(("both", "gone"), ("", "both"))),)


def test_a_cell_opens_the_page_of_its_title_and_an_index_shows_an_overview(tmp_path: Path) -> None:
    pages = [Page.of(Both({})), Page.of(dataclasses.replace(Both({}), title="more"))]
    index = write(tmp_path / "out", pages, title="pages", above=Page.of(Overview({})))
    told = index.read_text(encoding="utf-8")
    assert "All of it is shown." in told and told.index("heat") < told.index('class="index"')
    assert f'<a data-to="both" href="{pages[0].file_name}">0.50</a>' in told
    # a page that is not there is no link, and a cell without a page is no cell
    assert "-0.20</td>" in told and '<td class="none" style="--share: 0.0%" title=""></td>' in told
    assert as_table(Overview({}).blocks()[0]).rows[1] == ("b", "", "2.00")
