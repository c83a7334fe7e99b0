"""Which concept is a unit named by, and does the name hold on images that did not propose it?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurons.activations.average_precision import average_precision, places
from neurons.activations.concept_scores import (
    best_thresholds,
    f1,
    over_chance,
    pearson,
    rank_sum_p,
)
from neurons.data.concepts import Concept

Rows = NDArray[np.intp]
Peaks = NDArray[np.float32]

NONE = -1
# images of a concept in either half: fewer say little
FEWEST = 4


@dataclass(frozen=True)
class Paper:
    """What units are asked: concepts, and which images propose and which examine.

    Parameters
    ----------
    concepts : tuple of Concept
        Those with at least `FEWEST` images in either half.
    first, second : ndarray of int
        Places, among the images that the paper is about, of those that propose and examine.
    proposing, examining : tuple of ndarray of int
        Of each concept, its images' places within either half.
    """

    concepts: tuple[Concept, ...]
    first: Rows
    second: Rows
    proposing: tuple[Rows, ...]
    examining: tuple[Rows, ...]

    @classmethod
    def of(cls, concepts: Sequence[Concept], rows: Rows, first: Rows, second: Rows) -> Paper:
        """Set the paper.

        Parameters
        ----------
        concepts : sequence of Concept
        rows : ndarray of int, ascending
            The images that it is about, as rows of the set.
        first, second : ndarray of int, ascending
            Which of them propose and which examine.
        """
        found = (
            (
                concept,
                np.flatnonzero(np.isin(first, concept.rows, assume_unique=True)),
                np.flatnonzero(np.isin(second, concept.rows, assume_unique=True)),
            )
            for concept in concepts
        )
        return cls._of_frequent(found, np.searchsorted(rows, first), np.searchsorted(rows, second))

    @classmethod
    def _of_frequent(
        cls, found: Iterable[tuple[Concept, Rows, Rows]], first: Rows, second: Rows
    ) -> Paper:
        """Keep the concepts that have images enough in both halves, and others beside them."""
        kept = [
            each
            for each in found
            if min(
                len(each[1]),
                len(each[2]),
                len(first) - len(each[1]),
                len(second) - len(each[2]),
            )
            >= FEWEST
        ]
        return cls(
            tuple(concept for concept, _, _ in kept),
            first,
            second,
            tuple(proposing for _, proposing, _ in kept),
            tuple(examining for _, _, examining in kept),
        )

    def without(self, rows: Rows, gone: Concept) -> Paper:
        """Set it without the images of a concept, and without concepts of its name or family.

        Parameters
        ----------
        rows : ndarray of int
            As in `of`.
        gone : Concept
        """
        # each concept's images were looked up when the paper was set: here they are only renumbered
        stay, stayed = (~np.isin(rows[half], gone.rows) for half in (self.first, self.second))
        found = (
            (concept, _renumbered(proposing, stay), _renumbered(examining, stayed))
            for concept, proposing, examining in zip(
                self.concepts, self.proposing, self.examining, strict=True
            )
            if concept.family != gone.family and concept.name.casefold() != gone.name.casefold()
        )
        return Paper._of_frequent(found, self.first[stay], self.second[stayed])


def _renumbered(mine: Rows, stay: NDArray[np.bool_]) -> Rows:
    """Give the places of what stays, among all that stays."""
    return (np.cumsum(stay) - 1)[mine[stay[mine]]]


@dataclass(frozen=True)
class Marks:
    """What units reached, each in the concept that it was named by; arrays of (units,).

    Parameters
    ----------
    concept : ndarray of int
        Of the paper's concepts; `NONE` where none does better than chance.
    proposed_by : ndarray of float
        `over_chance` on the images that proposed: too high, since it was chosen by it.
    auprc, prevalence, score : ndarray of float
        On the other images: average precision, the concept's share of them, and `over_chance`.
    pearson, f1 : ndarray of float
        Threshold of F1 from the images that proposed.
    p_value : ndarray of float
        `rank_sum_p`.
    n : ndarray of int
        Images of the concept that examine.
    """

    concept: NDArray[np.intp]
    proposed_by: NDArray[np.float64]
    auprc: NDArray[np.float64]
    prevalence: NDArray[np.float64]
    score: NDArray[np.float64]
    pearson: NDArray[np.float64]
    f1: NDArray[np.float64]
    p_value: NDArray[np.float64]
    n: NDArray[np.intp]

    @classmethod
    def none(cls, n: int) -> Marks:
        """Give those of units of which nothing is known, to be filled in."""
        return cls(
            concept=np.full(n, NONE),
            proposed_by=np.full(n, np.nan),
            auprc=np.full(n, np.nan),
            prevalence=np.full(n, np.nan),
            score=np.zeros(n),
            pearson=np.full(n, np.nan),
            f1=np.full(n, np.nan),
            p_value=np.ones(n),
            n=np.zeros(n, np.intp),
        )


def sit(paper: Paper, peaks: Peaks) -> Marks:
    """Name each unit by one half of the images, and examine the name on the other.

    A unit's marks depend on no other unit.

    Parameters
    ----------
    paper : Paper
    peaks : ndarray of float32, (images, units)
        Of the images that the paper is about.
    """
    chosen, proposed_by = _propose(paper, peaks[paper.first])
    marks = replace(Marks.none(len(chosen)), concept=chosen, proposed_by=proposed_by)
    second = peaks[paper.second]
    place = places(second)
    for k in np.unique(chosen[chosen != NONE]).tolist():
        units, shows = np.flatnonzero(chosen == k), np.zeros(len(second), bool)
        shows[paper.examining[k]] = True
        showed = np.zeros(len(paper.first), bool)
        showed[paper.proposing[k]] = True
        share = float(shows.mean())
        ours = second[:, units]
        marks.auprc[units] = average_precision(place[np.ix_(paper.examining[k], units)])
        marks.prevalence[units] = share
        marks.score[units] = over_chance(marks.auprc[units], share)
        marks.pearson[units] = pearson(ours, shows)
        least = best_thresholds(peaks[np.ix_(paper.first, units)], showed)
        marks.f1[units] = f1(ours, shows, least)
        marks.p_value[units] = rank_sum_p(ours, shows)
        marks.n[units] = shows.sum()
    return marks


def _propose(paper: Paper, peaks: Peaks) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Find the concept that each unit tells best."""
    n_units = peaks.shape[1]
    # better than chance by more than rounding
    best, found = np.full(n_units, 1e-9), np.full(n_units, NONE)
    if not len(paper.concepts):
        return found, best
    place = places(peaks)
    for k, mine in enumerate(paper.proposing):
        score = over_chance(average_precision(place[mine]), len(mine) / len(peaks))
        best, found = np.where(score > best, score, best), np.where(score > best, k, found)
    return found, best


def bar_of(scores: NDArray[np.float64], *, share: float = 0.05) -> float:
    """Find the score that at most a share of decoys lie above.

    Parameters
    ----------
    scores : ndarray of float, (decoys,)
    share : float in (0, 1)
    """
    return float(np.sort(scores)[::-1][int(share * len(scores))])
