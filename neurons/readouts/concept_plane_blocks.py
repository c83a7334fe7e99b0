"""How is a map of nearest classes drawn? As regions with names, and marks where things lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from neurons.geometry import Box
from neurons.readouts.concept_plane import Window
from neurons.readouts.concept_plane_controls import PlacedAnchor
from neurons.readouts.concept_plane_map import ClassRegion, PlaneMap, regions_of
from neurons.readouts.concept_plane_points import PointSample, Walk
from neurons.results.blocks import Area, MapMark, RegionMap, Runs, Table

# degrees between hues: the golden angle keeps any few that follow each other apart
_GOLDEN = 137.508
# share of the map's side that a letter takes, on a large map and on a small one
_LETTER, _SMALL_LETTER = 0.013, 0.032
# share of the map by which a name keeps off a mark
_NUDGE = 0.04
# from here on clipped values are told on the map
CLIPPED = 0.01


def hues_of(names: Sequence[str]) -> dict[str, float]:
    """Give each name a hue; those that follow each other differ most."""
    return {name: (210 + i * _GOLDEN) % 360 for i, name in enumerate(names)}


def drawn_map(
    seen: PlaneMap,
    names: Sequence[str],
    hues: Mapping[str, float],
    *,
    title: str = "",
    marks: Sequence[MapMark] = (),
    frame: Window | None = None,
    small: bool = False,
) -> RegionMap:
    """Draw a map: a region per class, grey where the margin is small, hatched where none is near.

    Parameters
    ----------
    seen : PlaneMap
    names : sequence of str
    hues : mapping of str to float
    title : str
    marks : sequence of MapMark
    frame : Window, optional
        What the next map shows.
    small : bool
        Several stand side by side: fewer names have room.
    """
    place = {name: k for k, name in enumerate(names)}
    letter = _SMALL_LETTER if small else _LETTER
    marked = {each.label for each in marks if not each.image}
    areas = []
    for region in regions_of(seen, names):
        needed = len(region.name) * letter * seen.side / 2
        free = region.name not in marked
        areas.append(
            Area(
                region.name,
                told_region(region),
                hues.get(region.name, 0.0),
                runs_of(seen.nearest == place[region.name]),
                *_free_place(region, marks, letter),
                free and region.room >= 0.55 * needed and region.room >= 1.5 * letter * seen.side,
            )
        )
    known = seen.nearest >= 0
    hatched = (seen.far & known) | (seen.clipped > CLIPPED)
    grey, hatching = runs_of(seen.grey & known & ~hatched), runs_of(hatched)
    box = None if frame is None else _box(seen.window, frame)
    return RegionMap(title, seen.side, tuple(areas), grey, hatching, tuple(marks), box)


def _free_place(
    region: ClassRegion, marks: Sequence[MapMark], letter: float
) -> tuple[float, float]:
    """Give a name's place: inside of the map, and above a mark that would hide it."""
    half = min(len(region.name) * letter / 2, 0.5)
    x, y = min(max(region.x, half), 1 - half), region.y
    for each in marks:
        above = each.size / 2 + _NUDGE
        if abs(each.x - x) < half + each.size / 2 and abs(each.y - y) < above:
            return x, each.y - above
    return x, y


def told_region(region: ClassRegion) -> str:
    """Tell a region's share and pieces."""
    pieces = "1 region" if region.pieces == 1 else f"{region.pieces} regions"
    return f"{region.share:.1%}, {pieces}"


def runs_of(cells: NDArray[np.bool_]) -> Runs:
    """Give the cells that are true as runs: row, first column, how many."""
    edges = np.diff(np.pad(cells.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    found = zip(rows.tolist(), starts.tolist(), (ends - starts).tolist(), strict=True)
    return tuple(found)


def hues_on(seen: PlaneMap, names: Sequence[str]) -> dict[str, float]:
    """Give each class a colour, such that those of a map differ most."""
    shown = [each.name for each in regions_of(seen, names)]
    return hues_of(tuple(dict.fromkeys([*shown, *names])))


def marks_at(
    window: Window, places: NDArray[np.floating], labels: Sequence[str], told: Sequence[str]
) -> tuple[MapMark, ...]:
    """Mark places that lie inside of a window."""
    shares = window.shares(places)
    return tuple(
        MapMark(label, float(x), float(y), more)
        for (x, y), label, more in zip(shares, labels, told, strict=True)
        if 0 <= x <= 1 and 0 <= y <= 1
    )


def class_table(
    seen: PlaneMap,
    names: Sequence[str],
    controls: Mapping[str, NDArray[np.float64]],
    *,
    pieces: str,
) -> Table:
    """List what each class has of a map, beside what it has of planes that were drawn at random.

    Parameters
    ----------
    seen : PlaneMap
    names : sequence of str
    controls : mapping of str to ndarray of float64, (planes, classes)
        The shares on random planes, by what they went through.
    pieces : str
        What the number of regions means here, as a sentence.
    """
    place = {name: k for k, name in enumerate(names)}
    rows = []
    for region in regions_of(seen, names):
        beside = [each[:, place[region.name]] for each in controls.values()]
        rows.append(
            (
                region.name,
                f"{region.share:.1%}",
                f"{region.clear:.1%}",
                f"{region.pieces}",
                *(
                    f"{each.mean():.1%} (at most {each.max():.1%})"
                    if len(each) > 1
                    else f"{each[0]:.1%}"
                    for each in beside
                ),
            )
        )
    head = ("class", "share", "clear", "regions", *controls)
    n = len(next(iter(controls.values()))) if controls else 0
    drawn = f" Beside: mean and largest share over {n} planes that were drawn." if n > 1 else ""
    return Table(
        "Classes on the plane",
        head,
        tuple(rows),
        f"Share of the {seen.n_places:,} points of the first map. Clear: without points that are "
        f"grey or hatched. {pieces}{drawn}",
    )


def walk_table(walks: Sequence[Walk]) -> Table:
    """List walks with what is nearest on the way."""
    rows = tuple(
        (
            each.title,
            f"{each.angle:.2f}",
            " → ".join(f"{p.name} to {p.ends:.0%}" for p in each.parts),
            f"{each.least_margin:.3f}",
        )
        for each in walks
    )
    note = "Along the great circle, in shares of the way; margin: the smallest on the way."
    return Table(
        "Walks from anchor to anchor", ("walk", "radians", "nearest", "margin"), rows, note
    )


def sample_table(samples: Sequence[PointSample]) -> Table:
    """List sorts of points with what is nearest to them."""
    rows = tuple(
        (
            each.name,
            f"{each.n:,}",
            f"{each.n_classes}",
            ", ".join(f"{name} {share.value:.0%}" for name, share in each.first),
            f"{each.margin:.3f}",
            f"{each.cosine:.2f}",
            f"{each.grey.value:.1%}",
            f"{each.far.value:.1%}",
        )
        for each in samples
    )
    return Table(
        "Points of the whole space, not of this plane",
        ("points", "n", "classes", "nearest to most", "margin", "cosine", "grey", "far"),
        rows,
        "Classes: nearest to any of the points. Margin and cosine: medians. Like the ...: "
        "drawn from a Gaussian with their mean and covariance. In every direction some class is "
        "nearest; a few classes are nearest to most of a space (hubs).",
    )


def anchor_table(anchors: Sequence[PlacedAnchor]) -> Table:
    """List anchors with what they answer."""
    rows = tuple(
        (
            each.name,
            each.kind,
            each.told or "-",
            each.answer,
            f"{each.cosine:.2f}",
            f"{each.margin:.3f}",
            f"{each.x:.2f}, {each.y:.2f}",
        )
        for each in anchors
    )
    head = ("anchor", "kind", "stands for", "nearest class", "cosine", "margin", "x, y")
    return Table("Anchors", head, rows)


def _box(outer: Window, inner: Window) -> Box:
    corners = np.array(
        [[inner.x - inner.half, inner.y + inner.half], [inner.x + inner.half, inner.y - inner.half]]
    )
    (left, top), (right, bottom) = np.clip(outer.shares(corners), 0, 1).tolist()
    return Box(left, top, right, bottom)
