"""How is a small and safe copy of an image made? Its pixels are encoded anew, nothing else."""

from __future__ import annotations

import io

from PIL import Image

from neurons.data.decoding import Pixels


def thumbnail(pixels: Pixels, *, side: int = 224) -> bytes:
    """Encode pixels as WebP, the longer side at most ``side`` px; small images stay as they are.

    No metadata of the original survives, since only its pixels go in.
    """
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    # small pictures show compression first: keep them whole
    image.save(buffer, "WEBP", quality=88, method=4, lossless=max(image.size) <= 96)
    return buffer.getvalue()
