"""How well does a model see when another class's name is written on each of its images?"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from neurons.attacks.typographic_set import ATTACKED, CLEAN, ONE_PROMPT, Trial, TypographicSet
from neurons.data.images import ImageSet
from neurons.data.sources import UNLABELLED
from neurons.errors import OptionError
from neurons.lettering.lettering import Lettering


def synthetic(
    opened: ImageSet, lettering: Lettering, *, texts: Sequence[str] = (), seed: int = 0
) -> TypographicSet:
    """Give every labelled image another class's name to have written on it.

    Parameters
    ----------
    opened : ImageSet
        With labels, such as a folder with one folder per class.
    lettering : Lettering
    texts : sequence of str, optional
        What is written for each class, in the order of the classes; default: its name.
    seed : int
        Of the choice of class, for each image by its id.

    Raises
    ------
    LabelsMissingError
        If the images carry no labels.
    OptionError
        If there are fewer than two classes, or not as many texts as classes.

    References
    ----------
    Azuma and Matsui 2023 and Materzynska et al., "Disentangling visual and written concepts in
    CLIP", CVPR 2022, write a wrong class's name on each image of a classification set.
    """
    labels, names = opened.require_labels(), opened.class_names
    if len(names) < 2:
        raise OptionError(f"{opened.name!r} has {len(names)} class; a wrong word needs another")
    if texts and len(texts) != len(names):
        raise OptionError(f"{len(texts)} texts for {len(names)} classes: give one each")
    words = tuple(texts) or names
    clean, attacked = [], []
    for index, label in enumerate(labels.tolist()):
        if label == UNLABELLED:
            continue
        other = Random(f"{opened.ids[index]} {seed}").randrange(len(names) - 1)
        other += other >= label
        clean.append(Trial(index, names[label], names[other], "clean", CLEAN))
        attacked.append(Trial(index, names[label], names[other], "written", ATTACKED, words[other]))
    return TypographicSet(
        "synthetic", opened, (*clean, *attacked), ONE_PROMPT, "words written here", lettering
    )
