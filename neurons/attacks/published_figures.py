"""What did others measure with the same model on the same typographic set?"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FIGURES = Path(__file__).parent / "published_typography.json"


@dataclass(frozen=True)
class Published:
    """A published two-way accuracy.

    Parameters
    ----------
    model : str
        As the source calls it.
    kind : str
        Part of the set.
    accuracy : float in [0, 1]
    citation : str
    """

    model: str
    kind: str
    accuracy: float
    citation: str


def published(set_name: str, model: str) -> tuple[Published, ...]:
    """Find the figures of one model on one set.

    Parameters
    ----------
    set_name : str
        As `neurons.attacks.typographic_set.TypographicSet` has it.
    model : str
        As `neurons.load` takes it: ``RN50x4/openai``. A tag that begins as the source's does
        counts as the same: sources shorten them.

    Returns
    -------
    tuple of Published
        One per part of the set; empty where nobody published any.
    """
    architecture, _, tag = model.partition("/")
    return tuple(
        Published(f"{row['model']} {row['tag']}", kind, float(value), source["citation"])
        for source in _figures()
        if source["set"] == set_name
        for row in source["rows"]
        # open_clip has OpenAI's weights under two names, with and without their activation's
        if row["model"] == architecture.removesuffix("-quickgelu") and tag.startswith(row["tag"])
        for kind, value in row.items()
        if kind not in ("model", "tag")
    )


@functools.cache
def _figures() -> list[dict[str, Any]]:
    figures: list[dict[str, Any]] = json.loads(_FIGURES.read_text(encoding="utf-8"))
    return figures
