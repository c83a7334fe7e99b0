"""How are the names of units shown: their families, the decoys beside them, and all numbers?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from neurons.activations.run import Activations
from neurons.activations.unit_activations import Example, UnitActivations
from neurons.activations.unit_labels import NO_NAME, Decoys, LabelSource, UnitLabel
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.results.blocks import Bars, Table
from neurons.stats import Share, wilson

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


def families(units: Sequence[UnitLabel]) -> tuple[Bars, ...]:
    """Count units by the family of their name; nothing where none has a name."""
    counts = Counter(each.family for each in units if each.passed).most_common(25)
    if not counts:
        return ()
    n = len(units)
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


def exam_table(passing: Share, decoys: Sequence[Decoys], sources: Sequence[LabelSource]) -> Table:
    """Show how many units pass, beside decoys, and the bar of each source."""
    kinds = [("units of the layer", passing)]
    kinds += [(each.kind, each.passing) for each in decoys]
    bars = ", ".join(f"{s.name} {s.bar:.2f} ({s.n:,} concepts)" for s in sources)
    return Table(
        "Who passes the exam",
        ("who", "pass", "of", "share"),
        tuple(
            (
                kind,
                f"{share.successes:,}",
                f"{share.n:,}",
                share.interval.beside(share.value, ".1%"),
            )
            for kind, share in kinds
        ),
        f"The score that a name has to exceed, by source: {bars}. It is set where hardly a "
        f"decoy passes, and is never below what says anything of a unit.",
    )


def names_table(layer: str, units: Sequence[UnitLabel]) -> Table:
    """Show the first 400 units, the surest names first."""
    ours = sorted(units, key=lambda each: (not each.passed, -each.score, each.unit))
    more = f"The first {_SHOWN:,} of {len(ours):,}. " if len(ours) > _SHOWN else ""
    return Table(
        "Names",
        ("neuron", "name", "family", "score", "AUPRC", "chance", "Pearson", "F1", "n", "also"),
        tuple(_told(layer, each) for each in ours[:_SHOWN]),
        f"{more}All numbers are of the concept predicted from the unit's peak, on images that "
        f"did not propose the name. Score: average precision (AUPRC), 0 at chance and 1 if "
        f"perfect. Also: a name of another family that passes without the first one's images.",
    )


def _told(layer: str, each: UnitLabel) -> tuple[str, ...]:
    if not each.name:
        return (f"{layer}:{each.unit}", NO_NAME, each.why, *("-",) * 7)
    low, high = each.interval.low, each.interval.high
    return (
        f"{layer}:{each.unit}",
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


def surest_units(
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


def label_row(layer: str, each: UnitLabel) -> Mapping[str, object]:
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
