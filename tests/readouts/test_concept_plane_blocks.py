"""A map of regions is drawn cell by cell, with names in it and what is marked on it."""

from __future__ import annotations

import numpy as np

from neurons.geometry import Box
from neurons.pages.drawing import environment
from neurons.pages.planes import cells_path
from neurons.readouts.concept_plane_blocks import runs_of
from neurons.results.blocks import Area, MapMark, RegionMap, Regions
from neurons.results.drawn import as_html, as_table


def test_runs_hold_every_cell_once() -> None:
    cells = np.random.default_rng(0).random((9, 9)) < 0.5
    back = np.zeros((9, 9), int)
    for row, column, n in runs_of(cells):
        back[row, column : column + n] += 1
    assert np.array_equal(back, cells.astype(int))
    assert cells_path(((2, 3, 4),)) == "M3 2h4v1h-4z"


def test_names_are_escaped_wherever_a_map_is_drawn() -> None:
    area = Area("<b>cat", "40 %", 120.0, ((0, 0, 2),), 0.5, 0.5, True)
    marks = (MapMark("<i>here", 0.2, 0.3, "<u>told"), MapMark("p", 0.1, 0.1, "t", b"x", 0.2))
    frame = Box(0.1, 0.2, 0.3, 0.4)
    block = Regions("Map", (RegionMap("one", 2, (area,), ((1, 0, 1),), (), marks, frame),), "note")
    drawing = environment(lambda image: "picture.png", lambda text: text)
    html = str(
        drawing.from_string(
            '{% from "blocks.html" import draw with context %}{{ draw(block) }}'
        ).render(block=block)
    )
    assert "&lt;b&gt;cat: 40 %" in html and "<b>cat" not in html and "<i>here" not in html
    assert 'src="picture.png"' in html and "left: 10.00%; top: 20.00%; right: 70.00%" in html
    assert 'class="grey" d="M0 1h1v1h-1z"' in html
    assert as_table(block).rows == (("one", "<b>cat", "40 %"),)
    assert "<b>cat" not in as_html(block)
