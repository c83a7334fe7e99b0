"""Of which classes are a run's images, and which of them must stay together in a split?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.data.images import ImageSet
from neurons.data.split import distinct_counts
from neurons.errors import OptionError
from neurons.readouts.class_names import shown_names
from neurons.readouts.copies import equal_rows, joined_groups, near_rows
from neurons.readouts.probe import SmallClass


@dataclass(frozen=True)
class RunClasses:
    """The images of a run by class.

    Parameters
    ----------
    labels : ndarray of int64, (images,)
        Indices of ``names``; -1 where an image was skipped, has no label, or is of a class that
        was left out.
    names : tuple of str
        Classes with images that were read; no two are equal.
    left_out : tuple of SmallClass
        Classes with fewer images than were asked for.
    """

    labels: NDArray[np.int64]
    names: tuple[str, ...]
    left_out: tuple[SmallClass, ...] = ()


def classes_of_run(
    run: Activations,
    images: ImageSet,
    groups: NDArray[np.intp],
    *,
    min_images: int = 0,
) -> RunClasses:
    """Give the classes that have readable images, and leave small ones out.

    Parameters
    ----------
    run : Activations
    images : ImageSet
        Those of the run.
    groups : ndarray of int, (images,)
        As `groups_of_run`: images of one group count as one.
    min_images : int
        Least number of images of a class, copies counted once; 0: none is left out.

    Raises
    ------
    LabelsMissingError
        If the images carry no labels.
    OptionError
        If ``min_images`` is 1 or below 0 (one image cannot both be fitted to and test), or leaves
        fewer than two classes.
    """
    given, good = images.require_labels(), run.good_rows()
    if min_images < 0 or min_images == 1:
        raise OptionError(
            f"the least number of images per class is 2 or more, not {min_images}: one is fitted "
            f"to and another tests"
        )
    labels = np.full(len(given), -1, np.int64)
    labels[good] = given[good]
    shown = shown_names(images)
    counts = distinct_counts(labels, len(shown), groups)
    kept = np.flatnonzero(counts >= max(min_images, 1))
    small = np.flatnonzero((counts > 0) & (counts < min_images))
    if len(small) and len(kept) < 2:
        raise OptionError(
            f"{len(kept)} of {np.count_nonzero(counts):,} classes have {min_images:,} images or "
            f"more (copies count as one; the largest has {counts.max():,}): a probe tells two "
            f"classes apart or more; add images, or ask for fewer per class"
        )
    places = np.full(max(len(shown), 1), -1, np.int64)
    places[kept] = np.arange(len(kept))
    labels[labels >= 0] = places[labels[labels >= 0]]
    left_out = tuple(SmallClass(shown[k], int(counts[k])) for k in small)
    return RunClasses(labels, tuple(shown[k] for k in kept), left_out)


def groups_of_run(
    run: Activations, images: ImageSet, *, near_copies: float | None = None, by: str | None = None
) -> NDArray[np.intp]:
    """Give numbers to images so that those that must stay together share one.

    Copies are found by what was scanned: equal embeddings to the bit (of the first layer's peaks,
    where the run has no embeddings), and equal files where the run holds their SHA-256.

    Parameters
    ----------
    run : Activations
    images : ImageSet
        Those of the run.
    near_copies : float in (0, 1), optional
        Images whose embeddings have this cosine or more count as copies, too.
    by : str, optional
        A column: images with equal values stay together, such as the frames of one film.

    Returns
    -------
    ndarray of int, (images,)

    Raises
    ------
    LayerNotFoundError
        If near copies are asked for, and the run was made without embeddings.
    LabelsMissingError
        If there is no such column.
    OptionError
        If the cosine makes no sense.
    """
    has_embeddings = run.spec.embedding_size > 0
    groups = equal_rows(run.embeddings if has_embeddings else run.array(run.layers[0].path, "peak"))
    hashes = run.content_hashes
    if hashes is not None:
        groups = joined_groups(groups, equal_rows(hashes))
    if near_copies is not None:
        groups = joined_groups(groups, near_rows(run.embeddings, near_copies))
    if by is not None:
        column = np.array([str(value) for value in images.column(by)])
        groups = joined_groups(groups, np.unique(column, return_inverse=True)[1])
    return groups
