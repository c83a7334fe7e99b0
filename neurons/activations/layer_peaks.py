"""What did every unit of a layer say? Some units at a time, so that no layer is held whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations

# four of the columns' pieces on disk
_UNITS = 128


def peak_blocks(
    run: Activations, layer: str, rows: NDArray[np.intp]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Read a layer's peaks, some units at a time, so that units can be ranked.

    A unit that is not finite on one of the run's images is 0 on all: it leads nowhere.
    `Activations.lost` counts these.

    Parameters
    ----------
    run : Activations
    layer : str
    rows : ndarray of int
        Images to keep, such as those that were not skipped.

    Yields
    ------
    int
        Number of the first unit.
    ndarray of float32, (rows, units)

    Raises
    ------
    LayerNotFoundError
        If the run does not hold the layer.
    """
    stored = run.array(layer, "peak")
    yield from _blocks(run, layer, rows, range(0, stored.shape[1], _UNITS))


def peaks_of(
    run: Activations, layer: str, rows: NDArray[np.intp], units: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Read the peaks of some units of a layer, as `peak_blocks` gives them: (rows, units).

    Parameters
    ----------
    run : Activations
    layer : str
    rows : ndarray of int
        Images to keep.
    units : ndarray of int
        Of the layer.

    Raises
    ------
    LayerNotFoundError
        If the run does not hold the layer.
    """
    found = np.empty((len(rows), len(units)), np.float32)
    places = units // _UNITS
    for start, block in _blocks(run, layer, rows, (np.unique(places) * _UNITS).tolist()):
        inside = places == start // _UNITS
        found[:, inside] = block[:, units[inside] - start]
    return found


def _blocks(
    run: Activations, layer: str, rows: NDArray[np.intp], starts: Iterable[int]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    stored, unsound = run.array(layer, "peak"), run.lost(layer).not_finite > 0
    for start in starts:
        block = np.asarray(stored[:, start : start + _UNITS], np.float32)
        block[:, unsound[start : start + _UNITS]] = 0
        yield start, block[rows]
