"""What is asked of an ascent, and what does it give?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.visualization.objectives import Objective
from neurons.visualization.parameterisation import Parameterisation, fourier
from neurons.visualization.transforms import GOH2021, Transform


@dataclass(frozen=True)
class Settings:
    """How an image is optimised: all that it depends on besides the model and its objective.

    Parameters
    ----------
    steps : int >= 1
        Of gradient ascent.
    size_px : int or None
        Side of the images; None is the model's own.
    paint : Parameterisation
        What the image is made of meanwhile.
    transforms : Transform
        How the image is moved before each step.
    rate : float or None
        Adam's step; None is what suits the parameterisation.
    precision : Precision
    batch : int >= 1 or None
        Images per forward pass; None is 16, on a GPU 64.
    seed : int
        Of the noise that images start from.
    """

    steps: int = 512
    size_px: int | None = None
    paint: Parameterisation = fourier()
    transforms: Transform = GOH2021
    rate: float | None = None
    precision: Precision = exact
    batch: int | None = None
    seed: int = 0

    def provenance(self, clip: Clip) -> dict[str, object]:
        """Give them as plain values; images that a model makes with equal ones are equal."""
        return {
            "steps": self.steps,
            "size_px": self.size_px or clip.preprocess.size[0],
            "paint": self.paint.name,
            "transforms": self.transforms.name,
            "rate": self.rate,
            "precision": self.precision.name,
            "batch": batch_size(clip, self),
            "device": clip.device.type,
            "seed": self.seed,
        }


DEFAULT = Settings()


@dataclass(frozen=True)
class ImageRequest:
    """One image to be made.

    Parameters
    ----------
    objective : Objective
    variant : int
        Images of one objective start from different noise if their variants differ.
    """

    objective: Objective
    variant: int = 0


@dataclass(frozen=True)
class OptimisedImage:
    """One image that was made.

    Parameters
    ----------
    pixels : ndarray of uint8, (H, W, 3), or (H, W, 4) with an opacity
    curve : ndarray of float32, (steps,)
        The objective on the transformed image, before each step.
    moved : bool
        False if no gradient ever reached the image: nothing in it excites the target.
    """

    pixels: NDArray[np.uint8]
    curve: NDArray[np.float32]
    moved: bool


def batch_size(clip: Clip, settings: Settings) -> int:
    """Give the images of one forward pass."""
    return settings.batch or (64 if clip.device.type == "cuda" else 16)
