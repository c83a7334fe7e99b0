"""What of an image is left in a picture made from a layer: its form, and its colour?

A layer that sees brightness only is inverted to a picture with some colour, since every picture has
one. So colour is what differs between pixels of equal brightness, and it is compared with shifted
copies of the image, which are as smooth and as colourful and show nothing at the same place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# ITU-R BT.601
_BRIGHTNESS = np.array([0.299, 0.587, 0.114])
# of a pixel's values, 0 to 255: below that there is nothing to be compared
_FLAT = 0.5
_NAN = float("nan")


@dataclass(frozen=True)
class Kept:
    """How far a picture agrees with an image, place by place.

    Parameters
    ----------
    form : float in [-1, 1]
        Correlation of brightness over pixels; nan where one of the two has none that varies.
    colour : float in [-1, 1]
        Correlation of colour, as far as brightness does not tell it; nan where one of the two is
        grey.
    form_control, colour_control : float in [-1, 1]
        What all shifted copies of the image reach, but for one in twenty: what the same picture
        gives by chance.
    """

    form: float
    colour: float
    form_control: float
    colour_control: float

    @property
    def has_form(self) -> bool:
        """Whether brightness is kept beyond chance."""
        return self.form > max(0.0, self.form_control)

    @property
    def has_colour(self) -> bool:
        """Whether colour is kept beyond chance and beyond brightness."""
        return self.colour > max(0.0, self.colour_control)


def kept(picture: NDArray[np.uint8], image: NDArray[np.uint8]) -> Kept:
    """Compare a made picture with the image that it was made to stand for.

    Parameters
    ----------
    picture, image : ndarray of uint8, (H, W, 3)

    Returns
    -------
    Kept
    """
    light, colour = _parts(picture)
    true_light, true_colour = _parts(image)
    form, form_control = _pair(light[..., None], true_light[..., None])
    shown, colour_control = _pair(colour, true_colour)
    return Kept(form, shown, form_control, colour_control)


def _parts(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give brightness, (H, W), and two axes of colour without what brightness tells, (H, W, 2)."""
    values = pixels.astype(np.float64)
    light = values @ _BRIGHTNESS
    red, green, blue = np.moveaxis(values, 2, 0)
    axes = np.stack([red - green, (red + green) / 2 - blue], 2)
    # a curve, since a picture's values are squashed into their range
    flat = light.ravel() / 255
    known = np.stack([np.ones_like(flat), flat, flat**2, flat**3], 1)
    told = known @ np.linalg.lstsq(known, axes.reshape(-1, 2), rcond=None)[0]
    return light, axes - told.reshape(axes.shape)


def _pair(found: NDArray[np.float64], true: NDArray[np.float64]) -> tuple[float, float]:
    """Give the correlation, and that with shifted copies, but for one in twenty."""
    if found.std() < _FLAT or true.std() < _FLAT:
        return _NAN, _NAN
    a, b = (np.fft.fft2(each - each.mean((0, 1)), axes=(0, 1)) for each in (found, true))
    # the correlation with the image shifted by every number of rows and columns, itself first
    shifted = np.fft.ifft2(a * b.conj(), axes=(0, 1)).real.sum(2)
    shifted /= np.sqrt(found.var((0, 1)).sum() * true.var((0, 1)).sum()) * shifted.size
    return float(shifted[0, 0]), float(np.quantile(shifted.ravel()[1:], 0.95))
