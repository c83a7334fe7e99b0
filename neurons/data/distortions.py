"""What is left of an image without its fine detail, its colours, its phases or its arrangement?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from neurons.errors import OptionError

# takes uint8 (images, 3, H, W) and the number of each image in its set, gives as many pixels
Change = Callable[[Tensor, Sequence[int]], Tensor]
_GREY = 128.0
# ITU-R BT.601, as Pillow's conversion to grey
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Distortion:
    """One way to take something away from images.

    Parameters
    ----------
    name : str
        With its strength, such as ``low-pass, 2 px``.
    keeps : str
        What is left, in words.
    change : callable
        From pixels at the network's input size and the images' numbers to pixels. One image gives
        the same, whatever the others are.
    """

    name: str
    keeps: str
    change: Change


def standard_distortions(size: tuple[int, int], *, seed: int = 0) -> tuple[Distortion, ...]:
    """List the distortions that are measured, weakest first within each kind.

    Parameters
    ----------
    size : tuple of int
        Height and width of the network's input, px: blur is in shares of its shorter side, so that
        networks of different inputs are asked the same.
    seed : int
        Of phases and of orders.

    Returns
    -------
    tuple of Distortion
        The images as they are come first.

    References
    ----------
    Geirhos et al., "Generalisation in humans and deep neural networks", NeurIPS 2018: low-pass,
    high-pass, grey and phase noise; Zhang and Zhu, "Interpreting adversarially trained
    convolutional neural networks", ICML 2019: patch shuffling.
    """
    side = min(size)
    made = [
        Distortion("as they are", "everything", lambda pixels, rows: pixels),
        Distortion("grey", "all but colour", lambda pixels, rows: grey(pixels)),
    ]
    for share in (0.01, 0.03):
        sd = share * side
        made.append(
            Distortion(f"low-pass, {sd:.1f} px", "coarse shape and colour", _with(low_pass, sd))
        )
    for share in (0.03, 0.01):
        sd = share * side
        made.append(
            Distortion(f"high-pass, {sd:.1f} px", "edges and fine texture", _with(high_pass, sd))
        )
    for degrees in (60, 180):
        made.append(
            Distortion(
                f"phases moved by up to {degrees}°",
                "the amount of each frequency and colour" + " only" * (degrees == 180),
                _seeded(scramble_phases, degrees, seed),
            )
        )
    for n in (2, 4, 8):
        made.append(
            Distortion(
                f"{n} x {n} patches shuffled",
                f"what fits into 1/{n} of the side",
                _seeded(shuffle_patches, n, seed),
            )
        )
    return tuple(made)


def grey(pixels: Tensor) -> Tensor:
    """Take the colours away: uint8 (images, 3, H, W), equal channels."""
    weights = torch.tensor(_LUMA).view(1, 3, 1, 1)
    luma = (pixels.float() * weights).sum(1, keepdim=True)
    return luma.round().clamp(0, 255).to(torch.uint8).expand(-1, 3, -1, -1).contiguous()


def low_pass(pixels: Tensor, sd_px: float) -> Tensor:
    """Blur by a Gaussian of this standard deviation, px; edges are continued."""
    return _bytes(_blurred(pixels, sd_px))


def high_pass(pixels: Tensor, sd_px: float) -> Tensor:
    """Keep what the blur of `low_pass` takes away, on mid-grey; extremes are cut at 0 and 255."""
    return _bytes(pixels.numpy().astype(np.float32) - _blurred(pixels, sd_px) + _GREY)


def scramble_phases(pixels: Tensor, degrees: float, seeds: Sequence[int]) -> Tensor:
    """Turn the phase of each frequency by a random angle, the same in all channels.

    Parameters
    ----------
    pixels : Tensor of uint8, (images, 3, H, W)
    degrees : float in [0, 180]
        The angle is uniform between minus this and this; 180 leaves no phase.
    seeds : sequence of int, (images,)

    Returns
    -------
    Tensor of uint8
        With the amplitudes and the mean of each channel, but for values cut at 0 and 255.
    """
    if not 0 <= degrees <= 180:
        raise OptionError(f"phases are moved by 0 to 180 degrees, not {degrees}")
    found = np.empty(pixels.shape, np.float32)
    for i, seed in enumerate(seeds):
        spectrum = np.fft.fft2(pixels[i].numpy().astype(np.float64))
        noise = np.random.default_rng(seed).standard_normal(pixels.shape[2:])
        # phases of real noise are antisymmetric, so what is made of them is real
        turn = np.angle(np.fft.fft2(noise)) * degrees / 180
        turn[0, 0] = 0
        found[i] = np.fft.ifft2(spectrum * np.exp(1j * turn)).real
    return _bytes(found)


def shuffle_patches(pixels: Tensor, n: int, seeds: Sequence[int]) -> Tensor:
    """Cut each image into n x n equal patches and put them back in a random order.

    A rest of fewer than n pixels at the right and below stays where it is.
    """
    height, width = (side // n for side in pixels.shape[2:])
    if n < 1 or not height or not width:
        raise OptionError(f"images of {tuple(pixels.shape[2:])} px have no {n} x {n} patches")
    found = pixels.clone()
    inner = pixels[:, :, : n * height, : n * width]
    # (images, 3, n, height, n, width) to (images, n * n, 3, height, width)
    parts = inner.reshape(len(pixels), 3, n, height, n, width).permute(0, 2, 4, 1, 3, 5)
    parts = parts.reshape(len(pixels), n * n, 3, height, width)
    for i, seed in enumerate(seeds):
        order = np.random.default_rng(seed).permutation(n * n)
        put = parts[i, order].reshape(n, n, 3, height, width).permute(2, 0, 3, 1, 4)
        found[i, :, : n * height, : n * width] = put.reshape(3, n * height, n * width)
    return found


def _with(apply: Callable[[Tensor, float], Tensor], strength: float) -> Change:
    return lambda pixels, rows: apply(pixels, strength)


def _seeded(
    apply: Callable[[Tensor, int, Sequence[int]], Tensor], strength: int, seed: int
) -> Change:
    return lambda pixels, rows: apply(pixels, strength, [seed * 1_000_003 + row for row in rows])


def _blurred(pixels: Tensor, sd_px: float) -> NDArray[np.float32]:
    values = pixels.numpy().astype(np.float32)
    found: NDArray[np.float32] = ndimage.gaussian_filter(
        values, sigma=(0, 0, sd_px, sd_px), mode="nearest"
    )
    return found


def _bytes(values: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(values.round().clip(0, 255).astype(np.uint8))
