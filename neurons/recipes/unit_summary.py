"""What is a unit, in one sentence? The class that its strongest images share, if they share one."""

from __future__ import annotations

from neurons.activations.class_lifts import ClassLift, leading_class
from neurons.activations.lost_values import told_not_finite
from neurons.studies.units.examples import TopExamples
from neurons.studies.units.spectrum import Spectrum


def top_class(top: TopExamples, n_classes: int) -> ClassLift | None:
    """Give the class that leads among a unit's top images, unless chance gives as much."""
    return leading_class(top.lifts, n_top=top.n_top, n=top.n, n_classes=n_classes)


def lead_of(top: TopExamples, whole: Spectrum, n_classes: int) -> str:
    """Say what was found of a unit, in a sentence or two."""
    if not whole.alive:
        return whole.verdict()
    first = told_not_finite(whole.n_not_finite, whole.n + whole.n_not_finite, whole.neuron)
    return first + _lead_of_alive(top, whole, n_classes)


def _lead_of_alive(top: TopExamples, whole: Spectrum, n_classes: int) -> str:
    if not n_classes:
        return f"{top.neuron} reaches {whole.maximum:.3g}; the images have no labels to name it by."
    first = top_class(top, n_classes)
    if first is None:
        why = "as many random ones give a class that is as frequent"
        if top.n < 2 * n_classes:
            why = f"{top.n:,} images of {n_classes:,} classes are too few for that"
        return (
            f"No class stands out among the {top.n_top:,} images that excite {top.neuron} most: "
            f"{why}. The first are {_labels(top)}."
        )
    often = "Mostly" if _is_most(first, top) else "Most often"
    return (
        f"{often} '{first.name}': {first.n_top:,} of the {top.n_top:,} images that excite "
        f"{top.neuron} most, {first.lift:.3g} times what chance gives ({first.interval.low:.3g} to "
        f"{first.interval.high:.3g})."
    )


def summary_of(top: TopExamples, whole: Spectrum, n_classes: int) -> str:
    """Say the same in a few words, for a line of an index."""
    if not whole.alive:
        return whole.state
    if whole.n_not_finite:
        return f"not finite on {whole.n_not_finite:,} of {whole.n + whole.n_not_finite:,} images"
    first = top_class(top, n_classes)
    if first is None:
        return f"no class stands out; first {_labels(top)}" if n_classes else ""
    often = "mostly" if _is_most(first, top) else "most often"
    return f"{often} {first.name}, lift {first.lift:.3g}"


def facts_of(top: TopExamples, whole: Spectrum, n_classes: int) -> tuple[tuple[str, str], ...]:
    """Give the class and its lift, if there is one, and the facts of the spectrum."""
    first = top_class(top, n_classes) if whole.alive else None
    named = () if first is None else (("top class", first.name), ("lift", f"{first.lift:.3g}"))
    return (*named, *whole.facts())


def _labels(top: TopExamples, count: int = 3) -> str:
    """Name the first images by their classes."""
    return ", ".join(f"'{example.label or 'no label'}'" for example in top.top[:count])


def _is_most(first: ClassLift, top: TopExamples) -> bool:
    return 2 * first.n_top > top.n_top
