"""How is a block drawn where there is no page: in a terminal, in a notebook, as a table?"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from neurons.results.blocks import (
    Bars,
    Beside,
    Block,
    Curve,
    Dots,
    Gallery,
    Heat,
    Lines,
    Note,
    Places,
    Regions,
    Strip,
    Table,
    Tile,
    galleries_of,
)


def media_type(image: bytes) -> str:
    """Tell a thumbnail's format by its first bytes: thumbnails are WebP or PNG."""
    return "image/webp" if image[8:12] == b"WEBP" else "image/png"


def data_uri(image: bytes) -> str:
    """Write a thumbnail into a page."""
    return f"data:{media_type(image)};base64,{base64.b64encode(image).decode()}"


def as_html(block: Block) -> str:
    """Draw a block as a fragment of HTML for a notebook: no scripts, no style sheet."""
    if isinstance(block, Note):
        return f"<p><em>{escape(block.text)}</em></p>"
    if isinstance(block, Gallery):
        tiles = "".join(_tile_html(tile) for tile in block.tiles)
        return f"<h4>{escape(block.title)}</h4><div>{tiles}</div>"
    if isinstance(block, (Strip, Beside)):
        inner = "".join(as_html(gallery) for gallery in galleries_of(block))
        return f"<h4>{escape(block.title)}</h4>{inner}"
    table = as_table(block)
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return f"<h4>{escape(table.title)}</h4><table><tr>{head}</tr>{rows}</table>"


def as_text(block: Block) -> RenderableType:
    """Draw a block for a terminal."""
    if isinstance(block, Note):
        return Text(block.text)
    parts: list[RenderableType] = [Text(f"\n{block.title}", style="bold")]
    if isinstance(block, Curve):
        parts.append(Text(_sparkline(block)))
    else:
        parts.append(_grid(as_table(block)))
    if block.note:
        parts.append(Text(block.note, style="dim"))
    return Group(*parts)


def _grid(table: Table) -> RichTable:
    drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(table.columns):
        numeric = all(_is_number(row[i]) for row in table.rows)
        drawn.add_column(Text(column), justify="right" if numeric else "left", overflow="fold")
    for row in table.rows:
        # Text, not markup: a file may be called [bold].jpg
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn


def _sparkline(curve: Curve) -> str:
    heights = np.asarray(curve.y, np.float64)
    if curve.log:
        # one image more or less is a visible step; no image is the floor
        heights = np.log1p(heights / heights[heights > 0].min()) if heights.any() else heights
    levels = np.ceil(heights / max(heights.max(), 1e-300) * 8).astype(int)
    line = "".join(" ▁▂▃▄▅▆▇█"[level] for level in levels)
    scale = ", log scale" if curve.log else ""
    return (
        f"{curve.x_axis} from {curve.x[0]:.3g} {line} to {curve.x[-1]:.3g}; "
        f"height: {curve.y_axis}{scale}, at most {max(curve.y):.3g}"
    )


def as_table(
    block: Table | Bars | Dots | Curve | Lines | Heat | Places | Regions | Gallery | Strip | Beside,
) -> Table:
    """Give any block's numbers as rows of text."""
    if isinstance(block, Table):
        return block
    if isinstance(block, Bars):
        return _bars_table(block)
    if isinstance(block, Dots):
        return _dots_table(block)
    if isinstance(block, Curve):
        points = tuple((f"{x:.4g}", f"{y:.4g}") for x, y in zip(block.x, block.y, strict=True))
        return Table(block.title, (block.x_axis, block.y_axis), points, block.note)
    if isinstance(block, Lines):
        return _lines_table(block)
    if isinstance(block, Heat):
        return _heat_table(block)
    if isinstance(block, Places):
        spots = tuple(
            (trail.name, label, f"{x:.3g}", f"{y:.3g}")
            for trail in block.trails
            for label, x, y in zip(trail.labels, trail.x, trail.y, strict=True)
        )
        return Table(block.title, ("", "", "x", "y"), spots, block.note)
    if isinstance(block, Regions):
        areas = tuple(
            (seen.title, each.name, each.told) for seen in block.maps for each in seen.areas
        )
        return Table(block.title, ("map", "region", ""), areas, block.note)
    if isinstance(block, (Strip, Beside)):
        head = "range" if isinstance(block, Strip) else ""
        shown = galleries_of(block)
        parts = tuple((g.title, ", ".join(t.caption for t in g.tiles)) for g in shown)
        return Table(block.title, (head, "images"), parts, block.note)
    tiles = tuple((str(i), t.value, t.caption, t.detail) for i, t in enumerate(block.tiles, 1))
    return Table(block.title, ("#", "activation", "label", "image"), tiles, block.note)


def _bars_table(bars: Bars) -> Table:
    columns: tuple[str, ...] = ("", bars.axis)
    cells: list[Sequence[str]] = [bars.labels, [f"{value:.3g}" for value in bars.values]]
    if bars.low:
        columns += ("interval",)
        cells.append([f"{a:.3g} to {b:.3g}" for a, b in zip(bars.low, bars.high, strict=True)])
    return Table(bars.title, columns, tuple(zip(*cells, strict=True)), bars.note)


def _dots_table(dots: Dots) -> Table:
    columns, cells = [""], [list(dots.labels)]
    for panel in dots.panels:
        columns.append(f"{panel.name}: {panel.axis}" if panel.name else panel.axis)
        cells.append([f"{value:.3g}" for value in panel.values])
        if panel.low:
            columns.append("interval")
            bounds = zip(panel.low, panel.high, strict=True)
            cells.append([f"{low:.3g} to {high:.3g}" for low, high in bounds])
        if panel.controls:
            columns.append(dots.controls)
            cells.append([_controls(values) for values in panel.controls])
    return Table(dots.title, tuple(columns), tuple(zip(*cells, strict=True)), dots.note)


def _lines_table(lines: Lines) -> Table:
    columns, cells = [lines.x_axis], [list(lines.steps)]
    for stroke in lines.strokes:
        columns.append(stroke.name)
        bands = zip(stroke.low, stroke.high, strict=True)
        told = [f" ({low:.3g} to {high:.3g})" for low, high in bands] or [""] * len(stroke.y)
        cells.append([f"{y:.3g}{band}" for y, band in zip(stroke.y, told, strict=True)])
    title = f"{lines.title}: {lines.y_axis}"
    return Table(title, tuple(columns), tuple(zip(*cells, strict=True)), lines.note)


def _heat_table(heat: Heat) -> Table:
    marked = set(heat.marked)
    rows = tuple(
        (
            name,
            *(
                f"{v:.2f}{' *' if (i, k) in marked else ''}"
                if not heat.opens or heat.opens[i][k]
                else ""
                for k, v in enumerate(values)
            ),
        )
        for i, (name, values) in enumerate(zip(heat.rows, heat.values, strict=True))
    )
    star = "*: framed on the page. " if marked else ""
    return Table(
        f"{heat.title}: {heat.axis}", (heat.corner, *heat.columns), rows, f"{star}{heat.note}"
    )


def _controls(values: tuple[float, ...]) -> str:
    if not values:
        return "-"
    mean = sum(values) / len(values)
    return f"{mean:.3g} ({min(values):.3g} to {max(values):.3g}, n = {len(values)})"


def _tile_html(tile: Tile) -> str:
    return (
        '<figure style="display:inline-block;margin:4px;width:96px">'
        f'<img src="{data_uri(tile.image)}" alt="{escape(tile.caption)}" width="96">'
        f'<figcaption style="font-size:11px" title="{escape(tile.detail)}">'
        f"{escape(tile.value)}<br>{escape(tile.caption)}</figcaption></figure>"
    )


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").lstrip("-").isdecimal()
