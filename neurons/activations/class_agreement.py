"""Do groups of images agree on a unit's top class, how surely, and how often by chance?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurons.activations.class_means import class_means

# a unit that says the same of all images has no top class
NONE = -1

# of each group its peaks, (images, units), and its labels, (images,)
Groups = Sequence[tuple[NDArray[np.float32], NDArray[np.int32]]]


def agreeing(tops: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Tell which units have one top class in every group, (units,)."""
    agree: NDArray[np.bool_] = (tops == tops[0]).all(0) & (tops[0] != NONE)
    return agree


def leads_of(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how far the top class lies above the mean of all, (groups, units), in deviations."""
    spread = means.std(1)
    leads: NDArray[np.float64] = (means.max(1) - means.mean(1)) / np.where(spread > 0, spread, 1)
    return leads


def counts_by_chance(
    groups: Groups,
    kept: Sequence[bool],
    n_classes: int,
    alive: NDArray[np.bool_],
    n_permutations: int,
    seed: int,
) -> list[int]:
    """Count the multimodal units when labels are shuffled within each group of images.

    Parameters
    ----------
    groups : sequence of (ndarray, ndarray)
        Of each group its peaks, (images, units), and its labels, (images,).
    kept : sequence of bool
        Groups that keep their labels.
    n_classes : int
    alive : ndarray of bool, (groups, units)
    n_permutations, seed : int
    """
    random = np.random.default_rng(seed)
    true = [class_means(peaks, labels, n_classes).argmax(0) for peaks, labels in groups]
    counts = []
    for _ in range(n_permutations):
        tops = [
            top if keep else class_means(peaks, random.permutation(labels), n_classes).argmax(0)
            for (peaks, labels), keep, top in zip(groups, kept, true, strict=True)
        ]
        counts.append(int(agreeing(np.where(alive, np.stack(tops), NONE)).sum()))
    return counts


def certainty(
    groups: Groups,
    tops: NDArray[np.intp],
    n_classes: int,
    n_resamples: int,
    seed: int,
) -> NDArray[np.float32]:
    """Give how often every group keeps a multimodal unit's class when images are drawn anew."""
    random = np.random.default_rng(seed)
    agree, same = agreeing(tops), np.zeros(tops.shape[1])
    for _ in range(n_resamples):
        held = agree.copy()
        for (peaks, labels), top in zip(groups, tops, strict=True):
            rows = np.concatenate(
                [
                    random.choice(mine, len(mine))
                    for mine in (np.flatnonzero(labels == k) for k in range(n_classes))
                ]
            )
            held &= class_means(peaks[rows], labels[rows], n_classes).argmax(0) == top
        same += held
    return (same / n_resamples).astype(np.float32)
