"""How active is each unit of a layer over a run's images?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations

_UNITS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class MeanActivations:
    """Over the images on which a unit is finite; arrays of (units,).

    Parameters
    ----------
    mean, spread : ndarray of float64
        Of the mean over the unit's places, over images; nan for a unit that is never finite.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Units that differ between images."""
        return np.isfinite(self.spread) & (self.spread > 0)


def mean_activations(run: Activations, layer: str, *, places: int = 0) -> MeanActivations:
    """Take the mean over the places that a readout takes, then over images.

    Parameters
    ----------
    run : Activations
    layer : str
    places : int
        How many places of each unit the readout takes: one is the class token, if the layer has
        one; one more than its map has are the map and the class token. Default: the map.

    Raises
    ------
    LayerNotFoundError
        If the run does not hold the layer.
    """
    spec, good = run.layer(layer), run.good_rows()
    on_map = spec.height * spec.width
    token = spec.class_token and places in (1, on_map + 1)
    means, spreads = np.full(spec.units, np.nan), np.full(spec.units, np.nan)
    for start in range(0, spec.units, _UNITS_AT_ONCE):
        some = slice(start, start + _UNITS_AT_ONCE)
        values = np.asarray(run.array(layer, "mean")[:, some], np.float64)[good]
        if token:
            first = np.asarray(run.array(layer, "class_token")[:, some], np.float64)[good]
            values = first if places == 1 else (first + on_map * values) / (on_map + 1)
        finite = np.isfinite(values)
        known = finite.any(0)
        kept = np.where(finite, values, np.nan)[:, known]
        means[some][known], spreads[some][known] = np.nanmean(kept, 0), np.nanstd(kept, 0)
    return MeanActivations(means, spreads)
