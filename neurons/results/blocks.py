"""What can a result be shown as? Five kinds of block; whoever draws them knows nothing else."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from neurons.geometry import Box


@dataclass(frozen=True)
class Note:
    """A sentence or two beside the numbers: what they mean, and what they do not."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of text, numbers already formatted with their units."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Bars:
    """One bar a label, with a confidence interval where ``low`` and ``high`` are given.

    ``reference`` is the value that means "nothing there", drawn as a line.
    """

    title: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    axis: str
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    reference: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Curve:
    """A line over a numeric axis; ``log`` draws the vertical axis logarithmically.

    The steps of a histogram, or, where each number was measured by itself, ``points``.
    """

    title: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    x_axis: str
    y_axis: str
    log: bool = False
    note: str = ""
    points: bool = False


@dataclass(frozen=True)
class Tile:
    """One picture of a gallery.

    Parameters
    ----------
    image : bytes
        An encoded thumbnail, made from decoded pixels: nothing of the original file is in it.
    crop : bytes
        The part inside ``box``, encoded; empty where there is none.
    value : str
        The number under it, formatted.
    caption : str
        What it is: a label, or the file's name. May be hostile text, like ``detail``.
    detail : str
        Which image it is: its id.
    box : Box, optional
        What to outline, in shares of the image.
    """

    image: bytes
    value: str
    caption: str
    detail: str = ""
    box: Box | None = None
    crop: bytes = b""


@dataclass(frozen=True)
class Gallery:
    """Pictures in a grid, in an order that means something."""

    title: str
    tiles: tuple[Tile, ...]
    note: str = ""


@dataclass(frozen=True)
class Strip:
    """Several small galleries side by side, such as one a bucket of the activation range."""

    title: str
    galleries: tuple[Gallery, ...]
    note: str = ""


Block = Note | Table | Bars | Curve | Gallery | Strip


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
    if isinstance(block, Strip):
        inner = "".join(as_html(gallery) for gallery in block.galleries)
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
        f"{curve.x[0]:.3g} {line} {curve.x[-1]:.3g}   ({curve.y_axis} over {curve.x_axis}{scale})"
    )


def as_table(block: Table | Bars | Curve | Gallery | Strip) -> Table:
    """Give any block's numbers as rows of text."""
    if isinstance(block, Table):
        return block
    if isinstance(block, Bars):
        return _bars_table(block)
    if isinstance(block, Curve):
        points = tuple((f"{x:.4g}", f"{y:.4g}") for x, y in zip(block.x, block.y, strict=True))
        return Table(block.title, (block.x_axis, block.y_axis), points, block.note)
    if isinstance(block, Strip):
        parts = tuple((g.title, ", ".join(t.caption for t in g.tiles)) for g in block.galleries)
        return Table(block.title, ("range", "sampled images"), parts, block.note)
    tiles = tuple((str(i), t.value, t.caption, t.detail) for i, t in enumerate(block.tiles, 1))
    return Table(block.title, ("#", "activation", "label", "image"), tiles, block.note)


def _bars_table(bars: Bars) -> Table:
    columns: tuple[str, ...] = ("", bars.axis)
    cells: list[Sequence[str]] = [bars.labels, [f"{value:.3g}" for value in bars.values]]
    if bars.low:
        columns += ("interval",)
        cells.append([f"{a:.3g} to {b:.3g}" for a, b in zip(bars.low, bars.high, strict=True)])
    return Table(bars.title, columns, tuple(zip(*cells, strict=True)), bars.note)


def _tile_html(tile: Tile) -> str:
    return (
        '<figure style="display:inline-block;margin:4px;width:96px">'
        f'<img src="{data_uri(tile.image)}" alt="{escape(tile.caption)}" width="96">'
        f'<figcaption style="font-size:11px" title="{escape(tile.detail)}">'
        f"{escape(tile.value)}<br>{escape(tile.caption)}</figcaption></figure>"
    )


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").lstrip("-").isdecimal()
