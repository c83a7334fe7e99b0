"""What did images become: which class, how near to the intact embedding, which units' top?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.readouts.margins import margins
from neurons.readouts.readout import Readout

# an image whose embedding holds nan or infinity, or has no length
NO_ANSWER = -1


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


def answered(embeddings: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which rows are embeddings: finite, and not all zero, so that they have a direction."""
    found: NDArray[np.bool_] = np.isfinite(embeddings).all(1) & (embeddings != 0).any(1)
    return found


def answers(
    embeddings: NDArray[np.float32], asked: Asked
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Give each image's class, and how far its own class leads; none where there is no embedding.

    An argmax over nan gives its place, so that images without a number would count for one class.

    Parameters
    ----------
    embeddings : ndarray of float32, (images, embedding)
    asked : Asked

    Returns
    -------
    ndarray of int, (images,)
        `NO_ANSWER` where there is none.
    ndarray of float64, (images,)
        The margin in the readout's logits; nan without an answer.
    """
    known = answered(embeddings)
    classes = np.full(len(embeddings), NO_ANSWER, np.intp)
    ahead = np.full(len(embeddings), np.nan)
    if known.any():
        scores = asked.readout.decision(embeddings[known])
        classes[known] = scores.argmax(1)
        for own in np.unique(asked.truth[known]):
            rows = asked.truth[known] == own
            ahead[np.flatnonzero(known)[rows]] = margins(scores[rows], int(own))
    return classes, ahead


def cosines(intact: NDArray[np.float32], now: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give each image's cosine between two embeddings, (images,); nan where one has none."""
    found = np.full(len(intact), np.nan)
    both = answered(intact) & answered(now)
    x, y = intact[both].astype(np.float64), now[both].astype(np.float64)
    found[both] = (x * y).sum(1) / (np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1))
    return found


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
