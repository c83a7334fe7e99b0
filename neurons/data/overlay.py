"""How is a map of numbers laid over an image?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurons.data.decoding import Pixels

# what speaks for is warm, what speaks against is cool
FOR, AGAINST = np.array([230.0, 90.0, 20.0]), np.array([40.0, 90.0, 220.0])
# how much of the picture the strongest place hides
_MOST = 0.72
_SIDE = 224


def overlaid(pixels: Pixels, values: NDArray[np.floating], *, largest: float = 0.0) -> Pixels:
    """Colour the places of a map on an image: orange above 0, blue below, the stronger the more.

    Parameters
    ----------
    pixels : ndarray of uint8, (height, width, 3)
        What the map covers, whole: the network's input. It is made grey, and at least 224 px wide.
    values : ndarray of float, (rows, columns)
        The first row lies at the top.
    largest : float
        The size that has the full colour; default: the map's own.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
    """
    grey = Image.fromarray(magnified(pixels)).convert("L")
    picture = np.repeat(np.asarray(grey, np.float64)[:, :, None], 3, axis=2)
    high, wide = picture.shape[:2]
    full = largest or float(np.abs(values).max()) or 1.0
    share = np.clip(values / full, -1, 1)
    # each place is as large as the part of the input that it stands for: no place is smoothed away
    rows = np.arange(high) * values.shape[0] // high
    columns = np.arange(wide) * values.shape[1] // wide
    shown = share[rows][:, columns][:, :, None]
    opacity = _MOST * np.abs(shown)
    found = (1 - opacity) * picture + opacity * np.where(shown > 0, FOR, AGAINST)
    drawn: Pixels = found.round().astype(np.uint8)
    return drawn


def magnified(pixels: Pixels) -> Pixels:
    """Make a small picture about 224 px wide, by a whole factor."""
    scale = max(1, round(_SIDE / max(pixels.shape[:2])))
    size = pixels.shape[1] * scale, pixels.shape[0] * scale
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
