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
    run: Activations,
    ids: Sequence[str],
    rows: Rows,
    strata: NDArray[np.integer],
    *,
    seed: int = 0,
    anew: bool = False,
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
        be.
    seed : int
    anew : bool
        Whether every kind begins with the first half. Else a kind goes on where the one before it
        ended: kinds of one image are dealt in turn.

    Returns
    -------
    ndarray of int, ndarray of int
        Rows, ascending as they were given.
    """
    groups = equal_rows(run.embeddings)[rows] if run.spec.embedding_size else rows
    second = second_half([ids[row] for row in rows.tolist()], groups, strata, seed=seed, anew=anew)
    return rows[~second], rows[second]


def second_half(
    ids: Sequence[str],
    groups: NDArray[np.integer],
    strata: NDArray[np.integer],
    *,
    seed: int = 0,
    anew: bool = False,
) -> NDArray[np.bool_]:
    """Tell which images are of the second half, as `halves` parts them.

    Parameters
    ----------
    ids : sequence of str, (images,)
    groups : ndarray of int, (images,)
        Images of one number are copies, and stay together.
    strata : ndarray of int, (images,)
    seed : int
    anew : bool

    Returns
    -------
    ndarray of bool, (images,)
    """
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    keys = [
        hashlib.blake2b(f"{seed}\n{ids[row]}".encode(), digest_size=8).digest()
        for row in first.tolist()
    ]
    kinds = strata[first].tolist()
    order = sorted(range(len(first)), key=lambda i: (kinds[i], keys[i]))
    turn = np.arange(len(order))
    if anew:
        ordered = strata[first][order]
        turn -= np.searchsorted(ordered, ordered)
    side = np.zeros(len(first), bool)
    side[order] = turn % 2 == 1
    found: NDArray[np.bool_] = side[member]
    return found
