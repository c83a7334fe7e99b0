"""What is known of a made picture? What it does to its unit, and how much images do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# the share of real images that a picture must exceed to be evidence
REACHES = 0.99


@dataclass(frozen=True)
class Excited:
    """One of the units that a picture excites most.

    Parameters
    ----------
    unit : int
    activation : float
        Its peak on the plain picture.
    z : float
        In standard deviations above its mean peak on the run's images; nan without a run.
    """

    unit: int
    activation: float
    z: float


@dataclass(frozen=True)
class MadePicture:
    """A made picture with the evidence for it.

    Parameters
    ----------
    name : str
        ``seed 0``, or the facet and its strength.
    facet : str
        The facet's name; empty for a plain picture.
    strength : float
        Of the facet; 0 for a plain picture.
    image : bytes
        PNG.
    moved : bool
        False if no gradient ever reached it: then it is grey, and means nothing.
    activation : float
        Of the picture as it is in ``image``, not transformed: the unit's peak over the map; of an
        objective that is about no unit, its value.
    percentile : float in [0, 1]
        Share of the run's images on which the activation is lower; of a picture that is to silence
        its unit, on which it is not lower. nan where they cannot be compared.
    shaken, shaken_deviation : float
        Mean and standard deviation of the activation over 16 draws of the transforms.
    excited : tuple of Excited
        The five units of the layer that it excites most: by z where there is a run.
    curve : tuple of float
        The objective over the steps, as means of equal parts.
    """

    name: str
    facet: str
    strength: float
    image: bytes
    moved: bool
    activation: float
    percentile: float
    shaken: float
    shaken_deviation: float
    excited: tuple[Excited, ...]
    curve: tuple[float, ...]

    @property
    def reaches(self) -> bool | None:
        """Whether it exceeds 99 % of real images on its own side; None if that is not known."""
        return None if np.isnan(self.percentile) else self.percentile >= REACHES


@dataclass(frozen=True)
class PictureKind:
    """Which of a target's pictures it is: a plain one, from some seed, or one with a facet.

    Parameters
    ----------
    name : str
        ``seed 0``, or the facet and its strength.
    facet : str
        Empty for a plain picture.
    strength : float
        Of the facet; 0 for a plain picture.
    """

    name: str
    facet: str = ""
    strength: float = 0.0
