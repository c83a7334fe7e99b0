"""Do the strings that were chosen work? Each is confirmed on images, beside its controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neurons.attacks.conditions import CONDITIONS, WORD, attack_with_controls, foreign_word, success
from neurons.attacks.mediators import Mediator
from neurons.data.prepared import Prepared
from neurons.interventions.editable import EditableNetwork
from neurons.lettering.lettering import Lettering
from neurons.readouts.readout import Readout, class_index
from neurons.results.blocks import Bars, Table
from neurons.stats import Share

NO_OTHERS: Mapping[str, Readout] = {}


@dataclass(frozen=True)
class Confirmed:
    """A string that was chosen, with its controls.

    Parameters
    ----------
    text : str
    score : float
        What it was chosen by; higher is better.
    success : Share
        On the images of the confirmation.
    controls : tuple of (str, Share)
        Success by condition.
    coverage : float
        Share of the pixels that changed, on average.
    why : tuple of Mediator
        Units that the class needs when the string stands on plain grounds; none where only
        answers were asked for.
    also : tuple of (str, Share)
        The string's success by other readouts than the one that it was chosen for.
    """

    text: str
    score: float
    success: Share
    controls: tuple[tuple[str, Share], ...]
    coverage: float
    why: tuple[Mediator, ...] = ()
    also: tuple[tuple[str, Share], ...] = ()


def confirm(
    eye: EditableNetwork,
    ready: Prepared,
    text: str,
    lettering: Lettering,
    *,
    readout: Readout,
    wanted: int,
    score: float,
    why: tuple[Mediator, ...] = (),
    seed: int = 0,
    also: Mapping[str, Readout] = NO_OTHERS,
) -> Confirmed:
    """Attack images with one string, and with its controls.

    Parameters
    ----------
    eye : EditableNetwork
    ready : Prepared
    text : str
    lettering : Lettering
    readout : Readout
    wanted : int
        The class, as the readout counts.
    score, why
        What is known of the string already.
    seed : int
        Of the places.
    also : mapping of str to Readout
        Others that are asked the same, by the name under which each is reported; their layers are
        the eye's too.
    """
    clean = eye.respond(ready.pixels)
    before = clean.answers(readout)
    foreign = foreign_word(text, [readout, *also.values()])
    looks = attack_with_controls(eye, ready.pixels, text, lettering, foreign=foreign, seed=seed)
    found = {
        name: success(before, look.seen.answers(readout), wanted) for name, look in looks.items()
    }
    controls = tuple((name, share) for name, share in found.items() if name != WORD)
    coverage = float(looks[WORD].coverage.mean())
    others = tuple(
        (
            name,
            success(
                clean.answers(other),
                looks[WORD].seen.answers(other),
                class_index(other, readout.class_names[wanted]),
            ),
        )
        for name, other in also.items()
    )
    return Confirmed(text, score, found[WORD], controls, coverage, why, others)


def confirmed_bars(class_name: str, confirmed: Sequence[Confirmed]) -> Bars:
    """Draw the successes."""
    return Bars(
        f"Strings that make {class_name}",
        tuple(each.text for each in confirmed),
        tuple(each.success.value for each in confirmed),
        "success, share of images",
        tuple(each.success.interval.low for each in confirmed),
        tuple(each.success.interval.high for each in confirmed),
    )


def confirmed_table(class_name: str, confirmed: Sequence[Confirmed]) -> Table:
    """List them beside their controls."""
    rows, others = [], [name for name, _ in confirmed[0].also] if confirmed else []
    for each in confirmed:
        controls = dict(each.controls)
        told = [str(controls[name]) if name in controls else "-" for name in CONDITIONS[2:]]
        also = [str(share) for _, share in each.also]
        cells = (each.text, f"{each.score:.2f}", str(each.success), *also, *told)
        rows.append((*cells, f"{each.coverage:.1%}"))
    return Table(
        f"The best strings for {class_name}, and their controls",
        (
            "text",
            "score",
            "success",
            *(f"success by {name}" for name in others),
            *CONDITIONS[2:],
            "coverage",
        ),
        tuple(rows),
        "Controls: a blank patch, the same letters in another order (- where there is none), a "
        "word of no class.",
    )
