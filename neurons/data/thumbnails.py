"""How is a small and safe copy of an image made? Its pixels are encoded anew, nothing else."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

from neurons.data.decoding import Pixels

SIDE = 224


@dataclass(frozen=True)
class SmallCopy:
    """A small copy of an image.

    Parameters
    ----------
    encoded : bytes
    width, height : int
        Of the image itself, px.
    """

    encoded: bytes
    width: int
    height: int

    @property
    def is_whole(self) -> bool:
        """Whether it has every pixel of the image, so that a part cut out shows no more."""
        return max(self.width, self.height) <= SIDE


def thumbnail(pixels: Pixels, *, side: int = SIDE, effort: int | None = None) -> bytes:
    """Encode pixels as WebP, the longer side at most ``side`` px; small images stay as they are.

    No metadata of the original survives, since only its pixels go in. WebP's ``effort``, 0 to 6,
    makes files smaller and takes longer; default: what suits files that are kept.
    """
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    # small pictures show compression first: keep them whole. More effort makes files 3 % smaller in
    # four times the time
    lossless = max(image.size) <= 96
    usual = 1 if lossless else 4
    method = usual if effort is None else effort
    image.save(buffer, "WEBP", quality=88, method=method, lossless=lossless)
    return buffer.getvalue()
