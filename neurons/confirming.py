"""Do the strings that were chosen work? Each is confirmed on images, beside its controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurons.blocks import Bars, Table
from neurons.carriers import Carrier
from neurons.errors import OptionError
from neurons.lettering import Lettering, fitted_stamp
from neurons.stats import Share
from neurons.typography import CONDITIONS, WORD, foreign_word, look_at_all, success
from neurons.viewing import Eye, Prepared
from neurons.zeroshot import Readout


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
    why : tuple of Carrier
        Units that the class needs when the string stands on plain grounds; none where only
        answers were asked for.
    """

    text: str
    score: float
    success: Share
    controls: tuple[tuple[str, Share], ...]
    coverage: float
    why: tuple[Carrier, ...] = ()


def confirm(
    eye: Eye,
    ready: Prepared,
    text: str,
    lettering: Lettering,
    *,
    readout: Readout,
    wanted: int,
    score: float,
    why: tuple[Carrier, ...] = (),
    seed: int = 0,
) -> Confirmed:
    """Attack images with one string, and with its controls.

    Parameters
    ----------
    eye : Eye
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
    """
    before = eye.see(ready.pixels).answers(readout)
    foreign = foreign_word(text, [readout])
    looks = look_at_all(eye, ready.pixels, text, lettering, foreign=foreign, seed=seed)
    found = {
        name: success(before, look.seen.answers(readout), wanted) for name, look in looks.items()
    }
    controls = tuple((name, share) for name, share in found.items() if name != WORD)
    coverage = float(looks[WORD].coverage.mean())
    return Confirmed(text, score, found[WORD], controls, coverage, why)


def writable(
    texts: Sequence[str], lettering: Lettering, size: tuple[int, int]
) -> tuple[list[str], list[str]]:
    """Part strings into those that can be written so, each once, and those that cannot.

    Parameters
    ----------
    texts : sequence of str
    lettering : Lettering
    size : (height, width)
        Of the network's input.

    Raises
    ------
    OptionError
        If none can; it is the first one's error.
    """
    good: list[str] = []
    bad: dict[str, OptionError] = {}
    for text in dict.fromkeys(texts):
        try:
            fitted_stamp(text, lettering, (size[1], size[0]))
            good.append(text)
        except OptionError as error:
            bad[text] = error
    if bad and not good:
        raise next(iter(bad.values()))
    return good, list(bad)


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
    rows = []
    for each in confirmed:
        controls = dict(each.controls)
        told = [str(controls[name]) if name in controls else "-" for name in CONDITIONS[2:]]
        cells = (each.text, f"{each.score:.2f}", str(each.success), *told, f"{each.coverage:.1%}")
        rows.append(cells)
    return Table(
        f"The best strings for {class_name}, and their controls",
        ("text", "score", "success", *CONDITIONS[2:], "coverage"),
        tuple(rows),
        "Controls: a blank patch, the same letters in another order (- where there is none), a "
        "word of no class.",
    )
