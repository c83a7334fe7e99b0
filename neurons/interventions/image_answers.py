"""What does a model answer to many images, as they are and changed, a few at a time?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neurons.data.distortions import Change
from neurons.data.images import ImageSet
from neurons.data.loading import batches_of, load_batch
from neurons.data.preprocess import Preprocess
from neurons.errors import ImagesNotFoundError
from neurons.interventions.editable import EditableNetwork
from neurons.readouts.readout import Readout

Progress = Callable[[int, int], None]

# images decoded at a time; a set of any size takes the memory of these
_AT_ONCE = 128


@dataclass(frozen=True, eq=False)
class ImageAnswers:
    """The top class of each image that could be decoded.

    Parameters
    ----------
    rows : ndarray of int, (images,)
        Which of the set's images these are, in the order that was asked for.
    answers : ndarray of int, (changes, images)
        Places in the readout's class names.
    n_skipped : int
        Images that cannot be decoded.
    """

    rows: NDArray[np.intp]
    answers: NDArray[np.intp]
    n_skipped: int


def as_they_are(pixels: Tensor, rows: Sequence[int]) -> Tensor:
    """Change nothing."""
    return pixels


def decoded(
    preprocess: Preprocess, images: ImageSet, rows: Sequence[int]
) -> Iterator[tuple[list[int], Tensor]]:
    """Decode and resize images, some at a time.

    Yields
    ------
    list of int
        Those of the rows that could be decoded.
    Tensor of uint8, (images, 3, H, W)
    """
    for span in batches_of(range(len(rows)), _AT_ONCE):
        wanted = [int(row) for row in rows[span.start : span.stop]]
        batch = load_batch(preprocess, images, wanted, batch_size=len(wanted))
        good = [i for i, row in enumerate(wanted) if row not in batch.bad]
        yield [wanted[i] for i in good], batch.pixels[good]


def answers_to(
    network: EditableNetwork,
    images: ImageSet,
    readout: Readout,
    *,
    rows: Sequence[int] | None = None,
    changes: Sequence[Change] = (as_they_are,),
    progress: Progress = lambda done, total: None,
) -> ImageAnswers:
    """Ask a model for the class of each image, under one change after another.

    Parameters
    ----------
    network : EditableNetwork
        Opened with this readout.
    images : ImageSet
    readout : Readout
    rows : sequence of int, optional
        Which of the images; default: all.
    changes : sequence of callable
        What is done to pixels of the network's input size.
    progress : callable
        Takes how many of how many images have been read, each change counted.

    Raises
    ------
    ImagesNotFoundError
        If no image can be decoded.
    """
    wanted = list(range(len(images))) if rows is None else [int(row) for row in rows]
    total, kept, found = len(wanted) * len(changes), [], []
    done = 0
    for good, pixels in decoded(network.clip.preprocess, images, wanted):
        if good:
            part = [network.respond(change(pixels, good)).answers(readout) for change in changes]
            kept += good
            found.append(np.stack(part))
        done += _AT_ONCE * len(changes)
        progress(min(done, total), total)
    if not kept:
        raise ImagesNotFoundError(f"none of {len(wanted)} images of {images.name!r} can be decoded")
    return ImageAnswers(
        np.array(kept, np.intp), np.concatenate(found, axis=1), len(wanted) - len(kept)
    )
