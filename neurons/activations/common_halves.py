"""Which common images of several systems are fitted, and which are judged?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.common_images import CommonImages
from neurons.activations.halves import second_half
from neurons.activations.run_system import RunSystem
from neurons.readouts.copies import equal_rows

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class CommonHalves:
    """Two halves of common images that share no copy of an image.

    Parameters
    ----------
    fitting, testing : ndarray of int
        Rows of the common images, ascending.
    groups : ndarray of int, (common images,)
        Images of one number are copies of each other.
    """

    fitting: Rows
    testing: Rows
    groups: Rows

    def folds(self, n_folds: int = 5) -> Rows:
        """Part the fitting images into folds that share no copy, (fitting images,)."""
        _, member = np.unique(self.groups[self.fitting], return_inverse=True)
        found: Rows = member % n_folds
        return found


def copies_of(common: CommonImages) -> Rows:
    """Tell which common images are copies, (common images,): those of one number.

    The first run that holds embeddings tells. Among arrays alone, no image is known to be a copy.
    """
    for side in common.sides:
        if isinstance(side.system, RunSystem) and side.system.run.spec.embedding_size:
            groups: Rows = equal_rows(side.system.run.embeddings)[side.rows]
            return groups
    return np.arange(len(common))


def common_halves(
    common: CommonImages, strata: NDArray[np.integer] | None = None, *, seed: int = 0
) -> CommonHalves:
    """Part common images in two, by a hash of their ids; see `halves`.

    Parameters
    ----------
    common : CommonImages
        `copies_of` tells which of them are copies.
    strata : ndarray of int, (common images,), optional
        The kind of each image, such as its class: half of each kind lies on either side.
    seed : int

    Returns
    -------
    CommonHalves
    """
    groups = copies_of(common)
    kinds = np.zeros(len(common), np.intp) if strata is None else strata
    second = second_half(common.ids, groups, kinds, seed=seed)
    return CommonHalves(np.flatnonzero(~second), np.flatnonzero(second), groups)
