"""What does a lesion cost: answers, classes, embeddings and what units respond to?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError
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
        Of each watched layer's units, by `overlap`; by chance about top_k / images.
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
    n = len(intact.embeddings)
    if not len(answer.embeddings) == len(asked.truth) == n:
        raise OptionError(
            f"{n} images intact, {len(answer.embeddings)} under lesions and {len(asked.truth)} "
            f"truths; give one of each per image"
        )
    if not 1 <= top_k <= n // 2:
        raise OptionError(f"the top of {n} images may be 1 to {n // 2} of them, not {top_k}")
    before, right = right_answers(intact.embeddings, asked), right_answers(answer.embeddings, asked)
    again, again_cosine = None, float("nan")
    if answer.recalibrated is not None and intact.recalibrated is not None:
        hits = right_answers(answer.recalibrated, asked)
        again, again_cosine = (
            Share(int(hits.sum()), n),
            mean_cosine(intact.recalibrated, answer.recalibrated),
        )
    return LesionEffect(
        answer.lesions,
        Share(int(right.sum()), n),
        int(n - answered(answer.embeddings).sum()),
        _class_losses(before, right, asked),
        mean_cosine(intact.embeddings, answer.embeddings),
        {
            layer: overlap(peaks, answer.peaks[layer], top_k)
            for layer, peaks in intact.peaks.items()
        },
        top_k,
        again,
        again_cosine,
    )


def answered(embeddings: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which rows are embeddings: finite, and not all zero, so that they have a direction."""
    found: NDArray[np.bool_] = np.isfinite(embeddings).all(1) & (embeddings != 0).any(1)
    return found


def right_answers(embeddings: NDArray[np.float32], asked: Asked) -> NDArray[np.bool_]:
    """Tell which images are answered rightly; one without an embedding is not.

    An argmax over nan gives its place, so that images without a number would count for one class.
    """
    has = answered(embeddings)
    right = np.zeros(len(embeddings), bool)
    if has.any():
        lengths = np.linalg.norm(embeddings[has].astype(np.float64), axis=1, keepdims=True)
        units = (embeddings[has] / lengths).astype(np.float32)
        right[has] = asked.readout.decision(units).argmax(1) == asked.truth[has]
    return right


def mean_cosine(intact: NDArray[np.float32], now: NDArray[np.float32]) -> float:
    """Give the mean cosine over images that have both embeddings; nan if none has."""
    both = answered(intact) & answered(now)
    if not both.any():
        return float("nan")
    x, y = intact[both].astype(np.float64), now[both].astype(np.float64)
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    return float(((x * y).sum(1) / lengths).mean())


def overlap(
    intact: NDArray[np.float32], now: NDArray[np.float32], top_k: int
) -> NDArray[np.float64]:
    """Give the share of each unit's top images that are still its top images.

    Parameters
    ----------
    intact, now : ndarray of float32, (images, units)
    top_k : int >= 1
        Images that share the last place by equal activation each count for a part of it.

    Returns
    -------
    ndarray of float64, (units,)
        In [0, 1]; nan of a unit that was equally active on all images. One that has become so is
        at chance, top_k / images; one that gives nan has no top images.
    """
    before, after = _top_weights(intact, top_k), _top_weights(now, top_k)
    found: NDArray[np.float64] = np.minimum(before, after).sum(0) / top_k
    found[(intact == intact[:1]).all(0)] = np.nan
    return found


def _top_weights(values: NDArray[np.float32], top_k: int) -> NDArray[np.float64]:
    known = np.where(np.isnan(values), -np.inf, values)
    last = -np.partition(-known, top_k - 1, axis=0)[top_k - 1]
    above, equal = known > last, known == last
    weights = above + equal * ((top_k - above.sum(0)) / equal.sum(0))
    found: NDArray[np.float64] = np.where(np.isnan(values), 0.0, weights)
    return found


def _class_losses(
    before: NDArray[np.bool_], now: NDArray[np.bool_], asked: Asked
) -> dict[str, float]:
    losses = {}
    for place, name in enumerate(asked.readout.class_names):
        mine = asked.truth == place
        if mine.any():
            losses[name] = float(before[mine].mean() - now[mine].mean())
    return losses
