"""What does a lesion cost: answers, classes, embeddings and what units respond to?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.interventions.lesioned_images import LesionAnswer
from neurons.interventions.lesions import Lesion
from neurons.readouts.readout import Readout
from neurons.stats import Share


@dataclass(frozen=True, eq=False)
class Asked:
    """What images are asked for, and what is right.

    Parameters
    ----------
    readout : Readout
        Of the embedding, such as `zero_shot`.
    truth : ndarray of int, (images,)
        Each image's class, as a place in the readout's class names.
    """

    readout: Readout
    truth: NDArray[np.intp] = field(repr=False)

    @property
    def chance(self) -> float:
        """One of the classes."""
        return 1 / len(self.readout.class_names)

    @property
    def largest_class(self) -> float:
        """Share of the commonest class: what one and the same answer to all images can reach."""
        return float(np.bincount(self.truth).max() / len(self.truth))


@dataclass(frozen=True, eq=False)
class LesionEffect:
    """What some lesions cost.

    Parameters
    ----------
    lesions : tuple of Lesion
    accuracy : Share
        Right answers. An embedding with nan or infinity, or without length, is no answer and wrong.
    n_unanswered : int
        Such images.
    class_losses : mapping of str to float
        Of each class: the share of its images that were right intact, less the share now; a class
        without images is left out.
    cosine : float
        Mean cosine to the intact embedding over the images that have both; nan of none.
    overlaps : mapping of str to ndarray of float64, (units,)
        Of each watched layer's units: the share of its top images that are still its top images;
        nan of a unit that is equally silent on all images, before or now. By chance about
        top_k / images.
    top_k : int
    recalibrated : Share or None
        Right answers after recalibration.
    recalibrated_cosine : float
        To the intact embedding, recalibrated too; nan without.
    """

    lesions: tuple[Lesion, ...]
    accuracy: Share
    n_unanswered: int
    class_losses: Mapping[str, float] = field(repr=False)
    cosine: float = float("nan")
    overlaps: Mapping[str, NDArray[np.float64]] = field(default_factory=dict, repr=False)
    top_k: int = 10
    recalibrated: Share | None = None
    recalibrated_cosine: float = float("nan")


def lesion_effect(
    intact: LesionAnswer, answer: LesionAnswer, asked: Asked, *, top_k: int = 10
) -> LesionEffect:
    """Compare what images became with the intact network.

    Parameters
    ----------
    intact, answer : LesionAnswer
        Of the same images, in the same order.
    asked : Asked
    top_k : int >= 1
        Images that count as a unit's top; at most half of all.

    Raises
    ------
    OptionError
        If there is not one truth per image, or ``top_k`` is out of range.
    """
    raise NotImplementedError


def right_answers(embeddings: NDArray[np.float32], asked: Asked) -> NDArray[np.bool_]:
    """Tell which images are answered rightly; one without an embedding is not."""
    raise NotImplementedError


def overlap(
    intact: NDArray[np.float32], now: NDArray[np.float32], top_k: int
) -> NDArray[np.float64]:
    """Give the share of each unit's top images that are still its top, (units,)."""
    raise NotImplementedError


def told(lesions: Sequence[Lesion]) -> str:
    """Say in one line what was done."""
    raise NotImplementedError
