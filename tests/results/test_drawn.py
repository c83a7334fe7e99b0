"""Every block can be shown as text and as a table, and a wrong number would be seen there."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from neurons.data.thumbnails import thumbnail
from neurons.results.blocks import (
    Bars,
    Block,
    Curve,
    Dots,
    Gallery,
    Lines,
    Note,
    Panel,
    Strip,
    Stroke,
    Table,
    Tile,
)
from neurons.results.drawn import as_html, as_table, as_text, data_uri, media_type

PICTURE = thumbnail(np.full((8, 12, 3), 120, np.uint8))
TILES = (Tile(PICTURE, "1.5", "spider", "a/0.png"), Tile(PICTURE, "0.5", "bat", "b/1.png"))


def shown(block: Block) -> str:
    out = io.StringIO()
    Console(file=out, width=120).print(as_text(block))
    return out.getvalue()


def test_bars_are_a_table_with_their_interval_in_the_same_row() -> None:
    bars = Bars("Classes", ("a", "b"), (2.0, 1.0), "lift", (1.5, 0.25), (2.5, 4.0))
    table = as_table(bars)
    assert table.columns == ("", "lift", "interval")
    assert table.rows == (("a", "2", "1.5 to 2.5"), ("b", "1", "0.25 to 4"))
    assert as_table(Bars("Classes", ("a",), (2.0,), "n")).rows == (("a", "2"),)


def test_a_gallery_is_a_table_in_its_order_and_a_strip_one_row_per_gallery() -> None:
    gallery = Gallery("Top", TILES)
    assert [row[2] for row in as_table(gallery).rows] == ["spider", "bat"]
    strip = Strip("Range", (gallery, Gallery("Low", TILES[1:])))
    assert as_table(strip).rows == (("Top", "spider, bat"), ("Low", "bat"))


def test_a_curve_in_a_terminal_rises_where_its_numbers_rise() -> None:
    line = shown(Curve("c", (0.0, 1.0, 2.0), (0.0, 4.0, 8.0), "x", "images"))
    assert " ▄█ " in line
    # what the two ends are is said, and what the height is
    assert "x from 0 " in line
    assert " to 2; height: images, at most 8" in line


def test_on_a_logarithmic_curve_one_image_is_seen_and_none_is_the_floor() -> None:
    line = shown(Curve("c", (0.0, 1.0, 2.0), (0.0, 1.0, 10_000.0), "x", "n", log=True))
    assert " ▁█ " in line
    assert "log scale" in line
    # all empty is no error
    assert "at most 0" in shown(Curve("c", (0.0, 1.0), (0.0, 0.0), "x", "n", log=True))


def test_dots_stand_beside_their_intervals_and_their_controls_in_the_same_row() -> None:
    nan = float("nan")
    falls = Panel("by name", "logits", (2.0, nan), (1.5, nan), (2.5, nan), ((0.1, 0.3), ()), 0.0)
    dots = Dots("Needed?", ("both", "a"), (falls, Panel("probe", "logits", (4.0, 3.0))), "random")
    table = as_table(dots)
    assert table.columns == ("", "by name: logits", "interval", "random", "probe: logits")
    assert table.rows[0] == ("both", "2", "1.5 to 2.5", "0.2 (0.1 to 0.3, n = 2)", "4")
    assert table.rows[1][3:] == ("-", "3")


def test_a_column_of_numbers_is_aligned_to_the_right_and_text_to_the_left() -> None:
    text = shown(Table("t", ("name", "n"), (("ab", "1,000"), ("abcd", "-2.5"))))
    short, long = [line.rstrip() for line in text.splitlines() if " ab" in f" {line}"]
    assert (short.index("ab"), len(short)) == (long.index("ab"), len(long))
    assert (short[-5:], long[-5:]) == ("1,000", " -2.5")


@pytest.mark.parametrize(
    "block",
    [
        Note("<b>"),
        Table("<b>", ("<b>",), (("<b>",),)),
        Bars("<b>", ("<b>",), (1.0,), "<b>"),
        Gallery("<b>", (Tile(PICTURE, "<b>", '<b>"', "<b>"),)),
    ],
)
def test_no_block_lets_markup_into_a_notebook(block: Block) -> None:
    html = as_html(block)
    assert "<b>" not in html
    assert "&lt;b&gt;" in html


def test_a_picture_is_written_with_its_own_type() -> None:
    assert media_type(b"RIFF\0\0\0\0WEBPVP8L") == "image/webp"
    assert media_type(b"\x89PNG\r\n\x1a\n") == "image/png"
    assert data_uri(PICTURE).startswith(f"data:{media_type(PICTURE)};base64,")


def test_each_line_is_a_column_with_its_band_beside_its_value() -> None:
    own = Stroke("own", (1.0, 0.25))
    others = Stroke("random", (1.0, 0.75), (1.0, 0.5), (1.0, 0.875))
    lines = Lines("Without units", ("0", "4"), (own, others), "units", "score")
    table = as_table(lines)
    assert table.title == "Without units: score" and table.columns == ("units", "own", "random")
    assert table.rows[1] == ("4", "0.25", "0.75 (0.5 to 0.875)")
