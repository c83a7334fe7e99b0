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
from neurons.stats import Share

# of fewer images nothing is sure: three of three are right by guessing often enough
FEW = 20


class MeaninglessWarning(UserWarning):
    """What is being measured will mean nothing, whatever comes out."""


def doubts_of_names(readouts: Mapping[str, Readout]) -> tuple[str, ...]:
    """Say, and warn, where a readout reads names that are no words; a probe reads no names.

    Parameters
    ----------
    readouts : mapping of str to Readout
        By the name under which each is reported.

    Warns
    -----
    MeaninglessWarning
        Of each sentence that is returned.
    """
    named = [each.class_names for each in readouts.values() if isinstance(each, ZeroShot)]
    return tuple(told for names in dict.fromkeys(named) for told in doubts_of_words(names))


def doubts_of_words(names: Sequence[str]) -> tuple[str, ...]:
    """Say, and warn, that class names are no words, if so; else nothing."""
    told = ids_for_names(names)
    if not told:
        return ()
    warnings.warn(told, MeaninglessWarning, stacklevel=3)
    return (told,)


def doubt_of_clean(
    name: str, answers: NDArray[np.intp], truth: NDArray[np.int64], class_names: Sequence[str]
) -> str:
    """Say that a readout is not seen to tell the classes apart on images as they are, if so.

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

    Warns
    -----
    MeaninglessWarning
        If the images are many enough to say that it cannot.
    """
    right, counts = accuracy(answers, truth), np.bincount(truth[truth >= 0], minlength=1)
    if not right.n:
        return ""
    counts = np.pad(counts, (0, len(class_names) - len(counts)))
    if (counts > 0).sum() == 1:
        # images of one class: one answer for all is right, and only guessing can be beaten
        counts = np.ones_like(counts)
    return chance_doubt(name, right, counts.tolist(), class_names)


def chance_doubt(
    name: str, right: Share, class_counts: Sequence[int], class_names: Sequence[str] = ()
) -> str:
    """Say that an accuracy without words is near chance, and warn if that is sure.

    Parameters
    ----------
    name : str
        What read.
    right, class_counts, class_names
        As `near_chance` takes them.

    Returns
    -------
    str
        Empty where it is above chance.

    Warns
    -----
    MeaninglessWarning
        If there are 20 images or more.
    """
    near = near_chance(right, class_counts, class_names)
    if not near:
        return ""
    if right.n < FEW:
        images = "image is" if right.n == 1 else "images are"
        return (
            f"Read by {name}, {right.n:,} {images} too few to see that the model can tell these "
            f"classes apart without a word: {right} are right, and guessing gives "
            f"{1 / len(class_counts):.3f}."
        )
    told = f"Read by {name}, the model cannot tell these classes apart without a word. {near}"
    warnings.warn(told, MeaninglessWarning, stacklevel=3)
    return told


def first_of_all(doubts: Sequence[str]) -> str:
    """Put doubts before what was found."""
    return "".join(f"{doubt} " for doubt in doubts if doubt)
