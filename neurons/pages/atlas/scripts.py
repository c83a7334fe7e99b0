"""How do data reach a page that is opened from disk? As classic scripts that call one function.

From ``file://`` a browser loads neither JSON nor modules; a script it loads always.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neurons.files import write_unflushed


def write_script(data: Path, name: str, payload: Any) -> None:
    """Write a script that calls ``atlas(name, payload)``.

    Parameters
    ----------
    data : Path
        The folder ``data`` of an atlas.
    name : str
        Also the file's, such as ``units/00012``.
    payload : plain values
        Text in it may be hostile; numbers must be finite.
    """
    file = data / f"{name}.js"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_unflushed(file, script(name, payload))


def script(name: str, payload: Any) -> bytes:
    """Give the script's bytes: ASCII only, and nothing in it ends a script or begins a tag."""
    text = json.dumps(payload, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return f'atlas("{name}",{text.replace("<", chr(92) + "u003c")});\n'.encode()


def numbers(values: Sequence[float]) -> list[float | int | None]:
    """Give numbers with four significant digits, whole ones whole; None where there is none."""
    return [_number(float(value)) for value in values]


def coded(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Write a text per unit as a list of different texts, the most frequent first, and codes.

    Returns
    -------
    dict
        ``words`` and, per unit, the place of its text in them under ``codes``.
    """
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    words = sorted(counts, key=lambda word: (-counts[word], word))
    code = {word: i for i, word in enumerate(words)}
    return {"words": words, "codes": [code[text] for text in texts]}


def _number(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    if value.is_integer() and abs(value) < 2**53:
        return int(value)
    short = float(f"{value:.4g}")
    return int(short) if short.is_integer() and abs(short) < 2**53 else short
