"""Which images are fitted to, which choose, and which test? By their ids, class by class."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError

UNUSED, FIT, CHOOSE, TEST = range(4)
# classes named in one line
_NAMED = 4


def split_images(
    ids: Sequence[str],
    labels: NDArray[np.integer],
    class_names: Sequence[str],
    *,
    choose_share: float = 0.15,
    test_share: float = 0.15,
    seed: int = 0,
    groups: NDArray[np.integer] | None = None,
) -> NDArray[np.uint8]:
    """Divide images into three parts, the same for the same ids in any order.

    Within a class, images are ordered by a hash of their id and the seed; the first test, the next
    choose, the others are fitted to. Every class tests and is fitted to with one image at least,
    and chooses with one if it has three. Images of one group (copies) go where their first goes,
    and count as one.

    Parameters
    ----------
    ids : sequence of str
    labels : ndarray of int, (images,)
        Indices of ``class_names``; images below 0 are left out.
    class_names : sequence of str
    choose_share, test_share : float in (0, 1), together below 1
    seed : int
    groups : ndarray of int, (images,), optional
        Images with equal numbers stay together, whatever their classes. Default: each by itself.

    Returns
    -------
    ndarray of uint8, (images,)
        `UNUSED`, `FIT`, `CHOOSE` or `TEST`.

    Raises
    ------
    OptionError
        If a class has a single image (copies count as one), there are fewer than two classes, or
        the shares are wrong.
    """
    if not (0 < choose_share and 0 < test_share and choose_share + test_share < 1):
        raise OptionError(
            f"shares to choose by ({choose_share}) and to test on ({test_share}) are above 0 and "
            f"leave some images to fit to"
        )
    parts = np.full(len(ids), UNUSED, np.uint8)
    used = np.flatnonzero(labels >= 0)
    present = np.unique(labels[used])
    if len(present) < 2:
        raise OptionError(f"a probe tells classes apart: these images are of {len(present)}")
    order = np.array([_hash(ids[row], seed) for row in used.tolist()], np.uint64)
    first, member = _firsts(used[np.argsort(order, kind="stable")], groups)
    _check_counts(labels, first, class_names)
    homes = labels[first]
    part_of = np.full(len(first), FIT, np.uint8)
    for k in np.unique(homes):
        mine = np.flatnonzero(homes == k)
        n = len(mine)
        n_test = min(max(1, round(test_share * n)), n - 1)
        n_choose = min(max(min(1, n - 2), round(choose_share * n)), n - 1 - n_test)
        part_of[mine[:n_test]] = TEST
        part_of[mine[n_test : n_test + n_choose]] = CHOOSE
    for rows, part in zip(member, part_of, strict=True):
        parts[rows] = part
    return parts


def distinct_counts(
    labels: NDArray[np.integer], n_classes: int, groups: NDArray[np.integer]
) -> NDArray[np.intp]:
    """Count each class's images, copies as one, (classes,).

    Parameters
    ----------
    labels : ndarray of int, (images,)
        Those below 0 do not count.
    n_classes : int
    groups : ndarray of int, (images,)
        As `split_images` takes them.
    """
    used = labels >= 0
    pairs = np.unique(np.stack([labels[used], groups[used]]), axis=1)
    counts: NDArray[np.intp] = np.bincount(pairs[0], minlength=n_classes)
    return counts


def _firsts(
    rows: NDArray[np.intp], groups: NDArray[np.integer] | None
) -> tuple[NDArray[np.intp], list[NDArray[np.intp]]]:
    """Give the first image of each group, in order, and all of each group's images."""
    if groups is None:
        return rows, [rows[i : i + 1] for i in range(len(rows))]
    members: dict[int, list[int]] = {}
    for row in rows.tolist():
        members.setdefault(int(groups[row]), []).append(row)
    first = np.array([found[0] for found in members.values()], np.intp)
    return first, [np.array(found, np.intp) for found in members.values()]


def _check_counts(
    labels: NDArray[np.integer], first: NDArray[np.intp], class_names: Sequence[str]
) -> None:
    """Refuse classes that cannot both be fitted to and test."""
    n = len(class_names)
    counts = np.bincount(labels[labels >= 0], minlength=n)
    distinct = np.bincount(labels[first], minlength=n)
    small = np.flatnonzero((counts > 0) & (distinct < 2))
    if not len(small):
        return
    named = ", ".join(repr(class_names[k]) for k in small[:_NAMED])
    more = ", ..." if len(small) > _NAMED else ""
    copies = " (copies count as one)" if (counts[small] > 1).any() else ""
    raise OptionError(
        f"{len(small):,} of {np.count_nonzero(counts):,} classes have fewer than two images that "
        f"can be read{copies}: {named}{more}; one is fitted to and another tests: add images, or "
        f"leave small classes out by the least number of images per class (min images: 2 or more)"
    )


def _hash(image_id: str, seed: int) -> int:
    digest = hashlib.blake2b(f"{seed}\n{image_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
