"""Which patterns lie behind the pictures of the miniature's world?

Integer arithmetic throughout, so that no machine rounds differently from another.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# what textures and pictograms are drawn at; they are placed smaller, from one of the halved copies
SIZE_PX = 96
_N_TEXTURES = 8
TRAINING_TEXTURES = tuple(
    f"{kind}-{i}"
    for kind in ("blobs", "clouds", "grain", "stripes", "rings", "dots")
    for i in range(_N_TEXTURES)
)
HELD_OUT_TEXTURES = tuple(
    f"{kind}-{i}" for kind in ("checks", "bricks") for i in range(_N_TEXTURES)
)


def texture(name: str) -> NDArray[np.uint8]:
    """Draw a pattern in greys.

    Parameters
    ----------
    name : str
        One of `TRAINING_TEXTURES` or `HELD_OUT_TEXTURES`.

    Returns
    -------
    ndarray of uint8, (96, 96, 4)
        Red, green, blue and alpha, which is 255 throughout.
    """
    kind, _, number = name.partition("-")
    i = int(number)
    rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX]
    if kind == "blobs":
        grey = noise(SIZE_PX, (3 + i,), seed=i)
    elif kind == "clouds":
        grey = noise(SIZE_PX, (3, 7, 15, 31), seed=100 + i)
    elif kind == "grain":
        grey = noise(SIZE_PX, (SIZE_PX // (1 + i % 3),), seed=200 + i)
    else:
        grey = np.where(_pattern(kind, i, rows, columns), 240, 40)
    pixels = np.repeat(grey[..., None], 4, axis=2)
    pixels[..., 3] = 255
    return pixels.astype(np.uint8)


def _pattern(
    kind: str, i: int, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which pixels of a regular pattern are light; its period grows with i."""
    period = 4 + 2 * i
    light: NDArray[np.bool_]
    if kind == "stripes":
        light = rows % period < period // 2
    elif kind == "rings":
        # of equal areas, so they grow thinner outwards; a squared distance is an integer
        squared = (rows - SIZE_PX // 2) ** 2 + (columns - SIZE_PX // 2) ** 2
        light = squared // (40 * (1 + i)) % 2 == 0
    elif kind == "dots":
        across, down = columns % period - period // 2, rows % period - period // 2
        light = 9 * (across**2 + down**2) < period**2
    elif kind == "checks":
        light = (rows // period + columns // period) % 2 == 0
    else:
        mortar = max(1, period // 6)
        shifted = columns + period * (rows // period % 2)
        light = (rows % period >= mortar) & (shifted % (2 * period) >= mortar)
    return light


def noise(size: int, scales: tuple[int, ...], seed: int) -> NDArray[np.int64]:
    """Mix grids of random greys, each stretched over the whole square.

    Parameters
    ----------
    size : int
        Of the square, px.
    scales : tuple of int
        How many cells each grid has along a side.
    seed : int

    Returns
    -------
    ndarray of int64, (size, size)
        0 to 255; the same on every machine.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    total = np.zeros((size, size), np.int64)
    for n in scales:
        grid = random.integers(0, 256, (n + 1, n + 1), dtype=np.int64)
        # in 256ths of a grid cell
        place = np.arange(size, dtype=np.int64) * n * 256 // size
        cell, part = place // 256, place % 256
        lines: NDArray[np.int64] = (
            grid[cell] * (256 - part)[:, None] + grid[cell + 1] * part[:, None]
        )
        total += (lines[:, cell] * (256 - part) + lines[:, cell + 1] * part) >> 16
    return total // len(scales)
