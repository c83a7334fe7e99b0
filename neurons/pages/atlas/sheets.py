"""Where does a small picture lie? In a sheet of many, so that an atlas has few files.

A picture has a code: the number of its cell, its width and its height, in three digits each. The
page's script finds the sheet, and the place in it, from the code alone.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurons.files import write_unflushed

Pixels = NDArray[np.uint8]
# px around a picture that repeat its edge: scaled, no neighbour shines in
_MARGIN = 2


@dataclass(frozen=True)
class Kind:
    """Sheets of one size of pictures.

    Parameters
    ----------
    name : str
        Their files' name, before the number.
    side : int
        Longest side of a picture, px, below 1,000.
    across : int
        Pictures in a row, and rows.
    quality : int
        Of the WebP.
    """

    name: str
    side: int
    across: int
    quality: int = 85

    @property
    def pitch(self) -> int:
        """From one cell's corner to the next one's, px."""
        return self.side + 2 * _MARGIN

    @property
    def cells(self) -> int:
        """Of a sheet."""
        return self.across**2

    def facts(self) -> dict[str, int]:
        """Give what the page's script must know."""
        return {"side": self.side, "across": self.across, "margin": _MARGIN}


# a page shows pictures some 120 px wide, and those of its large galleries some 300 px
SMALL = Kind("s", 96, 8)
LARGE = Kind("l", 256, 4)


def key_of(image: bytes) -> str:
    """Name a picture by its bytes: the same picture is stored once."""
    return hashlib.sha256(image).hexdigest()[:20]


def shrunk(image: bytes, kind: Kind) -> Pixels:
    """Decode a picture, as large as a cell at most.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        What is transparent is shown on white.
    """
    with Image.open(io.BytesIO(image)) as opened:
        if "A" in opened.getbands() or "transparency" in opened.info:
            whole = opened.convert("RGBA")
            paper = Image.new("RGBA", whole.size, "white")
            picture = Image.alpha_composite(paper, whole).convert("RGB")
        else:
            picture = opened.convert("RGB")
    picture.thumbnail((kind.side, kind.side), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def code_of(cell: int, pixels: Pixels) -> int:
    """Give a picture's code."""
    height, width = int(pixels.shape[0]), int(pixels.shape[1])
    return cell * 1_000_000 + width * 1_000 + height


def write_sheet(data: Path, kind: Kind, number: int, pictures: Sequence[Pixels]) -> None:
    """Write one sheet; it may have empty cells at its end.

    Parameters
    ----------
    data : Path
        The folder ``data`` of an atlas.
    kind : Kind
    number : int
        Its cells are those from ``number * kind.cells`` on.
    pictures : sequence of ndarray
        As `shrunk` gives them, at most ``kind.cells``.
    """
    sheet = np.zeros((kind.across * kind.pitch, kind.across * kind.pitch, 3), np.uint8)
    for i, pixels in enumerate(pictures):
        top, left = (kind.pitch * at for at in divmod(i, kind.across))
        edged = np.pad(pixels, ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0)), mode="edge")
        sheet[top : top + edged.shape[0], left : left + edged.shape[1]] = edged
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "WEBP", quality=kind.quality, method=4)
    file = data / sheet_name(kind, number)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_unflushed(file, buffer.getvalue())


def sheet_name(kind: Kind, number: int) -> str:
    """Give a sheet's file, in ``data``."""
    return f"sheets/{kind.name}{number:05d}.webp"


class Shelf:
    """The pictures of one kind that have a cell already.

    Parameters
    ----------
    kind : Kind
    codes : mapping of str to int
        Of the pictures that are there, by their key.
    n_sheets : int
        Sheets that are there; the next picture begins a new one.
    """

    def __init__(self, kind: Kind, codes: Mapping[str, int], n_sheets: int) -> None:
        self.kind, self.codes, self.n_sheets = kind, dict(codes), n_sheets

    def add(self, data: Path, pictures: Mapping[str, Pixels]) -> dict[str, int]:
        """Write those that are new into sheets of their own, and give their codes.

        Parameters
        ----------
        data : Path
        pictures : mapping of str to ndarray
            By their keys.
        """
        new = [key for key in pictures if key not in self.codes]
        added = {}
        for start in range(0, len(new), self.kind.cells):
            keys = new[start : start + self.kind.cells]
            write_sheet(data, self.kind, self.n_sheets, [pictures[key] for key in keys])
            for i, key in enumerate(keys):
                added[key] = code_of(self.n_sheets * self.kind.cells + i, pictures[key])
            self.n_sheets += 1
        self.codes.update(added)
        return added
