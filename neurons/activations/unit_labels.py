"""What is a unit called, and how did its name pass the exam?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurons.activations.average_precision import average_precision_interval, places
from neurons.activations.name_exam import Peaks, Rows
from neurons.activations.naming import (
    Names,
    Source,
    name_units,
    second_names,
)
from neurons.stats import Interval, Share, benjamini_hochberg

NAMED, POLYSEMANTIC, NO_NAME = "named", "polysemantic", "no name"
_ALPHA = 0.05
_NO_INTERVAL = Interval(float("nan"), float("nan"))


@dataclass(frozen=True)
class LabelSource:
    """Where names came from.

    Parameters
    ----------
    name : str
        ``class``, a column, or what further concepts call their source.
    n : int
        Concepts with enough images.
    bar : float in [0, 1)
        A score has to lie above it.
    circular : bool
        Whether a CLIP said which images show the concepts, and not labels.
    """

    name: str
    n: int
    bar: float
    circular: bool


@dataclass(frozen=True)
class Decoys:
    """How many decoys of a kind pass the exam."""

    kind: str
    passing: Share


@dataclass(frozen=True)
class UnitLabel:
    """The name of one unit, and how it passed.

    Parameters
    ----------
    unit : int
    verdict : str
        ``named``, ``polysemantic`` (a name of another family passes without the first one's
        images) or ``no name``.
    name, family, source : str
        The best candidate, whether it passed or not; empty if nothing does better than chance.
    score : float
        On images that did not propose: average precision, 0 at chance and 1 if perfect.
    auprc, prevalence : float in [0, 1]
        Average precision, and the concept's share of the images, which is chance.
    interval : Interval
        95 %, of the average precision, by resampling the concept's images.
    pearson : float in [-1, 1]
        Correlation of the peak with the concept.
    f1 : float in [0, 1]
        With a threshold from the images that proposed.
    q_value : float in (0, 1]
        Rank-sum p value, adjusted over units.
    n : int
        Images of the concept that examined.
    second, second_family : str
        Of a polysemantic unit.
    second_score : float
    why : str
        Why there is no name.
    """

    unit: int
    verdict: str
    name: str
    family: str
    source: str
    score: float
    auprc: float
    prevalence: float
    interval: Interval
    pearson: float
    f1: float
    q_value: float
    n: int
    second: str = ""
    second_family: str = ""
    second_score: float = float("nan")
    why: str = ""

    @property
    def passed(self) -> bool:
        """Whether the name passed the exam."""
        return self.verdict != NO_NAME


def labelled(
    sources: Sequence[Source], rows: Rows, peaks: Peaks, start: int, second: Rows
) -> Iterator[tuple[UnitLabel, float, bool]]:
    """Name some units: each with its p value, and whether its score lies above the bar."""
    names = name_units(sources, peaks)
    others = second_names(sources, rows, _only(names), peaks)
    examined = peaks[np.searchsorted(rows, second)]
    marks = names.marks
    for i, concept in enumerate(names.concepts):
        if concept is None:
            flat = float(np.ptp(peaks[:, i])) == 0
            why = "says the same of every image" if flat else "no concept does better than chance"
            yield _nameless(start + i, why), 1.0, False
            continue
        above, other = bool(names.above[i]), others.concepts[i]
        interval = _NO_INTERVAL
        if above:
            place = places(examined[:, i, None])[np.isin(second, concept.rows), 0]
            interval = average_precision_interval(place)
        also = other is not None and bool(others.above[i])
        yield (
            UnitLabel(
                unit=start + i,
                verdict=(POLYSEMANTIC if also else NAMED) if above else NO_NAME,
                name=concept.name,
                family=concept.family,
                source=concept.source,
                score=float(marks.score[i]),
                auprc=float(marks.auprc[i]),
                prevalence=float(marks.prevalence[i]),
                interval=interval,
                pearson=float(marks.pearson[i]),
                f1=float(marks.f1[i]),
                q_value=1.0,
                n=int(marks.n[i]),
                second=other.name if also and other is not None else "",
                second_family=other.family if also and other is not None else "",
                second_score=float(others.marks.score[i]) if also else float("nan"),
                why="" if above else "below the bar",
            ),
            float(marks.p_value[i]),
            above,
        )


def _only(names: Names) -> Names:
    """Keep the names above the bar: no others are asked for a second one."""
    kept = tuple(
        concept if above else None
        for concept, above in zip(names.concepts, names.above.tolist(), strict=True)
    )
    return Names(kept, names.marks, names.above)


def _nameless(unit: int, why: str) -> UnitLabel:
    nan = float("nan")
    numbers = (nan, nan, nan, _NO_INTERVAL, nan, nan, nan, 0)
    return UnitLabel(unit, NO_NAME, "", "", "", *numbers, why=why)


def judged_over_all(named: Sequence[tuple[UnitLabel, float, bool]]) -> list[UnitLabel]:
    """Adjust p values over all units, and take away names that chance could give."""
    q_values = benjamini_hochberg([p for _, p, _ in named])
    return [
        replace(label, q_value=q) if not above or q <= _ALPHA else _refused(label, q)
        for (label, _, above), q in zip(named, q_values.tolist(), strict=True)
    ]


def _refused(label: UnitLabel, q: float) -> UnitLabel:
    return replace(
        label,
        q_value=q,
        verdict=NO_NAME,
        why="chance could give it",
        second="",
        second_family="",
        second_score=float("nan"),
    )


def without_lost(units: Sequence[UnitLabel], lost: NDArray[np.bool_]) -> list[UnitLabel]:
    """Say of units that gave NaN or infinity that this is why they have no name."""
    return [
        replace(label, why="not finite on some images") if lost[label.unit] else label
        for label in units
    ]
