"""What these tests share."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def pixels(image: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(image)))
