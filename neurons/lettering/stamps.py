"""What does a written word look like before it is on an image? Masks that Pillow drew, once.

A stamp is a pile of masks, each with its colour, from the bottom up: the plate, the stroke, the
letters. Laid on an image one after the other they give what `PIL.ImageDraw.text` gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from neurons.lettering.lettering import Colour, Lettering

Mask = NDArray[np.uint8]

# paper around the letters, in em: about what a label has
_MARGIN = 0.25


@dataclass(frozen=True)
class ColouredMask:
    """A mask and the colour that is laid through it.

    Parameters
    ----------
    mask : ndarray of uint8, (height, width)
        255 covers what lies below, 0 leaves it.
    colour : (red, green, blue)
    """

    mask: Mask
    colour: Colour


@dataclass(frozen=True, eq=False)
class Stamp:
    """A word ready to be laid on images.

    Parameters
    ----------
    letters : tuple of ColouredMask
        The stroke, where it has a colour of its own, and the letters; all masks have one size.
    plate : ColouredMask or None
        The paper below them.
    anchor : (x, y)
        Where `PIL.ImageDraw.text` would be told to begin, from the stamp's top left corner, px.
        A turned stamp has the corner itself.
    font : str
        Name of the typeface that was used.
    size_px : float
        Height of its em square.
    """

    letters: tuple[ColouredMask, ...]
    plate: ColouredMask | None
    anchor: tuple[int, int]
    font: str
    size_px: float

    @property
    def masks(self) -> tuple[ColouredMask, ...]:
        """All of them, from the bottom up."""
        return self.letters if self.plate is None else (self.plate, *self.letters)

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.masks[0].mask.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.masks[0].mask.shape[0])

    @cached_property
    def ink(self) -> int:
        """Pixels that any of the masks touches."""
        return int(np.any([each.mask > 0 for each in self.masks], axis=0).sum())


def word_stamp(text: str, font: ImageFont.FreeTypeFont, lettering: Lettering) -> Stamp:
    """Draw a word's masks.

    Parameters
    ----------
    text : str
        One line.
    font : FreeTypeFont
        The typeface that is used, at the size that is used.
    lettering : Lettering
        Gives colours, stroke, plate and rotation. A plate is a quarter of an em larger each way.
        Pillow turns the masks (bicubic); turned letters are therefore not those that FreeType
        would draw along a slanted line.
    """
    stroke_px, colour = lettering.stroke_px, lettering.colour
    stroke_colour, plate = lettering.stroke_colour, lettering.plate
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke_px)
    # one pixel more each way: hinted glyphs may reach over their box
    x, y = 1 - math.floor(left), 1 - math.floor(top)
    size = (math.ceil(right) + x + 1, math.ceil(bottom) + y + 1)
    masks = [_drawn(text, font, size, (x, y), stroke_px)]
    colours = [colour]
    if stroke_px and stroke_colour is not None and stroke_colour != colour:
        masks.append(_drawn(text, font, size, (x, y), 0))
        colours.insert(0, stroke_colour)
    box = masks[0].getbbox() or (0, 0, 1, 1)
    masks = [mask.crop(box) for mask in masks]
    anchor = (x - box[0], y - box[1])
    if plate is not None:
        margin = round(_MARGIN * font.size)
        masks = [_framed(mask, margin) for mask in masks]
        masks.insert(0, Image.new("L", masks[0].size, 255))
        colours.insert(0, plate)
        anchor = (anchor[0] + margin, anchor[1] + margin)
    if lettering.rotation_deg % 360:
        masks, anchor = _turned(masks, lettering.rotation_deg), (0, 0)
    coloured = [
        ColouredMask(np.asarray(mask), colour) for mask, colour in zip(masks, colours, strict=True)
    ]
    paper = None if plate is None else coloured.pop(0)
    return Stamp(tuple(coloured), paper, anchor, Path(str(font.path)).stem, font.size)


def blank_stamp(stamp: Stamp) -> Stamp:
    """Take the letters away: leave the bare plate, or where there is none a patch of as much ink.

    The patch has the colour and proportions of the letters, lies in the middle of their box, and
    covers as many pixels as they and their stroke touch.
    """
    if stamp.plate is not None:
        return replace(stamp, letters=())
    scale = math.sqrt(stamp.ink / (stamp.width * stamp.height))
    height = max(round(stamp.height * scale), math.ceil(stamp.ink / stamp.width))
    width = math.ceil(stamp.ink / height)
    patch = np.zeros(height * width, np.uint8)
    patch[: stamp.ink] = 255
    mask = np.zeros((stamp.height, stamp.width), np.uint8)
    top, left = (stamp.height - height) // 2, (stamp.width - width) // 2
    mask[top : top + height, left : left + width] = patch.reshape(height, width)
    return replace(stamp, letters=(ColouredMask(mask, stamp.letters[-1].colour),))


def _drawn(
    text: str,
    font: ImageFont.FreeTypeFont,
    size: tuple[int, int],
    at: tuple[int, int],
    stroke_px: int,
) -> Image.Image:
    canvas = Image.new("L", size)
    # white on black gives the mask itself: blending 255 over 0 by m is m
    ImageDraw.Draw(canvas).text(at, text, fill=255, font=font, stroke_width=stroke_px)
    return canvas


def _framed(mask: Image.Image, margin: int) -> Image.Image:
    framed = Image.new("L", (mask.width + 2 * margin, mask.height + 2 * margin))
    framed.paste(mask, (margin, margin))
    return framed


def _turned(masks: Sequence[Image.Image], degrees: float) -> list[Image.Image]:
    turned = [mask.rotate(degrees, Image.Resampling.BICUBIC, expand=True) for mask in masks]
    # the bottom mask reaches as far as any
    box = turned[0].getbbox() or (0, 0, 1, 1)
    return [mask.crop(box) for mask in turned]
