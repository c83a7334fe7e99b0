"""A chart shows the numbers that it was given, with their intervals and their controls."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurons.pages.figures import Axis, line, strokes, tracks
from neurons.results.blocks import Bars, Curve, Dots, Lines, Panel, Stroke

BARS = Bars("t", ("a<b>", "c"), (2.0, 1.0), "lift", (1.5, 0.25), (2.75, 4.0), reference=1.0)
COUNTS = Curve("t", (0.0, 1.0, 2.0), (3.0, 0.0, 5.0), "activation", "images", log=True)


def test_bars_reach_to_their_values_and_whiskers_to_their_bounds() -> None:
    (track,) = tracks(BARS)
    # the axis goes from 0 to 4: 25 % are 1
    assert [mark.bar for mark in track.marks] == [(0, 50), (0, 25)]
    assert [mark.whisker for mark in track.marks] == [(37.5, 31.25), (6.25, 93.75)]
    assert track.reference == 25
    assert track.marks[0].told == "a<b>: 2 (1.5 to 2.75)"


def test_a_bar_below_zero_goes_to_the_left_of_it() -> None:
    (track,) = tracks(Bars("t", ("for", "against"), (3.0, -1.0), "weight"))
    zero = track.marks[0].bar[0]
    assert 0 < zero == track.marks[1].bar[0] + track.marks[1].bar[1]
    assert track.marks[0].bar[1] == pytest.approx(3 * track.marks[1].bar[1], abs=0.02)


def test_dots_share_their_rows_and_each_panel_has_its_own_axis() -> None:
    falls = Panel("by name", "logits", (2.0, math.nan), (1.0, math.nan), (4.0, math.nan),
                  ((0.0, 1.0, 1.0), ()), 0.0)  # fmt: skip
    first, second = tracks(Dots("t", ("x", "y"), (falls, Panel("probe", "%", (40.0, 10.0)))))
    assert first.marks[0].controls == (0, 25)
    assert first.marks[0].at == 50
    assert "controls: 0 to 1, n = 3" in first.marks[0].told
    assert first.marks[1].missing
    assert (second.marks[0].at, second.marks[1].at) == (100, 25)
    with pytest.raises(ValueError, match="zip"):
        tracks(Dots("t", ("x",), (falls,)))


def test_a_logarithmic_curve_breaks_at_zero_and_a_plain_one_does_not() -> None:
    assert line(COUNTS).line.count("M") == 2
    plain = Curve("t", COUNTS.x, COUNTS.y, "x", "y")
    assert line(plain).line.count("M") == 1
    # a histogram's steps hold between the points, what was measured point by point does not
    assert line(plain).line.count("L") == 5
    assert line(Curve("t", COUNTS.x, COUNTS.y, "x", "y", points=True)).line == "M0 40L50 100L100 0"


def test_decades_stand_equally_far_apart_on_a_logarithmic_axis() -> None:
    axis = Axis(0.1, 100, log=True)
    assert axis.ticks() == ((0, "0.1"), (33.33, "1"), (66.67, "10"), (100, "100"))
    assert (axis.at(0.01), axis.at(1000)) == (0, 100)


@given(st.lists(st.floats(-1e9, 1e9).filter(lambda x: x == 0 or abs(x) > 1e-9), min_size=1))
def test_every_value_lies_on_the_axis_between_a_few_round_ticks(values: list[float]) -> None:
    (track,) = tracks(Bars("t", tuple(map(str, range(len(values)))), tuple(values), "x"))
    assert 2 <= len(track.ticks) <= 12
    order = sorted(range(len(values)), key=lambda i: values[i])
    places = [track.marks[i].at for i in order]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)


@pytest.mark.parametrize("log", [False, True])
def test_one_point_or_none_is_no_error(log: bool) -> None:
    for x, y in (((3.0,), (2.0,)), ((3.0,), (0.0,)), ((), ())):
        drawn = line(Curve("t", x, y, "x", "y", log=log, points=True))
        assert drawn.x_ticks and drawn.y_ticks
    (track,) = tracks(Bars("t", ("a",), (0.0,), "x"))
    assert track.marks[0].bar == (0, 0)


def test_several_lines_share_one_axis_that_goes_through_zero() -> None:
    own, others = (
        Stroke("own", (2.0, -1.0, 0.0)),
        Stroke("random", (4.0,) * 3, (3.0,) * 3, (4.0,) * 3),
    )
    drawn = strokes(Lines("t", ("0", "1", "8"), (own, others), "units", "score"))
    # from -1 to 4; steps stand at equal distances, whatever their number
    assert drawn.drawn[0].line == "M0 40L50 100L100 80" and drawn.drawn[0].band == ""
    assert drawn.drawn[1].band == "M0 20L50 20L100 20L100 0L50 0L0 0"
    assert drawn.x_ticks == ((0, "0"), (50, "1"), (100, "8"))
    assert dict(drawn.y_ticks)[20.0] == "0"
    with pytest.raises(ValueError, match="zip"):
        strokes(Lines("t", ("0",), (own,), "units", "score"))
