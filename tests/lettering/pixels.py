"""Pixels to write on, and how Pillow itself writes on them."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import fitted_stamp
from neurons.lettering.typefaces import typeface_for

WORD = Lettering(places=(0.5, 0.5))


def noise(n: int = 2, size: tuple[int, int] = (96, 96), *, seed: int = 0) -> Tensor:
    """Pixels in the memory order that images are loaded in."""
    width, height = size
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (n, height, width, 3), generator=generator, dtype=torch.uint8)
    return pixels.permute(0, 3, 1, 2)


def by_pillow(pixels: Tensor, text: str, lettering: Lettering, corner: Tensor) -> Tensor:
    """Write as a user of Pillow would, so that the word's box begins at the corner."""
    stamp = fitted_stamp(text, lettering, (pixels.shape[2], pixels.shape[1]))
    image = Image.fromarray(pixels.permute(1, 2, 0).numpy().copy())
    ImageDraw.Draw(image).text(
        (int(corner[0]) + stamp.anchor[0], int(corner[1]) + stamp.anchor[1]),
        text,
        fill=lettering.colour,
        font=typeface_for(lettering.font, text, stamp.size_px),
        stroke_width=lettering.stroke_px,
        stroke_fill=lettering.stroke_colour,
    )
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)
