"""Which images are copies of one another, by what the network makes of them?"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from neurons.errors import OptionError

Groups = NDArray[np.intp]

# rows that are read, or compared, at once; and pairs that are still held
_ROWS, _PAIRS = 4096, 50_000_000


def equal_rows(values: Any) -> Groups:
    """Give numbers to images so that those with equal values, to the bit, have one number.

    Equal pictures give equal values, whatever their files are called and however they were packed.

    Parameters
    ----------
    values : ndarray or zarr array of float or uint8, (images, values)
        Such as embeddings. An image with nan in it equals no other.

    Returns
    -------
    ndarray of int, (images,)
        Ascending from 0 in the order of the first of each.
    """
    seen: dict[bytes, int] = {}
    found = np.empty(values.shape[0], np.intp)
    for start in range(0, values.shape[0], _ROWS):
        block = np.ascontiguousarray(values[start : start + _ROWS])
        # minus zero equals zero
        block = block + np.zeros((), block.dtype)
        lost = np.asarray(np.isnan(block.astype(np.float32)).any(axis=1))
        for i, row in enumerate(block):
            content = b"%d" % (start + i) if lost[i] else row.tobytes()
            key = hashlib.blake2b(content, digest_size=16).digest()
            found[start + i] = seen.setdefault(key, len(seen))
    return found


def near_rows(embeddings: Any, cosine: float) -> Groups:
    """Give numbers to images so that those whose embeddings nearly point one way share one.

    Two that are far from each other have one number, too, if others lie between them.

    Parameters
    ----------
    embeddings : ndarray or zarr array of float, (images, dimensions)
        Of any length; all pairs are compared, which takes minutes for 100,000.
    cosine : float in (0, 1)
        From here on two images count as one. What is near depends on the model: look at pairs.

    Raises
    ------
    OptionError
        If the cosine is not between 0 and 1, or so low that most pairs would be near.
    """
    if not 0 < cosine < 1:
        raise OptionError(f"the cosine of near copies lies between 0 and 1: not {cosine}")
    units = np.asarray(embeddings[:], np.float32)
    units = np.nan_to_num(units / np.maximum(np.linalg.norm(units, axis=1, keepdims=True), 1e-12))
    n, pairs, held = len(units), [], 0
    for start in range(0, n, _ROWS):
        one, other = np.nonzero(units[start : start + _ROWS] @ units[start:].T >= cosine)
        later = other > one
        pairs.append(np.stack([one[later] + start, other[later] + start]))
        held += pairs[-1].shape[1]
        if held > _PAIRS:
            raise OptionError(
                f"more than {_PAIRS:,} pairs of images have a cosine of {cosine:g} or more: these "
                f"are no copies; ask for a larger one"
            )
    near = np.concatenate(pairs, axis=1)
    graph = coo_array((np.ones(near.shape[1], bool), (near[0], near[1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.intp)


def joined_groups(one: Groups, other: Groups) -> Groups:
    """Give numbers to images so that those that either grouping puts together share one."""
    n = len(one)
    rows = np.arange(n)
    # two images hang together if both hang on the same group
    graph = coo_array(
        (
            np.ones(2 * n, bool),
            (np.concatenate([rows, rows]), np.concatenate([n + one, 2 * n + other])),
        ),
        shape=(3 * n, 3 * n),
    )
    return np.asarray(connected_components(graph, directed=False)[1][:n], np.intp)


def count_copies(groups: Groups, labels: NDArray[np.integer]) -> tuple[int, int]:
    """Count the labelled images that have a copy, and those whose copy is of another class.

    Parameters
    ----------
    groups : ndarray of int, (images,)
    labels : ndarray of int, (images,)
        Images below 0 do not count.
    """
    used = np.flatnonzero(labels >= 0)
    _, place, sizes = np.unique(groups[used], return_inverse=True, return_counts=True)
    lowest = np.full(len(sizes), np.iinfo(np.int64).max)
    highest = np.full(len(sizes), -1)
    np.minimum.at(lowest, place, labels[used])
    np.maximum.at(highest, place, labels[used])
    return int((sizes[place] > 1).sum()), int((lowest != highest)[place].sum())
