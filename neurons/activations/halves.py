"""Which images choose, and which test? Two halves that share no copy of an image."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.readouts.copies import equal_rows

Rows = NDArray[np.intp]


def halves(
    run: Activations, ids: Sequence[str], rows: Rows, strata: NDArray[np.integer], *, seed: int = 0
) -> tuple[Rows, Rows]:
    """Part images in two, each stratum by itself, in the order of a hash of their ids.

    Parameters
    ----------
    run : Activations
        Its embeddings, if it holds them, tell which images are copies: these stay together, and go
        where the first of them goes.
    ids : sequence of str
        Of all images of the run.
    rows : ndarray of int, (images,)
        The images to part.
    strata : ndarray of int, (images,)
        The kind of each, such as its class: half of each kind lies on either side, where that can
        be, and kinds of one image are dealt in turn.
    seed : int

    Returns
    -------
    ndarray of int, ndarray of int
        Rows, ascending as they were given.
    """
    groups = equal_rows(run.embeddings)[rows] if run.spec.embedding_size else rows
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    keys = [
        hashlib.blake2b(f"{seed}\n{ids[row]}".encode(), digest_size=8).digest()
        for row in rows[first].tolist()
    ]
    kinds = strata[first].tolist()
    order = sorted(range(len(first)), key=lambda i: (kinds[i], keys[i]))
    side = np.zeros(len(first), bool)
    side[order[1::2]] = True
    return rows[~side[member]], rows[side[member]]
