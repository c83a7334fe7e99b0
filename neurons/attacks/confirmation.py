"""Do the strings that were chosen work? Each is confirmed on images, beside its controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neurons.attacks.conditions import CONDITIONS, SUCCESS_OF, WORD, AttackTarget, at_risk, success
from neurons.attacks.mediators import Mediator
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.errors import OptionError
from neurons.readouts.readout import Readout, class_index
from neurons.results.blocks import Bars, Table
from neurons.stats import Share

# other readouts than the one that is attacked, by name
NO_OTHERS: Mapping[str, Readout] = {}


@dataclass(frozen=True)
class ConfirmedString:
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


def named_readouts(readout: Readout, also: Mapping[str, Readout]) -> dict[str, Readout]:
    """Put the readout that is attacked before the others, under the name ``readout``.

    Raises
    ------
    OptionError
        If another one has that name.
    """
    if "readout" in also:
        raise OptionError("the readout that is attacked is called 'readout'; name the other anew")
    return {"readout": readout, **also}


def confirm(
    attack: RepeatableAttack,
    target: AttackTarget,
    *,
    score: float,
    why: tuple[Mediator, ...] = (),
) -> ConfirmedString:
    """Attack images with one string, and with its controls.

    Parameters
    ----------
    attack : RepeatableAttack
        Its first readout is counted; the others are asked the same, and reported beside it.
    target : AttackTarget
    score, why
        What is known of the string already.
    """
    clean = attack.clean()
    attacked = attack.with_controls(target.text)

    def counted(readout: Readout, condition: str) -> Share:
        wanted = class_index(readout, target.class_name)
        truth = attack.ready.truth(readout.class_names)
        possible = at_risk(clean.answers(readout), truth, wanted)
        return success(attacked[condition].responses.answers(readout), wanted, possible)

    return ConfirmedString(
        target.text,
        score,
        counted(attack.readout, WORD),
        tuple((name, counted(attack.readout, name)) for name in attacked if name != WORD),
        float(attacked[WORD].coverage.mean()),
        why,
        tuple((name, counted(each, WORD)) for name, each in list(attack.readouts.items())[1:]),
    )


def confirmed_bars(class_name: str, confirmed: Sequence[ConfirmedString], written: str) -> Bars:
    """Draw the successes."""
    return Bars(
        f"Strings that make {class_name} ({written})",
        tuple(each.text for each in confirmed),
        tuple(each.success.value for each in confirmed),
        "success, share of images",
        tuple(each.success.interval.low for each in confirmed),
        tuple(each.success.interval.high for each in confirmed),
    )


def confirmed_table(class_name: str, confirmed: Sequence[ConfirmedString], written: str) -> Table:
    """List them beside their controls; ``written`` says how, as `Lettering.told` does."""
    rows, others = [], [name for name, _ in confirmed[0].also] if confirmed else []
    for each in confirmed:
        controls = dict(each.controls)
        told = [str(controls[name]) if name in controls else "-" for name in CONDITIONS[2:]]
        also = [str(share) for _, share in each.also]
        cells = (each.text, f"{each.score:.2f}", str(each.success), *also, *told)
        rows.append((*cells, f"{each.coverage:.1%}"))
    return Table(
        f"The best strings for {class_name}, and their controls ({written})",
        (
            "text",
            "score",
            "success",
            *(f"success by {name}" for name in others),
            *CONDITIONS[2:],
            "coverage",
        ),
        tuple(rows),
        f"{SUCCESS_OF} Controls: a blank patch, the same letters in another order (- where there "
        f"is none), a word of no class.",
    )


def confirmed_rows(confirmed: Sequence[ConfirmedString]) -> list[dict[str, object]]:
    """Give one row per string: score, success, that of its controls, and by other readouts."""
    return [
        {
            "text": each.text,
            "score": each.score,
            "success": each.success,
            **{f"success, {name}": share for name, share in each.controls},
            **{f"success by {name}": share for name, share in each.also},
            "coverage": each.coverage,
        }
        for each in confirmed
    ]


def confirmed_facts(confirmed: Sequence[ConfirmedString]) -> tuple[tuple[str, str], ...]:
    """Give the best string and its success: two facts for the top of a page."""
    best = confirmed[0]
    return (("best string", best.text), ("success", f"{best.success.value:.3f}"))


def unwritable_note(unwritable: Sequence[str]) -> str:
    """Say how many strings do not fit on an image as they were to be written; empty for none."""
    if not unwritable:
        return ""
    return (
        f" {len(unwritable):,} strings cannot be written like this, the first: {unwritable[0]!r}."
    )
