"""What makes an attack's numbers mean nothing? Said before the work, and first of all after it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from neurons.attacks.conditions import accuracy
from neurons.readouts.chance import near_chance
from neurons.readouts.class_names import ids_for_names
from neurons.readouts.readout import Readout, ZeroShot


class MeaninglessWarning(UserWarning):
    """What is being measured will mean nothing, whatever comes out."""


def warn_of(doubts: Sequence[str]) -> None:
    """Warn of each doubt that is not empty."""
    for doubt in doubts:
        if doubt:
            warnings.warn(doubt, MeaninglessWarning, stacklevel=3)


def doubts_of_names(readouts: Mapping[str, Readout]) -> tuple[str, ...]:
    """Say where a readout reads names that are no words; a fitted probe reads no names.

    Parameters
    ----------
    readouts : mapping of str to Readout
        By the name under which each is reported.
    """
    named = [each.class_names for each in readouts.values() if isinstance(each, ZeroShot)]
    return tuple(dict.fromkeys(told for names in named if (told := ids_for_names(names))))


def doubt_of_clean(
    name: str, answers: NDArray[np.intp], truth: NDArray[np.int64], class_names: Sequence[str]
) -> str:
    """Say that a readout cannot tell the classes apart on images as they are, if so.

    Parameters
    ----------
    name : str
        Under which the readout is reported.
    answers : ndarray of int, (images,)
        Its top classes.
    truth : ndarray of int, (images,)
        The classes that the images show; -1 where that is none of the readout's.
    class_names : sequence of str

    Returns
    -------
    str
        Empty where its accuracy is above chance, and where no image's class is known.
    """
    right, counts = accuracy(answers, truth), np.bincount(truth[truth >= 0], minlength=1)
    if not right.n:
        return ""
    counts = np.pad(counts, (0, len(class_names) - len(counts)))
    if (counts > 0).sum() == 1:
        # images of one class: one answer for all is right, and only guessing can be beaten
        counts = np.ones_like(counts)
    near = near_chance(right, counts.tolist(), class_names)
    if not near:
        return ""
    return f"Read by {name}, the model cannot tell these classes apart on clean images. {near}"


def first_of_all(doubts: Sequence[str]) -> str:
    """Put doubts before what was found."""
    return "".join(f"{doubt} " for doubt in doubts if doubt)
