"""What is written on images and on their controls, and when has an attack succeeded?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError
from neurons.readouts.readout import Readout, class_index
from neurons.stats import Share

# the four controls that stand beside every attack, and the attack
CLEAN, WORD, BLANK, SHUFFLED, NO_CLASS = "clean", "word", "blank", "shuffled", "no class"
CONDITIONS = (CLEAN, WORD, BLANK, SHUFFLED, NO_CLASS)

# who is in the denominator of a success, said wherever one is shown
SUCCESS_OF = (
    "Success is counted on the images that were not read as the class before, and do not show it."
)

# words that name nothing which can be seen, of every length that a class's name has
_FOREIGN = (
    "of", "and", "with", "about", "indeed", "because", "although", "therefore", "moreover it",
    "nevertheless", "notwithstanding",
)  # fmt: skip


@dataclass(frozen=True)
class AttackTarget:
    """A text, and the class that it is to make of an image."""

    class_name: str
    text: str

    @classmethod
    def parse(cls, written: str) -> AttackTarget:
        """Read ``CLASS`` (its own name is written) or ``TEXT=CLASS``.

        Raises
        ------
        OptionError
            If a part is empty.
        """
        text, sign, name = (part.strip() for part in written.partition("="))
        if not text or (sign and not name):
            raise OptionError(f"{written!r} is no target; write CLASS, or TEXT=CLASS")
        return cls(name or text, text)


def foreign_word(
    text: str, readouts: Sequence[Readout], *, fits: Callable[[str], bool] = lambda word: True
) -> str:
    """Choose a word of about the same length that is no part of a class's name.

    Parameters
    ----------
    text : str
    readouts : sequence of Readout
    fits : callable
        Tells whether a word can be written as the text is.

    Raises
    ------
    OptionError
        If every word that is known is one, or does not fit; name one then.
    """
    names = {part for r in readouts for name in r.class_names for part in name.lower().split()}
    free = [word for word in _FOREIGN if not set(word.split()) & names]
    if not free:
        raise OptionError("every word of no class is a class here; name one of your own")
    nearest = sorted(free, key=lambda word: (abs(len(word) - len(text)), word))
    found = next(filter(fits, nearest), None)
    if found is None:
        raise OptionError(
            f"no word of no class can be written as {text!r} is, such as {nearest[0]!r}; name one "
            f"of your own, or write smaller"
        )
    return found


def at_risk(
    before: NDArray[np.intp], truth: NDArray[np.int64], target: int | NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Tell which images an attack can win: those that are not of the target's class already.

    Parameters
    ----------
    before : ndarray of int, (images,)
        The top class without the writing.
    truth : ndarray of int, (images,)
        The class that each image shows; -1 where that is none of the readout's.
    target : int, or ndarray of int, (images,)
        The class to make, one for all or one per image.

    Returns
    -------
    ndarray of bool, (images,)
        False where the image is read as the target, or shows it: to become what it is, is no
        success.
    """
    found: NDArray[np.bool_] = (before != target) & (truth != target)
    return found


def success(after: NDArray[np.intp], target: int, possible: NDArray[np.bool_]) -> Share:
    """Count the images whose top class became the target, of those that were `at_risk`."""
    return Share(int((after == target)[possible].sum()), int(possible.sum()))


def accuracy(answers: NDArray[np.intp], truth: NDArray[np.int64]) -> Share:
    """Count right answers among the images whose class the readout has."""
    known = truth >= 0
    return Share(int((answers == truth)[known].sum()), int(known.sum()))


def check_targets(targets: Sequence[AttackTarget], readouts: Sequence[Readout]) -> None:
    """Raise OptionError unless there are targets, and every readout has their classes."""
    if not targets or not readouts:
        raise OptionError(f"{len(targets)} targets, {len(readouts)} readouts: at least 1 of each")
    for target in targets:
        for readout in readouts:
            class_index(readout, target.class_name)
