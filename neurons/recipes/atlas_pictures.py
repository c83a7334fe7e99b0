"""Which images does an atlas show, and which units answer to each?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurons.activations.answering_units import answering_units
from neurons.activations.layer_peaks import peak_blocks
from neurons.activations.run import Activations
from neurons.data.remembered import RememberedImages
from neurons.pages.atlas import Pictures

# all images of a set of this size are shown; of a larger one those at the tops of units, and a
# sample that tells what else there is
_ALL, _SAMPLE = 5_000, 2_000
_UNITS = 10
NONE = -1
Progress = Callable[[int, int], None]


def strongest_images(run: Activations, layer: str, count: int) -> NDArray[np.intp]:
    """Find the images that excite each unit of a layer most.

    Parameters
    ----------
    run : Activations
    layer : str
    count : int >= 1

    Returns
    -------
    ndarray of int, (units, count)
        Rows of the set, of equal peaks the first ones; -1 where there are fewer, and for a unit
        that says the same of every image.
    """
    good = run.good_rows()
    top = np.full((run.layer(layer).units, count), NONE, np.intp)
    for start, peaks in peak_blocks(run, layer, good):
        order = np.argsort(-peaks, axis=0, kind="stable")[:count].T
        alive = np.flatnonzero(np.ptp(peaks, axis=0) > 0) if len(good) else np.empty(0, np.intp)
        top[start + alive, : order.shape[1]] = good[order[alive]]
    return top


def pictures_of(
    run: Activations,
    images: RememberedImages,
    layer: str,
    top: NDArray[np.intp],
    *,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> tuple[Pictures, str]:
    """Choose the images that an atlas shows, and find the units that answer to each.

    Parameters
    ----------
    run : Activations
    images : RememberedImages
        Of the run.
    layer : str
    top : ndarray of int, (units, several)
        Rows of the images that excite units most: these are among those chosen.
    seed : int
        Of the sample, where a set is too large to show all.
    progress : callable
        Takes how many of how many units are done.

    Returns
    -------
    Pictures, str
        And which they are, in words.
    """
    good = run.good_rows()
    rows, told = good, f"all {len(good):,} images"
    if len(good) > _ALL:
        drawn = np.random.default_rng(seed).permutation(good)[:_SAMPLE]
        tops = np.unique(top[top != NONE])
        rows = np.union1d(tops, drawn)
        told = (
            f"{len(rows):,} of {len(good):,} images: the {len(tops):,} that excite any unit most, "
            f"and {_SAMPLE:,} drawn at random"
        )
    units, deviations = answering_units(run, layer, rows, count=_UNITS, progress=progress)
    listed = [int(row) for row in rows]
    return Pictures(
        rows=rows,
        names=[images.ids[row] for row in listed],
        labels=[] if images.labels is None else [images[row].label for row in listed],
        thumbnail=lambda row: images.small(row).encoded,
        units=units,
        deviations=deviations,
    ), told
