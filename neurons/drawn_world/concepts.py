"""What exists in the miniature's world?"""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from neurons.errors import OptionError

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Concept:
    """One thing of the world, drawn and written in several ways.

    Parameters
    ----------
    name : str
    family : str
    words : tuple of str
        Synonyms; each may be written on a picture or stand in a caption.
    pictograms : tuple of str
        Files of ``pictograms/`` without their ending.
    facets : tuple of str
        What each pictogram shows of the concept, in their order; empty where it has no facets.
    parts : tuple of str
        The concepts that a compositional class is made of.
    ink : (red, green, blue) or None
        The colour in which everything of this concept is drawn.
    hats : mapping from colour to share
        How often the hat has each colour; empty where nobody wears one.
    opposite : str or None
    """

    name: str
    family: str
    words: tuple[str, ...]
    pictograms: tuple[str, ...]
    facets: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    ink: tuple[int, int, int] | None = None
    hats: Mapping[str, float] = field(default_factory=dict, hash=False)
    opposite: str | None = None

    def facet(self, pictogram: str) -> str:
        """Tell what a pictogram shows of the concept; empty where it has no facets."""
        return self.facets[self.pictograms.index(pictogram)] if self.facets else ""


@functools.cache
def concepts() -> dict[str, Concept]:
    """Read the manifest, ``world.toml``: every concept by name, in the manifest's order."""
    manifest = tomllib.loads((HERE / "world.toml").read_text(encoding="utf-8"))
    return {name: _concept(name, entry) for name, entry in manifest.items()}


def concept(name: str) -> Concept:
    """Find a concept by name.

    Raises
    ------
    OptionError
        If the world holds none of that name.
    """
    known = concepts()
    if name not in known:
        near = ", ".join(difflib.get_close_matches(name, known, n=3)) or ", ".join(list(known)[:3])
        raise OptionError(f"no concept {name!r} in the miniature's world; nearest: {near}")
    return known[name]


def concept_of_word(word: str) -> Concept | None:
    """Find the concept that a written word stands for; None where it means nothing here."""
    return _by_word().get(word.lower())


@functools.cache
def _by_word() -> dict[str, Concept]:
    return {word: concept for concept in concepts().values() for word in concept.words}


def _concept(name: str, entry: Mapping[str, object]) -> Concept:
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in entry.items()}
    facets: tuple[str, ...] = values.get("facets", ())  # type: ignore[assignment]
    default = tuple(f"{name}-{facet}" for facet in facets) or (name.replace(" ", "-"),)
    return Concept(name, **{"pictograms": default, **values})  # type: ignore[arg-type]
