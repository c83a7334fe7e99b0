"""How does one thing look before it is placed: a pictogram in a rendition, a word, a texture?

A sprite is a cached picture with transparency. Everything after the rasterisers is integer
arithmetic, so that no machine rounds differently from another.
"""

from __future__ import annotations

import functools
import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from neurons.drawn_world.fonts import open_font
from neurons.drawn_world.textures import SIZE_PX, noise, texture

Pixels = NDArray[np.uint8]

RENDITIONS = ("flat", "outline", "photo", "silhouette")
HATS = {"red": "#d42424", "yellow": "#f4d620", "blue": "#2454d6", "green": "#28a03c"}
# the height of a line of text, likewise
TEXT_PX = 32
N_LIGHTS = 4

_SVG = "{http://www.w3.org/2000/svg}"
_SHAPES = {f"{_SVG}{shape}" for shape in ("path", "circle", "ellipse", "rect")}
_PICTOGRAMS = Path(__file__).parent / "pictograms"


@dataclass(frozen=True)
class Pictogram:
    """A pictogram in one rendition.

    Parameters
    ----------
    name : str
        A file of ``pictograms/``.
    rendition : str
        One of `RENDITIONS`. An outline and a silhouette are white and take the colour that they
        are drawn with.
    hat : str
        Colour of the hat, one of `HATS`, where somebody wears one.
    light : int
        Which of the lights and surfaces a photo has.
    """

    name: str
    rendition: str
    hat: str = ""
    light: int = 0


@dataclass(frozen=True)
class Word:
    """A written text, white, on nothing; drawn in the colour that it is given."""

    text: str
    font: str


@dataclass(frozen=True)
class Texture:
    """A pattern in greys behind everything else; of `TRAINING_TEXTURES` or the held-out ones."""

    name: str


@dataclass(frozen=True)
class Plate:
    """A plain white rectangle: the sheet of paper that a word is written on."""


Sprite = Pictogram | Word | Texture | Plate


@functools.lru_cache(maxsize=65536)
def raster(sprite: Sprite) -> Pixels:
    """Give a sprite's pixels.

    Returns
    -------
    ndarray of uint8, (height, width, 4)
        Red, green and blue multiplied by alpha, then alpha; the outermost pixels are transparent.
    """
    if isinstance(sprite, Pictogram):
        return _framed(_render(sprite))
    if isinstance(sprite, Word):
        return _framed(_written(sprite))
    if isinstance(sprite, Texture):
        return _framed(texture(sprite.name))
    return _framed(np.full((16, 16, 4), 255, np.uint8))


def halved(pixels: Pixels) -> Pixels:
    """Halve a sprite, each pixel the mean of four."""
    height, width = (pixels.shape[0] // 2) * 2, (pixels.shape[1] // 2) * 2
    block = pixels[:height, :width].astype(np.uint16)
    total = block[::2, ::2] + block[1::2, ::2] + block[::2, 1::2] + block[1::2, 1::2]
    return _framed(((total + 2) >> 2).astype(np.uint8))


def _framed(pixels: Pixels) -> Pixels:
    # what lies outside a sprite is read from its rim
    return np.pad(pixels, ((1, 1), (1, 1), (0, 0)))


def _render(sprite: Pictogram) -> Pixels:
    if sprite.rendition == "outline":
        lines = _rasterised(sprite, _outline_style)
        # black lines on white shapes: the ink is what is missing to white
        ink = lines[..., 3] - lines[..., :3].max(axis=2)
        return np.repeat(ink[..., None], 4, axis=2)
    if sprite.rendition == "silhouette":
        shape = _stencil(_rasterised(sprite, _bare_style))
        return np.repeat(shape[..., None], 4, axis=2)
    flat = _rasterised(sprite, _flat_style)
    return flat if sprite.rendition == "flat" else _lit(flat, sprite.light)


def _rasterised(sprite: Pictogram, style: Callable[[ElementTree.Element], None]) -> Pixels:
    root = _expanded(sprite.name)
    for shape in root.iter():
        if shape.tag in _SHAPES:
            if shape.get("fill") == "HAT":
                shape.set("fill", HATS[sprite.hat])
            style(shape)
    png = resvg_py.svg_to_bytes(
        svg_string=ElementTree.tostring(root, encoding="unicode"),
        width=SIZE_PX,
        height=SIZE_PX,
        skip_system_fonts=True,
    )
    straight = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).astype(np.uint16)
    alpha = straight[..., 3:]
    return np.concatenate([(straight[..., :3] * alpha + 127) // 255, alpha], 2).astype(np.uint8)


def _expanded(name: str) -> ElementTree.Element:
    """Read a pictogram with the pictograms that it uses put in their places."""
    root = ElementTree.parse(_PICTOGRAMS / f"{name}.svg").getroot()
    for i, child in enumerate(list(root)):
        if child.tag == f"{_SVG}use":
            group = ElementTree.Element(f"{_SVG}g", transform=child.get("transform", ""))
            group.extend(_expanded(child.attrib["href"].removesuffix(".svg")))
            root[i] = group
    return root


def _bare_style(shape: ElementTree.Element) -> None:
    """Leave a shape as it was drawn."""


def _flat_style(shape: ElementTree.Element) -> None:
    if shape.get("fill") != "none" and shape.get("stroke") is None:
        # a thin dark rim keeps a white shape visible on a white ground
        shape.set("stroke", "#20242a")
        shape.set("stroke-width", "1.2")


def _outline_style(shape: ElementTree.Element) -> None:
    if shape.get("fill") != "none":
        shape.set("fill", "#fff")
        shape.set("stroke-width", "3")
    shape.set("stroke", "#000")


def _stencil(bare: Pixels) -> Pixels:
    """Cut the darkest details out of the shape, as a stencil does, unless it is mostly dark."""
    alpha = bare[..., 3]
    grey = bare[..., :3].astype(np.int32) @ np.array([77, 150, 29]) // 256
    dark = (grey < 60) & (alpha > 128)
    if 5 * dark.sum() > 2 * (alpha > 128).sum():
        return alpha
    return np.where(dark, 0, alpha).astype(np.uint8)


def _lit(flat: Pixels, light: int) -> Pixels:
    """Give a flat drawing a rough surface and a light from one corner."""
    rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX]
    across = columns if light % 2 else SIZE_PX - 1 - columns
    down = rows if light // 2 % 2 else SIZE_PX - 1 - rows
    shade = 120 + (across + down) * 3 // 4
    surface = noise(SIZE_PX, (6, 16, 48), seed=900 + light) * 96 // 256 - 48
    brightness = np.clip(shade + surface, 40, 255)[..., None]
    lit = flat.astype(np.int64)
    lit[..., :3] = lit[..., :3] * brightness // 255
    # towards the light the colour fades to white
    gloss = np.clip(shade - 215, 0, 60)[..., None]
    lit[..., :3] += (lit[..., 3:] - lit[..., :3]) * gloss // 160
    return lit.astype(np.uint8)


def _written(sprite: Word) -> Pixels:
    font = open_font(sprite.font, TEXT_PX)
    left, top, right, bottom = font.getbbox(sprite.text)
    size = (max(1, int(right - left)), max(1, int(bottom - top)))
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).text((-left, -top), sprite.text, font=font, fill=255)
    return np.repeat(np.asarray(mask)[..., None], 4, axis=2)


def pictogram_names() -> list[str]:
    """List the files of ``pictograms/``."""
    return sorted(re.sub(r"\.svg$", "", path.name) for path in _PICTOGRAMS.glob("*.svg"))
