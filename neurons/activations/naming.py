"""How good must a name be? Better than the names that decoys get from the same sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from neurons.activations.name_exam import NONE, Marks, Paper, Peaks, Rows, bar_of, sit
from neurons.data.concepts import Concept


@dataclass(frozen=True)
class Source:
    """Concepts of one source, and how good a name of theirs must be.

    Parameters
    ----------
    name : str
        As `Concept.source`.
    paper : Paper
    bar : float
        A name's score has to lie above it.
    """

    name: str
    paper: Paper
    bar: float


@dataclass(frozen=True)
class Names:
    """The name of each unit, and its marks; arrays of (units,).

    Parameters
    ----------
    concepts : tuple of (Concept or None)
        None where no concept does better than chance.
    marks : Marks
        In that concept's source.
    above : ndarray of bool
        The score lies above the source's bar.
    """

    concepts: tuple[Concept | None, ...]
    marks: Marks
    above: NDArray[np.bool_]


def papers_of(
    concepts: Sequence[Concept], rows: Rows, first: Rows, second: Rows
) -> dict[str, Paper]:
    """Set a paper for each source of concepts; sources whose concepts are all too rare have none.

    Parameters
    ----------
    concepts : sequence of Concept
    rows, first, second : ndarray of int, ascending
        As in `Paper.of`.
    """
    sources = dict.fromkeys(each.source for each in concepts)
    set_ = {
        source: Paper.of([c for c in concepts if c.source == source], rows, first, second)
        for source in sources
    }
    return {source: paper for source, paper in set_.items() if paper.concepts}


def sit_all(papers: Iterable[Paper], peaks: Peaks) -> list[Marks]:
    """Let units, (images, units), sit several papers."""
    return [sit(paper, peaks) for paper in papers]


def sources_of(
    papers: dict[str, Paper], decoys: Sequence[Sequence[Marks]], *, at_least: float, share: float
) -> tuple[Source, ...]:
    """Set the bar of each source where hardly a decoy passes.

    Parameters
    ----------
    papers : dict of str to Paper
    decoys : sequence of sequence of Marks
        Of each kind of decoy its marks in each paper; each kind has to fail.
    at_least : float
        No bar is lower.
    share : float in (0, 1)
        Of each kind, at most this share passes in any source: each source is given its part.
    """
    part = share / max(1, len(papers))
    return tuple(
        Source(
            name,
            paper,
            max(at_least, *(bar_of(marks[i].score, share=part) for marks in decoys)),
        )
        for i, (name, paper) in enumerate(papers.items())
    )


def name_units(sources: Sequence[Source], peaks: Peaks) -> Names:
    """Name each unit from the source that it lies highest above the bar of.

    The images that propose choose the source, too; the others examine.

    Parameters
    ----------
    sources : sequence of Source
    peaks : ndarray of float32, (images, units)
    """
    return named_by(sources, sit_all((each.paper for each in sources), peaks))


def named_by(sources: Sequence[Source], marks_of: Sequence[Marks]) -> Names:
    """Name units, as `name_units`, by their marks in each source's paper."""
    n_units = len(marks_of[0].score)
    concepts: list[Concept | None] = [None] * n_units
    best, above = Marks.none(n_units), np.zeros(n_units, bool)
    margin = np.full(n_units, -np.inf)
    for source, marks in zip(sources, marks_of, strict=True):
        # on the way from the bar to perfect: bars differ, and of an easy set one may be perfect
        ours = (marks.proposed_by - source.bar) / max(1 - source.bar, 1e-9)
        better = np.flatnonzero((ours > margin) & (marks.concept != NONE))
        margin[better] = ours[better]
        above[better] = marks.score[better] > source.bar
        _copy(marks, best, better, better)
        for unit in better.tolist():
            concepts[unit] = source.paper.concepts[marks.concept[unit]]
    return Names(tuple(concepts), best, above)


def second_names(sources: Sequence[Source], rows: Rows, names: Names, peaks: Peaks) -> Names:
    """Name units once more, without the images of their name and concepts of its family.

    Parameters
    ----------
    sources : sequence of Source
    rows : ndarray of int
        The images that the papers are about.
    names : Names
        Of the same units.
    peaks : ndarray of float32, (images, units)
    """
    n_units = peaks.shape[1]
    concepts: list[Concept | None] = [None] * n_units
    best, above = Marks.none(n_units), np.zeros(n_units, bool)
    of_concept: dict[int, list[int]] = {}
    for unit, concept in enumerate(names.concepts):
        if concept is not None:
            of_concept.setdefault(id(concept), []).append(unit)
    for units in of_concept.values():
        gone = names.concepts[units[0]]
        assert gone is not None
        rest = [Source(s.name, s.paper.without(rows, gone), s.bar) for s in sources]
        theirs = name_units(rest, peaks[:, units])
        above[units] = theirs.above
        _copy(theirs.marks, best, np.arange(len(units)), np.array(units))
        for unit, concept in zip(units, theirs.concepts, strict=True):
            concepts[unit] = concept
    return Names(tuple(concepts), best, above)


def _copy(source: Marks, target: Marks, of: Rows, to: Rows) -> None:
    for field in fields(Marks):
        getattr(target, field.name)[to] = getattr(source, field.name)[of]
