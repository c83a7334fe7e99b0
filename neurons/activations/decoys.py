"""What would fake units look like? Decoys that sit the same exam as the units of a layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurons.activations.layer_peaks import peaks_of
from neurons.activations.run import Activations

Peaks = NDArray[np.float32]

ROTATED, SHUFFLED, NOISE = "random directions", "units with shuffled images", "noise"
UNTRAINED = "units of an untrained network"
# of a kind; a layer of more units lends so many
_MOST = 512


def decoys_of(
    run: Activations,
    layer: str,
    rows: NDArray[np.intp],
    *,
    untrained: Activations | None = None,
    seed: int = 0,
) -> dict[str, Peaks]:
    """Make up to 512 decoys of each kind out of a layer's units.

    Parameters
    ----------
    run : Activations
    layer : str
    rows : ndarray of int
        Images to keep.
    untrained : Activations, optional
        Of the same images and an untrained network: its units are one more kind.
    seed : int

    Returns
    -------
    dict of str to ndarray of float32, (images, decoys)

    Raises
    ------
    LayerNotFoundError
        If a run does not hold the layer.
    """
    peaks = _some(run, layer, rows, seed)
    found = {
        ROTATED: rotated(peaks, seed=seed),
        SHUFFLED: shuffled(peaks, seed=seed),
        NOISE: noise(peaks, seed=seed),
    }
    if untrained is not None:
        found[UNTRAINED] = _some(untrained, layer, rows, seed)
    return found


def rotated(peaks: Peaks, *, seed: int = 0) -> Peaks:
    """Turn a layer's axes at random: directions that know as much as the units, (images, units).

    What a layer knows of a concept lies in all directions; a unit of its own for it does not.

    Parameters
    ----------
    peaks : ndarray of float, (images, units)
    seed : int

    References
    ----------
    Bau et al., "Network dissection: quantifying interpretability of deep visual representations",
    CVPR 2017, section 3.2: random rotations of a layer.
    """
    random = np.random.default_rng((seed, 1))
    turn, upper = np.linalg.qr(random.standard_normal((peaks.shape[1],) * 2))
    # every rotation alike: the sign that qr leaves open is drawn, too
    turn *= np.sign(np.diag(upper))
    found: Peaks = (peaks @ turn.astype(np.float32)).astype(np.float32)
    return found


def shuffled(peaks: Peaks, *, seed: int = 0) -> Peaks:
    """Give each unit the images in another order: all that is lost is what it knows of them."""
    random = np.random.default_rng((seed, 2))
    return random.permuted(peaks, axis=0)


def noise(peaks: Peaks, *, seed: int = 0) -> Peaks:
    """Give independent normal values of the same shape."""
    random = np.random.default_rng((seed, 3))
    return random.standard_normal(peaks.shape, np.float32)


def _some(run: Activations, layer: str, rows: NDArray[np.intp], seed: int) -> Peaks:
    """Read some units of a layer, drawn at random, without those that say the same of all."""
    n = run.layer(layer).units
    drawn = np.sort(np.random.default_rng(seed).choice(n, min(n, _MOST), replace=False))
    peaks = peaks_of(run, layer, rows, drawn)
    alive = np.ptp(peaks, axis=0) > 0
    # of a layer that is dead as a whole there is nothing to make decoys of but silence
    return peaks[:, alive] if alive.any() else peaks
