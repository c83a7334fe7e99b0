"""What is each unit of a layer called? A name that passes an exam that fake units fail, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurons.activations.average_precision import average_precision_interval, places
from neurons.activations.decoys import decoys_of
from neurons.activations.halves import halves
from neurons.activations.layer_peaks import peak_blocks
from neurons.activations.lost_values import told_units_not_finite
from neurons.activations.name_exam import Peaks, Rows
from neurons.activations.naming import (
    Names,
    Source,
    name_units,
    named_by,
    papers_of,
    second_names,
    sit_all,
    sources_of,
)
from neurons.activations.run import Activations
from neurons.activations.unit_activations import Example, UnitActivations
from neurons.address import Neuron
from neurons.data.concepts import Concept, check_columns_of, concepts_of, kinds_of, naming_columns
from neurons.data.images import ImageSet
from neurons.data.sources import UNLABELLED
from neurons.errors import LabelsMissingError, OptionError
from neurons.readouts.vocabulary import folded, shipped_vocabulary
from neurons.results.blocks import Bars, Block, Gallery, Strip, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Interval, Share, benjamini_hochberg, wilson

Progress = Callable[[int, int], None]

NAMED, POLYSEMANTIC, NO_NAME = "named", "polysemantic", "no name"
_ALPHA = 0.05
_SHOWN, _PICTURED, _TOP = 400, 6, 6
COLUMNS_ABOUT: Mapping[str, str] = {
    "verdict": "Named: a name passed its exam. Polysemantic: one of another family passed, too.",
    "name": "A concept that the unit finds on images that did not propose it; decoys hardly do.",
    "family": "The family of that name.",
    "source": "Where the name came from.",
    "score": "Average precision in the exam: 0 at chance, 1 if perfect.",
    "auprc": "Average precision in the exam.",
    "prevalence": "The concept's share of the images, which is chance.",
    "pearson": "Correlation of the peak with the concept.",
    "f1": "F1 with a threshold from the images that proposed.",
    "q_value": "Rank-sum p value, adjusted over units.",
    "n": "Images of the concept in the exam.",
    "second": "Of a polysemantic unit, its other name.",
    "best_candidate": "What came nearest, whether it passed or not: no name.",
    "why": "Why there is no name.",
}
_NO_INTERVAL = Interval(float("nan"), float("nan"))


def label_units(
    activations: Activations,
    images: ImageSet,
    layer: str,
    *,
    columns: Sequence[str] | None = None,
    within: Sequence[str] = (),
    families: Mapping[str, str] | None = None,
    further: Sequence[Concept] = (),
    untrained: Activations | None = None,
    at_least: float = 0.3,
    share: float = 0.05,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> UnitLabels:
    """Name each unit of a layer, examine the name on other images, and see what decoys reach.

    One half of the images proposes a name: the concept that the unit's peak finds best. The other
    half examines it. Copies of an image stay in one half. Random directions of the layer, units
    with shuffled images and noise are named and examined alike, and hardly one of them may pass.

    Parameters
    ----------
    activations : Activations
    images : ImageSet
        The set that was scanned.
    layer : str
        Of the run.
    columns : sequence of str, optional
        Columns whose values are candidates beside the classes; default: those of text with 2 to 100
        different values.
    within : sequence of str
        Columns that part the classes, such as ``rendition``: then ``spider, word`` is a candidate.
    families : mapping of str to str, optional
        The family of each class by its name, without regard to case; default: those of the shipped
        vocabulary. A column ``family`` of the images comes first, and a class whose family is not
        known is one of its own. A unit with names of two families is polysemantic.
    further : sequence of Concept
        Candidates from elsewhere, such as `zero_shot_concepts`.
    untrained : Activations, optional
        The same images and layer scanned with an untrained network: one more kind of decoy.
    at_least : float in [0, 1)
        No bar is lower, whatever decoys reach: below, a name says little of a unit.
    share : float in (0, 1)
        Of each kind of decoy, at most this share passes.
    seed : int
        Of the halves and decoys.
    progress : callable
        Takes how many of how many units are done.

    Returns
    -------
    UnitLabels

    Raises
    ------
    LayerNotFoundError
        If the run does not hold the layer.
    LabelsMissingError
        If the images carry no labels and nothing else is given, or lack a column.
    OptionError
        If a number is out of range, or no concept has enough images.
    StaleActivationsError
        If these are not the images of the run, or those of the untrained one.

    Notes
    -----
    The score is average precision on the way from chance, the concept's share of images, to 1. The
    area under the ROC curve is no exam: random directions pass 0.8 as often as units do (Oikarinen
    et al., "Evaluating neuron explanations", ICML 2025, say why). A unit passes if its score lies
    above the bar and its rank-sum p value, adjusted by Benjamini and Hochberg over units, is at
    most 0.05. A unit may answer to something that the images of a concept share.
    """
    if not 0 <= at_least < 1 or not 0 < share < 1:
        raise OptionError(f"a bar of {at_least} for a share of {share}: both lie between 0 and 1")
    n_units = activations.layer(layer).units
    activations.check_images(images)
    if untrained is not None:
        untrained.check_images(images)
        untrained.layer(layer)
    rows, concepts = _candidates(activations, images, columns, within, families, further)
    first, second = halves(activations, images.ids, rows, kinds_of(concepts, rows), seed=seed)
    papers = papers_of(concepts, rows, first, second)
    if not papers:
        raise OptionError(
            f"none of {len(concepts):,} concepts has 4 images or more in either half of "
            f"{len(rows):,} images: scan more images, or fewer classes"
        )
    decoys = decoys_of(activations, layer, rows, untrained=untrained, seed=seed)
    reached = {kind: sit_all(papers.values(), peaks) for kind, peaks in decoys.items()}
    sources = sources_of(papers, list(reached.values()), at_least=at_least, share=share)
    named: list[tuple[UnitLabel, float, bool]] = []
    for start, peaks in peak_blocks(activations, layer, rows):
        named += _named(sources, rows, peaks, start, second)
        progress(len(named), n_units)
    lost = activations.lost(layer)
    units = _without_lost(_passed(named), lost.not_finite > 0)
    return UnitLabels(
        provenance=activations.provenance(),
        layer=layer,
        n_images=len(rows),
        n_candidates=len(concepts),
        sources=tuple(
            LabelSource(s.name, len(s.paper.concepts), s.bar, s.name in _circular(further))
            for s in sources
        ),
        decoys=tuple(
            Decoys(kind, Share(int(named_by(sources, marks).above.sum()), len(marks[0].score)))
            for kind, marks in reached.items()
        ),
        units=tuple(units),
        shown=tuple(_pictures(activations, images, layer, units)),
        not_finite=told_units_not_finite(lost, layer),
    )


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


@dataclass(frozen=True)
class UnitLabels(Result):
    """The names of a layer's units.

    Parameters
    ----------
    layer : str
    n_images, n_candidates : int
        Images that took part, and concepts, those with too few images counted in.
    sources : tuple of LabelSource
    decoys : tuple of Decoys
    units : tuple of UnitLabel
    shown : tuple of (str, tuple of Example)
        Of a few units their heading and strongest images.
    not_finite : str
        Says which units gave NaN or infinity and were not named; empty if none.
    """

    layer: str
    n_images: int
    n_candidates: int
    sources: tuple[LabelSource, ...]
    decoys: tuple[Decoys, ...]
    units: tuple[UnitLabel, ...]
    shown: tuple[tuple[str, tuple[Example, ...]], ...]
    not_finite: str = ""

    @property
    def passing(self) -> Share:
        """How many units have a name."""
        return Share(sum(each.passed for each in self.units), len(self.units))

    def named(self, name: str) -> tuple[str, ...]:
        """Give the addresses of the units that are called so, the best first."""
        ours = sorted(
            (each for each in self.units if each.passed and each.name == name),
            key=lambda each: -each.score,
        )
        return tuple(f"{self.layer}:{each.unit}" for each in ours)

    @property
    def title(self) -> str:
        """The layer."""
        return f"Names of {self.layer}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Count units, names, candidates and images, and the decoys that pass."""
        return (
            ("units", f"{len(self.units):,}"),
            ("with a name", f"{self.passing.successes:,}"),
            ("polysemantic", f"{self._count(POLYSEMANTIC):,}"),
            ("candidates", f"{sum(each.n for each in self.sources):,}"),
            ("decoys that pass", f"{self._worst().passing.value:.1%}"),
            ("images", f"{self.n_images:,}"),
        )

    def verdict(self) -> str:
        """Say how many units have a name; first, if so, that decoys have as many."""
        ours, worst = self.passing, self._worst()
        few, n = "", self._count(POLYSEMANTIC)
        if ours.interval.low <= worst.passing.interval.high:
            few = f"Names here mean nothing: {worst.kind} get as many. "
        circle = ""
        if any(each.circular for each in self.sources):
            circle = (
                " Where a CLIP said which images show a word, a name is circular: it tells what "
                "the model calls these images, not what they show."
            )
        left = self.n_candidates - sum(each.n for each in self.sources)
        rare = f" {left:,} concepts have too few images to be a name." if left else ""
        return self.not_finite + (
            f"{few}{ours.successes:,} of {ours.n:,} units of {self.layer} have a name that holds "
            f"on images that did not propose it ({ours.value:.1%}), {n:,} of them a second one of "
            f"another family. Of {worst.kind}, {worst.passing.value:.1%} pass.{rare}{circle}"
        )

    def blocks(self) -> tuple[Block, ...]:
        """Draw the best-named units, families, decoys and all names."""
        galleries = tuple(
            Gallery(head, tuple(each.tile() for each in examples)) for head, examples in self.shown
        )
        strip = (Strip("The surest names", galleries),) if galleries else ()
        return (*strip, *self._families(), self._exam(), self._table())

    def rows(self) -> Sequence[Row]:
        """One row per unit."""
        return [_row(self.layer, each) for each in self.units]

    def columns_about(self) -> Mapping[str, str]:
        """Say what the columns mean."""
        return COLUMNS_ABOUT

    def _count(self, verdict: str) -> int:
        return sum(each.verdict == verdict for each in self.units)

    def _worst(self) -> Decoys:
        return max(self.decoys, key=lambda each: each.passing.value)

    def _families(self) -> tuple[Bars, ...]:
        counts = Counter(each.family for each in self.units if each.passed).most_common(25)
        if not counts:
            return ()
        n = len(self.units)
        bounds = [wilson(count, n) for _, count in counts]
        return (
            Bars(
                "Families of the names",
                tuple(family for family, _ in counts),
                tuple(count / n for _, count in counts),
                "share of units",
                tuple(bound.low for bound in bounds),
                tuple(bound.high for bound in bounds),
                note="With Wilson's 95 % intervals. Families with fewer concepts or images have "
                "less of a chance to name a unit.",
            ),
        )

    def _exam(self) -> Table:
        kinds = [("units of the layer", self.passing)]
        kinds += [(each.kind, each.passing) for each in self.decoys]
        bars = ", ".join(f"{s.name} {s.bar:.2f} ({s.n:,} concepts)" for s in self.sources)
        return Table(
            "Who passes the exam",
            ("who", "pass", "of", "share"),
            tuple(
                (
                    kind,
                    f"{share.successes:,}",
                    f"{share.n:,}",
                    f"{share.value:.1%} ({share.interval.low:.1%} to {share.interval.high:.1%})",
                )
                for kind, share in kinds
            ),
            f"The score that a name has to exceed, by source: {bars}. It is set where hardly a "
            f"decoy passes, and is never below what says anything of a unit.",
        )

    def _table(self) -> Table:
        ours = sorted(self.units, key=lambda each: (not each.passed, -each.score, each.unit))
        more = f"The first {_SHOWN:,} of {len(ours):,}. " if len(ours) > _SHOWN else ""
        return Table(
            "Names",
            ("neuron", "name", "family", "score", "AUPRC", "chance", "Pearson", "F1", "n", "also"),
            tuple(self._told(each) for each in ours[:_SHOWN]),
            f"{more}All numbers are of the concept predicted from the unit's peak, on images that "
            f"did not propose the name. Score: average precision (AUPRC), 0 at chance and 1 if "
            f"perfect. Also: a name of another family that passes without the first one's images.",
        )

    def _told(self, each: UnitLabel) -> tuple[str, ...]:
        if not each.name:
            return (f"{self.layer}:{each.unit}", NO_NAME, each.why, *("-",) * 7)
        low, high = each.interval.low, each.interval.high
        return (
            f"{self.layer}:{each.unit}",
            each.name if each.passed else f"{NO_NAME} ({each.name}: {each.why})",
            each.family if each.passed else "-",
            f"{each.score:.2f}",
            f"{each.auprc:.2f} ({low:.2f} to {high:.2f})" if each.passed else f"{each.auprc:.2f}",
            f"{each.prevalence:.3f}",
            f"{each.pearson:.2f}",
            f"{each.f1:.2f}",
            f"{each.n:,}",
            each.second or "-",
        )


def _candidates(
    run: Activations,
    images: ImageSet,
    columns: Sequence[str] | None,
    within: Sequence[str],
    families: Mapping[str, str] | None,
    further: Sequence[Concept],
) -> tuple[Rows, tuple[Concept, ...]]:
    """Give the images that take part, and what units may be called."""
    good = run.good_rows()
    if images.labels is None:
        if not further:
            raise LabelsMissingError(
                f"{images.name!r} carries no labels to name units by; give words instead, which "
                f"the model itself looks for in the images"
            )
        return good, tuple(further)
    check_columns_of(images, (*(columns or ()), *within))
    # concepts of unlabelled images would be called other concepts
    rows = good[images.labels[good] != UNLABELLED]
    own = concepts_of(
        images,
        rows,
        columns=naming_columns(images) if columns is None else columns,
        within=within,
        families=folded(shipped_vocabulary() if families is None else families),
    )
    return rows, (*own, *further)


def _circular(further: Sequence[Concept]) -> set[str]:
    return {each.source for each in further}


def _named(
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


def _passed(named: Sequence[tuple[UnitLabel, float, bool]]) -> list[UnitLabel]:
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


def _without_lost(units: Sequence[UnitLabel], lost: NDArray[np.bool_]) -> list[UnitLabel]:
    """Say of units that gave NaN or infinity that this is why they have no name."""
    return [
        replace(label, why="not finite on some images") if lost[label.unit] else label
        for label in units
    ]


def _pictures(
    run: Activations, images: ImageSet, layer: str, units: Sequence[UnitLabel]
) -> Iterator[tuple[str, tuple[Example, ...]]]:
    """Show the strongest images of the surest units, each of another name."""
    best: dict[str, UnitLabel] = {}
    for each in sorted(units, key=lambda each: -each.score if each.passed else 0.0):
        if each.passed and len(best) < _PICTURED:
            best.setdefault(each.name, each)
    for name, each in best.items():
        neuron = Neuron(layer, each.unit)
        head = f"{neuron} · {name} · {each.score:.2f}"
        yield head, UnitActivations(run, images, neuron).strongest(_TOP)


def _row(layer: str, each: UnitLabel) -> Mapping[str, object]:
    """Give one unit as columns of a table; what is not known is empty."""
    known, nan = bool(each.name), None
    return {
        "neuron": f"{layer}:{each.unit}",
        "verdict": each.verdict,
        "name": each.name if each.passed else "",
        "family": each.family if each.passed else "",
        "source": each.source if each.passed else "",
        "score": each.score if known else nan,
        "auprc": each.auprc if known else nan,
        "auprc_low": each.interval.low if each.passed else nan,
        "auprc_high": each.interval.high if each.passed else nan,
        "prevalence": each.prevalence if known else nan,
        "pearson": each.pearson if known else nan,
        "f1": each.f1 if known else nan,
        "q_value": each.q_value,
        "n": each.n if known else nan,
        "second": each.second,
        "second_family": each.second_family,
        "second_score": each.second_score if each.second else nan,
        "best_candidate": each.name,
        "why": each.why,
    }
