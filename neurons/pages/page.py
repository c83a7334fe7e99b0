"""What stands on one page? Results, with what was found said first."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neurons.results.blocks import Block
from neurons.results.provenance import model_of
from neurons.results.result import Result

# letters of a line in an index
_LONGEST = 150
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=['\"(]?[A-Z0-9])")


@dataclass(frozen=True)
class Page:
    """One page of a report.

    Parameters
    ----------
    title : str
        Also the file's name, as far as its characters allow.
    subtitle : str
    facts : tuple of (str, str)
        A few values that stand at the top; numbers among them are columns of the index.
    results : tuple of Result
        Drawn in order.
    lead : str
        What was found, in a sentence or two: the first and largest text of the page.
    summary : str
        The same in one short line, for the index; default: the first sentence of the lead.
    """

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    results: tuple[Result, ...]
    lead: str = ""
    summary: str = ""

    @classmethod
    def of(
        cls,
        result: Result,
        *,
        subtitle: str = "",
        above: Sequence[Result] = (),
        below: Sequence[Result] = (),
        lead: str = "",
        summary: str = "",
    ) -> Page:
        """Make the page of a result, which gives it the title and the facts.

        Parameters
        ----------
        result : Result
        subtitle : str
            Default: the short name of the model, as the result's provenance gives it.
        above, below : sequence of Result
            What else is known of the same thing, drawn before and after the result.
        lead : str
            Default: the result's verdict, which then is not repeated below.
        summary : str
            Default: the first sentence of the lead.
        """
        told = subtitle or model_of(result.provenance)
        found = lead or result.verdict()
        return cls(result.title, told, result.facts(), (*above, result, *below), found, summary)

    @property
    def file_name(self) -> str:
        """A safe name; different titles have different ones."""
        safe = re.sub(r"[^\w.-]+", "-", self.title, flags=re.ASCII)
        mark = hashlib.sha256(self.title.encode()).hexdigest()[:6]
        plain = safe == self.title or re.fullmatch(r"[\w.]+:\d+", self.title, flags=re.ASCII)
        return f"{safe}.html" if plain else f"{safe}-{mark}.html"

    @property
    def first_sentence(self) -> str:
        """The lead's first sentence."""
        return _SENTENCE_END.split(self.lead, maxsplit=1)[0]

    @property
    def further_sentences(self) -> str:
        """What the lead says after its first sentence."""
        return self.lead[len(self.first_sentence) :].strip()

    @property
    def one_line(self) -> str:
        """What the index says of it."""
        told = " ".join((self.summary or self.first_sentence).split())
        return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1].rstrip()}…"

    def sections(self) -> tuple[tuple[str, tuple[Block, ...]], ...]:
        """Each result's verdict, unless the lead has said it, and its blocks."""
        told = [(result.verdict(), result.blocks()) for result in self.results]
        return tuple(("" if verdict == self.lead else verdict, blocks) for verdict, blocks in told)

    def blocks(self) -> tuple[Block, ...]:
        """Every result's blocks."""
        return tuple(block for result in self.results for block in result.blocks())

    def provenance(self) -> dict[str, str]:
        """Tell what the results were measured on, flattened to lines."""
        merged: dict[str, str] = {}
        for result in self.results:
            merged.update(_flat(result.provenance))
        return merged


def _flat(values: Mapping[str, Any], at: str = "") -> dict[str, str]:
    lines: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines.update(_flat(value, f"{at}{key} · "))
        elif isinstance(value, Sequence) and not isinstance(value, str):
            lines[at + key] = json.dumps(list(value))
        else:
            lines[at + key] = str(value)
    return lines
