"""Which units of a layer are most alike? Correlation of their peaks over the images of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.largest import keep_largest
from neurons.activations.layer_peaks import peak_blocks, peaks_of
from neurons.activations.run import Activations
from neurons.errors import OptionError

# peaks that are held while all others are read past them: 128 million numbers, half a GB
_HELD = 1 << 27
# units whose images are shuffled to see what chance gives
_SHUFFLED = 256
# of a correlation: what lies below is a matter of the order of a sum
DIGITS = 5
NONE = -1


@dataclass(frozen=True)
class NearestUnits:
    """The units most alike to each unit of a layer.

    Parameters
    ----------
    units : ndarray of int32, (units, count)
        The most alike first, the lower number first of equals; -1 where there are fewer. A unit
        that says the same of every image, or is not finite on one, has none, and is none of any
        other's.
    correlations : ndarray of float32, (units, count)
        Pearson's, over the images that were not skipped; nan where there is no unit.
    n_images : int
    chance : float
        The largest correlation that a unit has with any other where the images of one are shuffled:
        95 % of units have less. nan if no unit differs between images.
    """

    units: NDArray[np.int32]
    correlations: NDArray[np.float32]
    n_images: int
    chance: float


def nearest_units(
    run: Activations,
    layer: str,
    *,
    count: int = 20,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NearestUnits:
    """Find the units whose peaks correlate most with those of each unit.

    Parameters
    ----------
    run : Activations
    layer : str
    count : int >= 1
        Units for each.
    seed : int
        Of the shuffle.
    progress : callable
        Takes how many of how many comparisons of a unit with others are done.

    Returns
    -------
    NearestUnits

    Raises
    ------
    LayerNotFoundError
        If the run does not hold the layer.
    OptionError
        If no unit is asked for.

    Notes
    -----
    Units may correlate because the images do: two units of different things that are photographed
    together are alike here.
    """
    n_units = run.layer(layer).units
    if count < 1:
        raise OptionError(f"the {count} nearest units are none; ask for 1 or more")
    rows = run.good_rows()
    count = min(count, max(n_units - 1, 0))
    at_once = max(1, _HELD // max(len(rows), 1))
    units = np.full((n_units, count), NONE, np.int32)
    values = np.full((n_units, count), -np.inf, np.float32)
    starts = range(0, n_units, at_once)
    for i, first in enumerate(starts):
        these = np.arange(first, min(first + at_once, n_units))
        held = standardised(peaks_of(run, layer, rows, these))
        mine = slice(first, first + held.shape[1])
        for start, block in standardised_blocks(run, layer, rows):
            found = correlations(held, block)
            _leave_itself_out(found, first, start)
            units[mine], values[mine] = keep_largest(units[mine], values[mine], found, start)
            progress(i * n_units + start + block.shape[1], len(starts) * n_units)
    units[np.isneginf(values)] = NONE
    values[np.isneginf(values)] = np.nan
    return NearestUnits(units, values, len(rows), _by_chance(run, layer, rows, seed))


def standardised_blocks(
    run: Activations, layer: str, rows: NDArray[np.intp]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Read a layer's peaks, some units at a time, so that a product of two is their correlation.

    Yields
    ------
    int
        Number of the first unit.
    ndarray of float32, (rows, units)
        Of mean 0 and length 1, as `standardised` gives them; all 0 where a unit says the same of
        every image.
    """
    for start, peaks in peak_blocks(run, layer, rows):
        yield start, standardised(peaks)


def standardised(peaks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shift and scale columns to mean 0 and length 1; equal values become 0."""
    if not len(peaks):
        return peaks
    wide = peaks.astype(np.float64)
    wide -= wide.mean(0)
    length = np.sqrt((wide * wide).sum(0))
    # the mean of equal values is off by its rounding, and they would be scaled to noise
    length[np.ptp(peaks, axis=0) == 0] = np.inf
    scaled: NDArray[np.float32] = (wide / length).astype(np.float32)
    return scaled


def correlations(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlate each column of one with each of the other; -inf with one that is all 0.

    Returns
    -------
    ndarray of float32, (columns, columns)
        To five digits.
    """
    found = np.round(first.T @ second, DIGITS)
    found[~first.any(0)] = -np.inf
    found[:, ~second.any(0)] = -np.inf
    return found


def _leave_itself_out(found: NDArray[np.float32], first: int, start: int) -> None:
    both = np.arange(max(first, start), min(first + found.shape[0], start + found.shape[1]))
    found[both - first, both - start] = -np.inf


def _by_chance(run: Activations, layer: str, rows: NDArray[np.intp], seed: int) -> float:
    """Shuffle the images of some units, and see how alike others are to them then."""
    random = np.random.default_rng(seed)
    n_units = run.layer(layer).units
    chosen = np.sort(random.permutation(n_units)[:_SHUFFLED])
    sample = standardised(peaks_of(run, layer, rows, chosen))
    sample = sample[random.permutation(len(rows))][:, sample.any(0)]
    largest = np.full(sample.shape[1], -np.inf, np.float32)
    for _, block in standardised_blocks(run, layer, rows):
        if sample.shape[1]:
            largest = np.maximum(largest, correlations(sample, block).max(1))
    return float(np.quantile(largest, 0.95)) if len(largest) else float("nan")
