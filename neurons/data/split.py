"""Which images are fitted to, which choose, and which test? By their ids, class by class."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError

UNUSED, FIT, CHOOSE, TEST = range(4)


def split_images(
    ids: Sequence[str],
    labels: NDArray[np.integer],
    class_names: Sequence[str],
    *,
    choose_share: float = 0.15,
    test_share: float = 0.15,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """Divide images into three parts, the same for the same ids in any order.

    Within a class, images are ordered by a hash of their id and the seed; the first test, the next
    choose, the others are fitted to. Every class tests and is fitted to with one image at least,
    and chooses with one if it has three.

    Parameters
    ----------
    ids : sequence of str
    labels : ndarray of int, (images,)
        Indices of ``class_names``; images below 0 are left out.
    class_names : sequence of str
    choose_share, test_share : float in (0, 1), together below 1
    seed : int

    Returns
    -------
    ndarray of uint8, (images,)
        `UNUSED`, `FIT`, `CHOOSE` or `TEST`.

    Raises
    ------
    OptionError
        If a class has a single image, there are fewer than two classes, or the shares are wrong.
    """
    if not (0 < choose_share and 0 < test_share and choose_share + test_share < 1):
        raise OptionError(
            f"shares to choose by ({choose_share}) and to test on ({test_share}) are above 0 and "
            f"leave some images to fit to"
        )
    parts = np.full(len(ids), UNUSED, np.uint8)
    counts = np.bincount(labels[labels >= 0], minlength=len(class_names))
    if np.count_nonzero(counts) < 2:
        raise OptionError(
            f"a probe tells classes apart: these images are of {np.count_nonzero(counts)}"
        )
    single = np.flatnonzero(counts == 1)
    if len(single):
        named = ", ".join(repr(class_names[k]) for k in single[:4])
        raise OptionError(
            f"{len(single)} classes have fewer than two images that can be read ({named}): one is "
            f"fitted to and another tests; add images of them, or take their labels away"
        )
    order = np.array([_hash(image_id, seed) for image_id in ids], np.uint64)
    for k in np.flatnonzero(counts):
        rows = np.flatnonzero(labels == k)
        rows = rows[np.argsort(order[rows], kind="stable")]
        n = len(rows)
        n_test = max(1, round(test_share * n))
        n_choose = max(min(1, n - 2), round(choose_share * n))
        parts[rows] = FIT
        parts[rows[:n_test]] = TEST
        parts[rows[n_test : n_test + n_choose]] = CHOOSE
    return parts


def _hash(image_id: str, seed: int) -> int:
    digest = hashlib.blake2b(f"{seed}\n{image_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
