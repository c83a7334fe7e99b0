"""Which channels of a layer does one image surprise, beside what other images give?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.stage_reference import LayerReference
from neurons.stats import p_of_draws

# spreads below that, in shares of the mean, are of units that say the same of every image
_LEAST_SPREAD = 1e-6


@dataclass(frozen=True, eq=False)
class Surprise:
    """How far each channel on one image lies from what it usually is.

    Parameters
    ----------
    z : ndarray of float64, (units,)
        Standard deviations above what other images give, by the channel's peak or by its mean over
        the map, whichever is further; -inf for channels that say the same of all images, or were
        not finite on some.
    by_peak : ndarray of bool, (units,)
        Whether it is the peak that is further.
    mean, spread : ndarray of float64, (units,)
        The usual mean over the map, and the standard deviation of the peak: the scale that all
        channels of the layer are drawn in.
    usual : float
        The largest z of a middling image among the others: what the first of so many channels
        gives anyway.
    p_value : float
        Share of the images, this one counted in, whose first channel surprises as much.
    alive, n : int
        Channels that are ranked, and other images.
    """

    z: NDArray[np.float64]
    by_peak: NDArray[np.bool_]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    usual: float
    p_value: float
    alive: int
    n: int

    def first(self, count: int) -> list[int]:
        """Give the most surprised channels, the first one first."""
        order = np.argsort(-self.z, kind="stable")[: min(count, self.alive)]
        return [int(unit) for unit in order]


def surprise(
    reference: LayerReference, peaks: NDArray[np.floating], means: NDArray[np.floating]
) -> Surprise:
    """Compare one image's channels with those of other images.

    Parameters
    ----------
    reference : LayerReference
        Without the image itself.
    peaks, means : ndarray of float, (units,)
        Of the image, over the map.
    """
    pairs = ((reference.peaks, peaks), (reference.means, means))
    own, others, spreads = zip(*(_in_spreads(*pair) for pair in pairs), strict=True)
    z = np.stack(own)
    first, n = z.max(0), len(reference.peaks)
    alive = int(np.isfinite(first).sum())
    usual = p_value = float("nan")
    if alive:
        each = np.maximum(*others).max(1)
        usual, p_value = float(np.median(each)), p_of_draws(float(first.max()), each)
    mean = reference.means.astype(np.float64).mean(0)
    return Surprise(first, z[0] >= z[1], mean, spreads[0], usual, p_value, alive, n)


def _in_spreads(
    others: NDArray[np.floating], own: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give an image's z, (units,), those of the others, (images, units), and the spread."""
    values = others.astype(np.float64)
    mean, spread = values.mean(0), values.std(0)
    known = np.isfinite(mean) & np.isfinite(own) & (spread > _LEAST_SPREAD * np.abs(mean))
    z, among = np.full(len(mean), -np.inf), np.full(values.shape, -np.inf)
    z[known] = (own[known].astype(np.float64) - mean[known]) / spread[known]
    among[:, known] = _without_itself((values[:, known] - mean[known]) / spread[known])
    return z, among, spread


def _without_itself(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn z among all images into z beside the others, so that no image is its own measure."""
    n = len(z)
    rest = (n - np.square(z) * n / (n - 1)) / (n - 1)
    # a unit that says the same of all other images is not ranked for this one
    known = rest > _LEAST_SPREAD
    found = np.full(z.shape, -np.inf)
    found[known] = z[known] * n / (n - 1) / np.sqrt(rest[known])
    return found
