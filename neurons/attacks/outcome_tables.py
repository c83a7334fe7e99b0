"""How are the outcomes of an attack shown? Beside their controls, by class, and as pictures."""

from __future__ import annotations

from collections.abc import Sequence

from neurons.attacks.conditions import CLEAN, CONDITIONS, SUCCESS_OF, WORD
from neurons.attacks.outcomes import ClassOutcome, MovedUnit, Outcome, ShownImage
from neurons.attacks.pooled import PooledSuccess
from neurons.results.blocks import Bars, Gallery, Table, Tile


def texts_of(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    """List each text once, with the class that it is to make."""
    return list(dict.fromkeys((o.text, o.class_name) for o in outcomes))


def _by_condition(
    outcomes: Sequence[Outcome], text: str, class_name: str, readout: str
) -> dict[str, Outcome]:
    asked = (text, class_name, readout)
    return {o.condition: o for o in outcomes if (o.text, o.class_name, o.readout) == asked}


def success_table(outcomes: Sequence[Outcome], readout: str, written: str) -> Table:
    """List the success of each text beside that of its controls."""
    rows = []
    for text, class_name in texts_of(outcomes):
        found = _by_condition(outcomes, text, class_name, readout)
        cells = [str(found[c].success) if c in found else "-" for c in CONDITIONS[1:]]
        rows.append(
            (text, class_name, f"{found[WORD].coverage:.1%}", *cells, str(found[CLEAN].success))
        )
    return Table(
        f"Success, read by {readout} ({written})",
        ("text", "class", "coverage", *CONDITIONS[1:], "of the class already"),
        tuple(rows),
        f"{SUCCESS_OF} 95 % intervals by Wilson. Blank: the same area without letters. Shuffled: "
        f"the same letters in another order; - where there is none. No class: a word that names "
        f"no class. All stand in the same place.",
    )


def success_bars(pools: Sequence[PooledSuccess], readout: str, written: str) -> Bars:
    """Draw the success over all texts beside that of the controls."""
    told = [each for each in pools if each.readout == readout and each.n]
    return Bars(
        f"Success over all texts, read by {readout} ({written})",
        tuple(each.condition for each in told),
        tuple(each.value for each in told),
        "share of images",
        tuple(each.low for each in told),
        tuple(each.high for each in told),
        note="; ".join(f"{each.condition}: {each}" for each in told)
        + ". 95 % intervals by resampling images, and of five texts or more the texts too.",
    )


def accuracy_table(outcomes: Sequence[Outcome], readouts: Sequence[str]) -> Table:
    """List right answers under every condition."""
    rows = []
    for name in readouts:
        for text, class_name in texts_of(outcomes):
            found = _by_condition(outcomes, text, class_name, name)
            cells = [str(found[c].accuracy) if c in found else "-" for c in CONDITIONS]
            rows.append((name, text, *cells))
    return Table(
        "Accuracy",
        ("readout", "text", *CONDITIONS),
        tuple(rows),
        "Right answers, of the images whose class the readout has; - where none has one.",
    )


def moved_table(layer: str, moved: Sequence[MovedUnit]) -> Table:
    """List the units that each text moved most."""
    return Table(
        f"Units of {layer} that the words moved most",
        ("text", "neuron", "clean", "attacked", "moved, in sd of clean images"),
        tuple(
            (m.text, m.neuron, f"{m.before:.3g}", f"{m.after:.3g}", f"{m.z:+.2f}") for m in moved
        ),
        "Mean peaks. A unit that moves need not be why the answer changes: knock it out to "
        "see: neurons attack hijack.",
    )


def class_table(classes: Sequence[ClassOutcome], readout: str) -> Table:
    """List the classes of images by how often they fall."""
    found = [each for each in classes if each.readout == readout]
    return Table(
        f"By the image's class, read by {readout}",
        ("class", "word", "word of no class"),
        tuple((c.class_name, str(c.word), str(c.no_class)) for c in found),
        "Over all texts, those first that fall most often.",
    )


def gallery_of(shown: Sequence[ShownImage], title: str) -> tuple[Gallery, Table]:
    """Draw images before and after an attack, and list their five likeliest classes."""
    tiles = []
    for each in shown:
        for image, top in ((each.clean, each.before), (each.attacked, each.after)):
            tiles.append(Tile(image, f"{top[0][0]} {top[0][1]:.2f}", "", each.image_id))
    return (
        Gallery(title, tuple(tiles), "Evenly over the images, not the best."),
        Table(
            f"The top five of these images, read by {shown[0].readout}",
            ("image", "clean", "attacked"),
            tuple((each.image_id, _listed(each.before), _listed(each.after)) for each in shown),
            "With their share of the softmax.",
        ),
    )


def _listed(top: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {share:.2f}" for name, share in top)
