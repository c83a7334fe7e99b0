"""What is each unit of a layer called? A name that passes an exam that fake units fail, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from neurons.activations.decoys import decoys_of
from neurons.activations.halves import halves
from neurons.activations.label_blocks import (
    COLUMNS_ABOUT,
    exam_table,
    families,
    label_row,
    names_table,
    surest_units,
)
from neurons.activations.layer_peaks import peak_blocks
from neurons.activations.lost_values import told_units_not_finite
from neurons.activations.name_exam import Rows
from neurons.activations.naming import (
    named_by,
    papers_of,
    sit_all,
    sources_of,
)
from neurons.activations.run import Activations
from neurons.activations.unit_activations import Example
from neurons.activations.unit_labels import (
    POLYSEMANTIC,
    Decoys,
    LabelSource,
    UnitLabel,
    judged_over_all,
    labelled,
    without_lost,
)
from neurons.data.concepts import Concept, check_columns_of, concepts_of, kinds_of, naming_columns
from neurons.data.images import ImageSet
from neurons.data.sources import UNLABELLED
from neurons.errors import LabelsMissingError, OptionError
from neurons.readouts.vocabulary import folded, shipped_vocabulary
from neurons.results.blocks import Block, Gallery, Strip
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Share

Progress = Callable[[int, int], None]


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
        named += labelled(sources, rows, peaks, start, second)
        progress(len(named), n_units)
    lost = activations.lost(layer)
    units = without_lost(judged_over_all(named), lost.not_finite > 0)
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
        shown=tuple(surest_units(activations, images, layer, units)),
        not_finite=told_units_not_finite(lost, layer),
    )


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
        exam = exam_table(self.passing, self.decoys, self.sources)
        return (*strip, *families(self.units), exam, names_table(self.layer, self.units))

    def rows(self) -> Sequence[Row]:
        """One row per unit."""
        return [label_row(self.layer, each) for each in self.units]

    def columns_about(self) -> Mapping[str, str]:
        """Say what the columns mean."""
        return COLUMNS_ABOUT

    def _count(self, verdict: str) -> int:
        return sum(each.verdict == verdict for each in self.units)

    def _worst(self) -> Decoys:
        return max(self.decoys, key=lambda each: each.passing.value)


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
