"""How dark is a cell of a heat map, and where do points and regions stand on a plane?"""

from __future__ import annotations

import math
from dataclasses import dataclass

from neurons.pages.figures import Axis, path_of
from neurons.results.blocks import Heat, Places, Runs


@dataclass(frozen=True)
class Cell:
    """A cell of a heat map; ``share`` of the darkest colour, in percent.

    ``told`` says all of it in words, and ``opens`` is the title of the page that it opens.
    """

    text: str
    share: float
    framed: bool
    told: str
    opens: str = ""


@dataclass(frozen=True)
class Spot:
    """A point on a plane, in percent from the left and from the top; ``left`` turns its label."""

    label: str
    x: float
    y: float
    left: bool


@dataclass(frozen=True)
class JoinedSpots:
    """Points of one colour, and the path of an SVG of 100 x 100 that joins them."""

    name: str
    line: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True)
class Plane:
    """What is drawn of `Places`; ``aspect`` is width over height."""

    paths: tuple[JoinedSpots, ...]
    aspect: float


def cells(heat: Heat) -> tuple[tuple[Cell, ...], ...]:
    """Colour the cells of a heat map, row by row."""
    axis, marked = Axis(heat.low, heat.high), set(heat.marked)
    return tuple(
        tuple(
            _cell(heat, axis, i, k, value, framed=(i, k) in marked)
            for k, value in enumerate(values)
        )
        for i, values in enumerate(heat.values)
    )


def _cell(heat: Heat, axis: Axis, i: int, k: int, value: float, *, framed: bool) -> Cell:
    pair = f"{heat.rows[i]}, {heat.columns[k]}"
    opens = heat.opens[i][k] if heat.opens else ""
    if heat.opens and not opens:
        return Cell("", 0.0, framed, "")
    if not math.isfinite(value):
        return Cell("-", 0.0, framed, f"{pair}: no value", opens)
    more = f"; {heat.told[i][k]}" if heat.told else ""
    return Cell(
        f"{value:.2f}".replace("-0.00", "0.00"),
        axis.at(value),
        framed,
        f"{pair}: {value:.3g}{more}",
        opens,
    )


def plane(block: Places) -> Plane:
    """Place points so that both axes have the same scale."""
    xs = [x for trail in block.trails for x in trail.x] or [0.0]
    ys = [y for trail in block.trails for y in trail.y] or [0.0]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    # a plane that is a line still needs some height
    margin = 0.08 * max(wide, high, 1e-9)
    high = max(high, wide / 3)
    across = Axis(min(xs) - margin, min(xs) + wide + margin)
    middle = (max(ys) + min(ys)) / 2
    up = Axis(middle - high / 2 - margin, middle + high / 2 + margin)
    paths = []
    for trail in block.trails:
        at = [
            (across.at(x), round(100 - up.at(y), 2)) for x, y in zip(trail.x, trail.y, strict=True)
        ]
        spots = (
            Spot(label, *each, each[0] > 75) for label, each in zip(trail.labels, at, strict=True)
        )
        paths.append(JoinedSpots(trail.name, path_of([at]) if len(at) > 1 else "", tuple(spots)))
    return Plane(tuple(paths), round((across.high - across.low) / (up.high - up.low), 3))


def cells_path(runs: Runs) -> str:
    """Outline cells as the path of an SVG in which a cell is 1 x 1."""
    return "".join(f"M{column} {row}h{n}v1h-{n}z" for row, column, n in runs)
