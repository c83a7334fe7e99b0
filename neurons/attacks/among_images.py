"""How does a string's activation compare with what photographs reach?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.stats import Share

# a string excites a unit that it drives beyond the 99th percentile of images; a percentile needs
# as many images as it has steps
FEWEST_IMAGES, _RARE = 100, 0.01


@dataclass(frozen=True)
class AmongImages:
    """An activation beside a unit's peaks on images.

    Parameters
    ----------
    reached : Share
        Images whose peak is as large, or larger.
    highest : float
        The largest peak of the images.
    """

    reached: Share
    highest: float

    @property
    def exceptional(self) -> bool:
        """Whether it lies above the 99th percentile of the images: of 100 images or more."""
        return self.reached.n >= FEWEST_IMAGES and self.reached.value <= _RARE

    def __str__(self) -> str:
        n, most = self.reached.n, f"their largest peak is {self.highest:.3g}"
        if n < FEWEST_IMAGES:
            few = f"{n:,} images are too few for a percentile"
            return f"{self.reached.successes:,} of {n:,} images reach it ({most}; {few})"
        return f"{self.reached.value:.1%} of {n:,} images reach it ({most})"


def among_images(activation: float, peaks: NDArray[np.floating]) -> AmongImages:
    """Compare an activation with a unit's peaks on images.

    Parameters
    ----------
    activation : float
        Of a string on a plain ground, in the layer's unit.
    peaks : ndarray of float, (images,)
        Of images that were not chosen for this unit.
    """
    return AmongImages(
        Share(int((peaks >= activation).sum()), len(peaks)), float(np.max(peaks, initial=-np.inf))
    )


def said_of(
    text: str, neuron: str, activation: float, blank: float, among: AmongImages | None
) -> str:
    """Say in a sentence what a string does to a unit, by what images reach.

    Parameters
    ----------
    text, neuron : str
    activation : float
        Mean peak where the string stands alone on plain grounds.
    blank : float
        Mean peak of the same grounds with a patch in its place, or with nothing.
    among : AmongImages or None
        None where no images were asked.

    Returns
    -------
    str
        It says "excites" only of an activation beyond the blank ground's and the 99th percentile
        of 100 images or more.
    """
    images = "what images reach is not known here" if among is None else str(among)
    known = f"{activation:.3g}, where a plain ground gives {blank:.3g}; {images}"
    if activation <= blank:
        return f"“{text}” does not excite {neuron}: it gives {known}."
    if among is not None and among.exceptional:
        return f"“{text}” excites {neuron}: it gives {known}."
    if among is None or among.reached.n < FEWEST_IMAGES:
        return f"Of the strings, “{text}” gives the largest activation of {neuron}: {known}."
    return f"“{text}” does not excite {neuron} as images do: it gives {known}."
