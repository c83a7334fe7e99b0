"""A plot shows the numbers that it was given, with their intervals, and no markup of labels."""

from __future__ import annotations

import json

import pytest

from neurons.pages.figures import figure
from neurons.results.blocks import Bars, Curve, Note

BARS = Bars("t", ("a<b>", "c"), (2.0, 1.0), "lift", (1.5, 0.25), (2.75, 4.0), reference=1.0)
COUNTS = Curve("t", (0.0, 1.0, 2.0), (3.0, 0.0, 5.0), "activation", "images", log=True)


def test_bars_reach_to_their_values_and_error_bars_to_their_bounds() -> None:
    bar = figure(BARS)["data"][0]
    assert list(bar["x"]) == [2.0, 1.0]
    assert list(bar["error_x"]["array"]) == [0.75, 3.0]
    assert list(bar["error_x"]["arrayminus"]) == [0.5, 0.75]


def test_the_first_bar_is_on_top_and_the_reference_is_a_line() -> None:
    layout = figure(BARS)["layout"]
    assert layout["yaxis"]["autorange"] == "reversed"
    (line,) = layout["shapes"]
    assert line["x0"] == line["x1"] == 1.0


def test_bars_without_intervals_have_no_error_bars() -> None:
    assert figure(Bars("t", ("a",), (1.0,), "n"))["data"][0].get("error_x") is None


def test_a_label_with_markup_is_text_everywhere() -> None:
    told = json.dumps(figure(BARS), default=list)
    assert "a<b>" not in told
    assert told.count("a&lt;b&gt;") == 2


def test_a_logarithmic_curve_breaks_at_zero_and_a_plain_one_does_not() -> None:
    assert list(figure(COUNTS)["data"][0]["y"]) == [3.0, None, 5.0]
    assert figure(COUNTS)["layout"]["yaxis"]["type"] == "log"
    plain = Curve("t", COUNTS.x, COUNTS.y, "x", "y")
    assert list(figure(plain)["data"][0]["y"]) == [3.0, 0.0, 5.0]


def test_what_was_measured_point_by_point_shows_its_points() -> None:
    points = Curve("t", COUNTS.x, COUNTS.y, "x", "y", points=True)
    assert figure(points)["data"][0]["mode"] == "lines+markers"
    # a histogram's steps, in contrast, hold between the points
    assert figure(COUNTS)["data"][0]["line"]["shape"] == "hvh"


def test_a_block_that_is_no_plot_is_refused() -> None:
    with pytest.raises(TypeError, match="a Note is not plotted"):
        figure(Note("text"))
