"""A map of regions is drawn cell by cell, with names in it and what is marked on it."""

from __future__ import annotations

import numpy as np

from neurons.geometry import Box
from neurons.pages.drawing import environment
from neurons.pages.planes import cells_path
from neurons.readouts.concept_plane import Window
from neurons.readouts.concept_plane_blocks import drawn_map, runs_of
from neurons.readouts.concept_plane_map import Doubt, Nearest, map_from
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


def test_names_stay_on_the_map_and_off_the_marks() -> None:
    nearest = np.zeros((40, 40), np.int64)
    nearest[:, 30:] = 1
    seen = map_from(
        Window(0, 0, 1), Nearest(nearest.ravel(), np.ones(1600), np.ones(1600)), 40, Doubt(0, -1)
    )
    names = ("cat", "a very long name")
    bare = drawn_map(seen, names, {}, small=True)
    assert all(0 <= each.x <= 1 for each in bare.areas)
    long = next(each for each in bare.areas if each.name == names[1])
    assert long.x <= 1 - len(names[1]) * 0.03 / 2 and long.told == "25.0%, 1 region"
    (cat, *_) = bare.areas
    marked = drawn_map(seen, names, {}, marks=[MapMark("", cat.x, cat.y, "", b"x", 0.1)])
    assert marked.areas[0].y < cat.y - 0.05
