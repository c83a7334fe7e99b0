"""How are lists written? Parted by commas, repeated, or one a line in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def parted(texts: Sequence[str]) -> list[str]:
    """Read an option that may be repeated, and whose values may be parted by commas."""
    return [part for text in texts for part in text.split(",") if part]


def listed(text: str) -> list[str]:
    """Read strings: a file with one a line, or parted by commas."""
    if Path(text).is_file():
        return lines(Path(text))
    return [part.strip() for part in text.split(",") if part.strip()]


def lines(path: Path) -> list[str]:
    """Read the lines of a text file that are not empty."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
