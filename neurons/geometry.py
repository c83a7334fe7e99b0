"""Where on an image? A box, in shares of its sides."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle on an image, in shares of its width and height, from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float
