"""What is a picture's shape without its texture, and its texture without its shape?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from neurons.data.decoding import Pixels
from neurons.data.distortions import scramble_phases
from neurons.errors import BadImageError

Cover = NDArray[np.float32]
# takes a picture and a side in px, gives how much of each pixel is the shape's, in [0, 1]
ShapeOf = Callable[[Pixels, int], Cover]
# takes a picture, a side in px and a generator
TextureOf = Callable[[Pixels, int, np.random.Generator], Pixels]

# levels of grey by which a thing differs from its ground
_DIFFERS = 24
# half the width, in shares of the side, below which a shape is nothing but lines
_THIN = 1 / 40
# of the rim that must be plain, and of the picture that a thing may cover
_PLAIN, _LEAST, _MOST = 0.9, 0.02, 0.9
# a texture's cells along a side
_CELLS = 8
# of the pixels that are lines in an edge map
_LINES = 0.12


def silhouette(pixels: Pixels, side_px: int) -> Cover:
    """Cut a thing out of its plain ground, and fill what its outline encloses.

    Parameters
    ----------
    pixels : ndarray of uint8, (height, width, 3)
        A silhouette, a line drawing, or a thing before a plain ground.
    side_px : int

    Returns
    -------
    ndarray of float32, (side_px, side_px)
        1 where the thing is.

    Raises
    ------
    BadImageError
        If the ground is not plain, next to nothing or all of the picture differs from it, or lines
        enclose nothing: then there is no outline to be had without a segmentation.
    """
    image = _squared(pixels, side_px)
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).astype(np.int16)
    ground = np.median(rim, axis=0)
    plain = float((np.abs(rim - ground).max(1) < _DIFFERS).mean())
    if plain < _PLAIN:
        raise BadImageError(
            f"its ground is not plain ({plain:.0%} of the rim has one colour): a silhouette needs "
            f"a drawing or a thing before a plain ground; take its edges instead"
        )
    differs = np.abs(image.astype(np.int16) - ground).max(2) >= _DIFFERS
    # a drawn outline may have small gaps
    closed = ndimage.binary_closing(np.pad(differs, 4), iterations=2)[4:-4, 4:-4]
    filled = ndimage.binary_fill_holes(closed | differs)
    share = float(filled.mean())
    if not _LEAST <= share <= _MOST:
        raise BadImageError(f"{share:.0%} of it differs from its ground: no outline of a thing")
    if ndimage.distance_transform_edt(filled).max() < _THIN * side_px:
        raise BadImageError("it consists of lines that enclose nothing: no place for a texture")
    # softened by half a pixel
    found: Cover = ndimage.gaussian_filter(filled.astype(np.float32), 0.5)
    return found


def edges(pixels: Pixels, side_px: int) -> Cover:
    """Draw the strongest edges of any picture as lines, (side_px, side_px) of float32 in [0, 1].

    Raises
    ------
    BadImageError
        If the picture has no edges at all.
    """
    grey = np.asarray(Image.fromarray(_squared(pixels, side_px)).convert("L"), np.float32)
    slope = ndimage.gaussian_gradient_magnitude(grey, 1.0 + side_px / 224)
    level = float(np.quantile(slope, 1 - _LINES))
    if slope.max() < 1:
        raise BadImageError("it has no edges: all of it is of one grey")
    # nothing is a line that is ten times fainter than the strongest
    found: Cover = (slope >= max(level, 0.1 * float(slope.max()))).astype(np.float32)
    return found


def patches(pixels: Pixels, side_px: int, random: np.random.Generator) -> Pixels:
    """Give a texture of small cells from anywhere in a picture's middle, in any order.

    Parameters
    ----------
    pixels : ndarray of uint8, (height, width, 3)
    side_px : int
    random : Generator

    Returns
    -------
    ndarray of uint8, (side_px, side_px, 3)
        Eight cells along a side: what is larger than a cell is gone.
    """
    image = _filled(pixels, side_px)
    cell = -(-side_px // _CELLS)
    # the rim is mostly ground
    low, high = side_px // 6, side_px - side_px // 6 - cell
    rows = []
    for _ in range(_CELLS):
        places = random.integers(low, max(high, low + 1), (_CELLS, 2))
        rows.append(np.hstack([image[y : y + cell, x : x + cell] for y, x in places]))
    return np.ascontiguousarray(np.vstack(rows)[:side_px, :side_px])


def spectrum(pixels: Pixels, side_px: int, random: np.random.Generator) -> Pixels:
    """Give noise that has a picture's amplitude at every frequency, and its colours.

    References
    ----------
    Galerne, Gousseau, Morel, "Random phase textures: theory and synthesis", IEEE Transactions on
    Image Processing 2011.
    """
    image = torch.from_numpy(_filled(pixels, side_px).copy()).permute(2, 0, 1)[None]
    seed = int(random.integers(2**31))
    return np.ascontiguousarray(scramble_phases(image, 180, [seed])[0].permute(1, 2, 0).numpy())


def under_silhouette(cover: Cover, texture: Pixels) -> Pixels:
    """Put a texture into a shape, on white."""
    return _mixed(texture, np.full_like(texture, 255), cover)


def under_edges(cover: Cover, texture: Pixels) -> Pixels:
    """Draw black lines over a texture."""
    return _mixed(np.zeros_like(texture), texture, cover)


def _mixed(above: Pixels, below: Pixels, cover: Cover) -> Pixels:
    mixed = above * cover[..., None] + below * (1 - cover[..., None])
    return np.asarray(mixed.round().clip(0, 255), np.uint8)


def _squared(pixels: Pixels, side_px: int) -> Pixels:
    """Fit a picture into a square, the rest in the colour of its rim."""
    image = Image.fromarray(pixels)
    scale = side_px / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = np.asarray(image.resize(size, Image.Resampling.BICUBIC))
    rim = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    whole = np.empty((side_px, side_px, 3), np.uint8)
    whole[:] = np.median(rim, axis=0)
    top, left = (side_px - size[1]) // 2, (side_px - size[0]) // 2
    whole[top : top + size[1], left : left + size[0]] = small
    return whole


def _filled(pixels: Pixels, side_px: int) -> Pixels:
    """Fill a square with a picture's middle."""
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    middle = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(middle.resize((side_px, side_px), Image.Resampling.BICUBIC))
