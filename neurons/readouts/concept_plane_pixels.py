"""Which images lie on a plane through three images, and how far do they leave black and white?

References
----------
Somepalli et al., "Can neural nets learn the same model twice?", CVPR 2022 (dbViz).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.readouts.concept_plane import Window, check_three
from neurons.readouts.concept_plane_map import Doubt, PlaneMap, map_from, nearest_classes

_WHITE = 255
_BATCH = 64
# grey levels, RMS over an image: closer images, or images closer to one line, fix no plane
_LEAST = 0.5
_FILLS = 0.6


@dataclass(frozen=True, eq=False)
class PixelChart:
    """A plane through three images; a coordinate of 1 is one grey level, RMS over the image.

    Parameters
    ----------
    centre : ndarray of float32, (3 H W,)
        The mean of the three.
    right, up : ndarray of float32, (3 H W,)
        Orthogonal; each changes an image by one grey level RMS.
    places : ndarray of float64, (3, 2)
        Of the three images.
    shape : (int, int, int)
    """

    centre: NDArray[np.float32] = field(repr=False)
    right: NDArray[np.float32] = field(repr=False)
    up: NDArray[np.float32] = field(repr=False)
    places: NDArray[np.float64]
    shape: tuple[int, int, int]

    def window(self) -> Window:
        """Give the window in which the three images lie well inside."""
        return Window(0.0, 0.0, float(np.linalg.norm(self.places, axis=1).max()) / _FILLS)

    def images(self, places: NDArray[np.floating]) -> tuple[Tensor, NDArray[np.float64]]:
        """Give the images at places, and which share of their values had to be clipped.

        Returns
        -------
        Tensor of uint8, (places, 3, H, W)
        ndarray of float64, (places,)
        """
        where = np.asarray(places, np.float32)
        values = self.centre + where[:, :1] * self.right + where[:, 1:] * self.up
        # half a level beyond black or white is rounding
        cut = ((values < -0.5) | (values > _WHITE + 0.5)).mean(1)
        whole = np.clip(np.rint(values), 0, _WHITE).astype(np.uint8)
        return torch.from_numpy(whole.reshape(-1, *self.shape)), cut.astype(np.float64)


def pixel_chart(images: Tensor, names: Sequence[str]) -> PixelChart:
    """Lay a plane through three images.

    Parameters
    ----------
    images : Tensor of uint8, (3, 3, H, W)
    names : sequence of str

    Raises
    ------
    OptionError
        If there are not three, or they are equal or lie on one line.
    """
    check_three(names)
    flat = images.reshape(3, -1).numpy().astype(np.float64)
    levels = np.sqrt(flat.shape[1])
    for i, k in ((0, 1), (0, 2), (1, 2)):
        if np.linalg.norm(flat[i] - flat[k]) / levels < _LEAST:
            raise OptionError(
                f"{names[i]} and {names[k]} are the same image; a plane needs three different ones"
            )
    centre = flat.mean(0)
    up = flat[0] - centre
    if np.linalg.norm(up) / levels < _LEAST / 2:
        raise _on_a_line(names)
    up = up / np.linalg.norm(up)
    right = (flat[1] - centre) - ((flat[1] - centre) @ up) * up
    if np.linalg.norm(right) / levels < _LEAST / 2:
        raise _on_a_line(names)
    right = right / np.linalg.norm(right)
    places = np.stack([(flat - centre) @ right, (flat - centre) @ up], axis=1) / levels
    _, *shape = images.shape
    return PixelChart(
        centre.astype(np.float32),
        (right * levels).astype(np.float32),
        (up * levels).astype(np.float32),
        places,
        (shape[0], shape[1], shape[2]),
    )


def pixel_map(
    clip: Clip,
    chart: PixelChart,
    window: Window,
    directions: NDArray[np.floating],
    side: int,
    doubt: Doubt,
    *,
    progress: Callable[[int], None] = lambda images: None,
) -> PlaneMap:
    """Let a model see the image of each cell of a window.

    Parameters
    ----------
    clip : Clip
    chart : PixelChart
        Of images at the network's input size.
    window : Window
    directions : ndarray of float, (classes, embedding)
    side : int
    doubt : Doubt
    progress : callable
        Takes how many images were seen just now.
    """
    places, embedded, clipped = window.grid(side), [], []
    for start in range(0, len(places), _BATCH):
        pixels, cut = chart.images(places[start : start + _BATCH])
        embedded.append(clip.embed_images(pixels).flatten(1).float().cpu().numpy())
        clipped.append(cut)
        progress(len(cut))
    seen = nearest_classes(np.concatenate(embedded), directions)
    return map_from(window, seen, side, doubt, clipped=np.concatenate(clipped))


def shuffled_pixels(images: Tensor, seed: int) -> Tensor:
    """Put the places of all images' pixels in the same random order.

    Distances and angles between the images stay as they are, and nothing is to be seen any more.
    """
    n, channels, height, width = images.shape
    order = np.random.default_rng((seed, 154)).permutation(height * width)
    return images.reshape(n, channels, -1)[:, :, order].reshape(n, channels, height, width)


def _on_a_line(names: Sequence[str]) -> OptionError:
    return OptionError(
        f"{', '.join(names)} lie on one line of pixel space; a plane needs three images off it"
    )
