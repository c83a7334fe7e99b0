"""Which words may things be called by, and of which family is each?

The families are those of Goh et al., "Multimodal neurons in artificial neural networks", Distill
2021, with animals, nature and things apart. A unit with names of two families is polysemantic.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from neurons.errors import OptionError

SHIPPED = "shipped"


def shipped_vocabulary() -> dict[str, str]:
    """Give about 1,000 words, each with its family: ``{"Japan": "region", "iPod": "brand"}``."""
    text = (files("neurons.readouts") / "vocabulary.csv").read_text(encoding="utf-8")
    return {row["word"]: row["family"] for row in csv.DictReader(text.splitlines())}


def read_vocabulary(path: str | Path) -> dict[str, str]:
    """Read words, and their families as far as they are known.

    Parameters
    ----------
    path : str or Path
        ``shipped``; or a file of a word a line, or a ``.csv`` file with a column ``word`` and, if
        known, ``family``.

    Returns
    -------
    dict of str to str
        Of each word its family, or the word itself.

    Raises
    ------
    OptionError
        If there is no such file, it is no text, or holds no words.
    """
    if str(path) == SHIPPED:
        return shipped_vocabulary()
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"cannot read the vocabulary {str(path)!r}: {error}") from None
    found = _table(path, text) if path.suffix.lower() == ".csv" else _lines(text)
    if not found:
        raise OptionError(f"vocabulary {str(path)!r} holds no words; write a word a line")
    return found


def folded(vocabulary: Mapping[str, str]) -> dict[str, str]:
    """Give the families by words without capitals, to look classes up by."""
    return {word.casefold(): family for word, family in vocabulary.items()}


def _lines(text: str) -> dict[str, str]:
    words = [line.strip() for line in text.splitlines()]
    return {word: word for word in words if word and not word.startswith("#")}


def _table(path: Path, text: str) -> dict[str, str]:
    rows = csv.DictReader(text.splitlines())
    if "word" not in (rows.fieldnames or ()):
        there = ", ".join(rows.fieldnames or ()) or "none"
        raise OptionError(f"vocabulary {str(path)!r} has no column 'word'; its columns: {there}")
    words = [(row["word"].strip(), (row.get("family") or "").strip()) for row in rows]
    return {word: family or word for word, family in words if word}
