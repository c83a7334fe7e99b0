"""Small picture files whose grey level is known."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image


def png(grey: int) -> bytes:
    """Encode a picture of 5 x 4 px, all of one grey level."""
    buffer = io.BytesIO()
    Image.new("RGB", (5, 4), (grey, grey, grey)).save(buffer, "PNG")
    return buffer.getvalue()


def write(root: Path, **files: bytes) -> Path:
    """Write ``folder__name=bytes`` as ``folder/name.png`` below a folder, and give the folder."""
    for name, data in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".png").write_bytes(data)
    return root
