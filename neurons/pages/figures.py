"""Where do the marks of a chart stand? Places on axes, in percent, for the templates to draw.

Charts are HTML and SVG: their labels are links, and they need no script, no network and no library.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from neurons.results.blocks import Bars, Curve, Dots, Lines, Panel

_TICKS = 5


@dataclass(frozen=True)
class Axis:
    """An axis between two values.

    Parameters
    ----------
    low, high : float
        Of a logarithmic axis both are above 0.
    log : bool
    """

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """Give a value's place, in percent from the low end, not beyond either."""
        low, high, here = self.low, self.high, value
        if self.log:
            low, high, here = (math.log10(max(each, 1e-300)) for each in (low, high, value))
        share = (here - low) / (high - low) if high > low else 0.0
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Give round values with their places, in percent."""
        if not self.high > self.low:
            return ((0.0, f"{self.low:.6g}"),)
        values = self._powers() if self.log else self._steps()
        return tuple((self.at(value), f"{value:.6g}") for value in values)

    def _steps(self) -> list[float]:
        step = _round_step(self.high - self.low)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(i * step, 12) for i in range(first, last + 1)]

    def _powers(self) -> list[float]:
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        if last - first < 1:
            return [self.low, self.high]
        return [10.0**i for i in range(first, last + 1, 1 + (last - first) // _TICKS)]


@dataclass(frozen=True)
class Mark:
    """One value of a row; places are in percent.

    Parameters
    ----------
    at : float
        nan where there is no value.
    bar : (float, float)
        Start and width of a bar from 0.
    whisker : (float, float) or None
        Start and width of the interval.
    controls : tuple of float
    text : str
        The value, as it is printed.
    told : str
        All of it in words: for a reader who does not see the chart.
    """

    at: float
    bar: tuple[float, float]
    whisker: tuple[float, float] | None
    controls: tuple[float, ...]
    text: str
    told: str

    @property
    def missing(self) -> bool:
        """Whether there is no value."""
        return math.isnan(self.at)


@dataclass(frozen=True)
class Track:
    """A column of marks on one axis, one mark per row; ``reference`` is a place in percent."""

    name: str
    axis: str
    ticks: tuple[tuple[float, str], ...]
    reference: float | None
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Line:
    """A curve as the paths of an SVG of 100 x 100, and its ticks."""

    line: str
    area: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Drawn:
    """One of several lines: its path and its band, of an SVG of 100 x 100; either may be empty."""

    name: str
    line: str
    band: str


@dataclass(frozen=True)
class Strokes:
    """Several lines with shared axes."""

    drawn: tuple[Drawn, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def tracks(block: Bars | Dots) -> tuple[Track, ...]:
    """Place the marks of bars, or of dots in their panels.

    Raises
    ------
    ValueError
        If a panel has not one value per row.
    """
    if isinstance(block, Bars):
        panel = Panel("", block.axis, block.values, block.low, block.high, (), block.reference)
        return (_track(panel, block.labels, "controls"),)
    return tuple(_track(panel, block.labels, block.controls) for panel in block.panels)


def _track(panel: Panel, labels: Sequence[str], controls: str) -> Track:
    n = len(labels)
    lows, highs = panel.low or (math.nan,) * n, panel.high or (math.nan,) * n
    beside = panel.controls or ((),) * n
    axis = _axis([*panel.values, *lows, *highs, *(c for row in beside for c in row)], panel)
    marks = [
        _mark(axis, label, value, low, high, row, controls)
        for label, value, low, high, row in zip(
            labels, panel.values, lows, highs, beside, strict=True
        )
    ]
    reference = None if panel.reference is None else axis.at(panel.reference)
    return Track(panel.name, panel.axis, axis.ticks(), reference, tuple(marks))


def _mark(
    axis: Axis,
    label: str,
    value: float,
    low: float,
    high: float,
    controls: Sequence[float],
    what: str,
) -> Mark:
    told = f"{label}: {value:.3g}"
    whisker = None
    if math.isfinite(low) and math.isfinite(high):
        told += f" ({low:.3g} to {high:.3g})"
        whisker = (axis.at(low), round(axis.at(high) - axis.at(low), 2))
    if controls:
        told += f"; {what}: {min(controls):.3g} to {max(controls):.3g}, n = {len(controls)}"
    if not math.isfinite(value):
        return Mark(math.nan, (0.0, 0.0), None, (), "-", f"{label}: no value")
    ends = sorted((axis.at(0), axis.at(value)))
    bar = (ends[0], round(ends[1] - ends[0], 2))
    places = tuple(sorted({axis.at(each) for each in controls}))
    return Mark(axis.at(value), bar, whisker, places, f"{value:.3g}", told)


def _axis(values: Iterable[float], panel: Panel) -> Axis:
    """Give an axis that holds 0, the reference and all values, and ends at round ones."""
    known = [value for value in values if math.isfinite(value)]
    known += [0.0] if panel.reference is None else [0.0, panel.reference]
    low, high = min(known), max(known)
    if low == high:
        return Axis(0.0, 1.0)
    step = _round_step(high - low)
    return Axis(math.floor(low / step) * step, math.ceil(high / step) * step)


def line(curve: Curve) -> Line:
    """Place a curve: a broken line through points, or the steps of a histogram."""
    heights = [y for y in curve.y if math.isfinite(y) and (y > 0 or not curve.log)]
    top = max(heights, default=1.0)
    bottom = min(heights, default=0.1) if curve.log else min(0.0, *heights, 0.0)
    across = Axis(min(curve.x, default=0.0), max(curve.x, default=1.0))
    up = Axis(bottom, top if top > bottom else bottom + 1, curve.log)
    half = 0.0 if curve.points or len(curve.x) < 2 else (curve.x[1] - curve.x[0]) / 2
    if half:
        across = Axis(across.low - half, across.high + half)
    parts: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(curve.x, curve.y, strict=True):
        if not math.isfinite(y) or (curve.log and y <= 0):
            # a logarithm has no zero: the line breaks there
            parts.append([])
            continue
        ends = (across.at(x - half), across.at(x + half)) if half else (across.at(x),)
        parts[-1] += [(end, round(100 - up.at(y), 2)) for end in ends]
    drawn = [part for part in parts if part]
    closed = [] if curve.points else [[*p, (p[-1][0], 100.0), (p[0][0], 100.0)] for p in drawn]
    return Line(path_of(drawn), path_of(closed), across.ticks(), up.ticks())


def strokes(block: Lines) -> Strokes:
    """Place several lines over steps that stand at equal distances; the axis goes through 0.

    Raises
    ------
    ValueError
        If a line has not one value per step.
    """
    values = [v for each in block.strokes for v in (*each.y, *each.low, *each.high)]
    known = [0.0, *(value for value in values if math.isfinite(value))]
    low, high = min(known), max(known)
    step = _round_step(high - low) if high > low else 1.0
    up = Axis(math.floor(low / step) * step, max(math.ceil(high / step), 1) * step)
    last = max(len(block.steps) - 1, 1)
    at = [round(100 * i / last, 2) for i in range(len(block.steps))]

    def points(y: Sequence[float]) -> list[tuple[float, float]]:
        placed = zip(at, y, strict=True)
        return [(x, round(100 - up.at(value), 2)) for x, value in placed if math.isfinite(value)]

    drawn = [
        Drawn(
            each.name,
            path_of([points(each.y)]),
            path_of([[*points(each.low), *reversed(points(each.high))]]) if each.low else "",
        )
        for each in block.strokes
    ]
    return Strokes(tuple(drawn), tuple(zip(at, block.steps, strict=True)), up.ticks())


def path_of(parts: Sequence[Sequence[tuple[float, float]]]) -> str:
    """Join points, in percent, as the path of an SVG; each part is a line of its own."""
    return "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in part) for part in parts)


def _round_step(span: float) -> float:
    """Give a step of 1, 2 or 5 times a power of ten that parts a span about five times."""
    rough = span / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
