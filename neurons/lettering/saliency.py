"""Where does a word hide least of what stands out on an image?"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from neurons.lettering.places import Corner, cells

# Hou and Zhang 2007: the scale at which the spectrum's envelope is taken
_SALIENCY_PX = 64


def least_salient_corners(
    n: int, stamp: tuple[int, int], saliency: Tensor
) -> tuple[Corner, ...] | None:
    """Put ``n`` stamps where they hide least of what stands out.

    One stamp goes to the place with the smallest sum of saliency below it (the topmost, then the
    leftmost of equals); several go to the least salient cells of a grid.

    Parameters
    ----------
    n : int
    stamp : (width, height)
    saliency : Tensor of float64, (H, W), on the CPU
        As `saliency_maps` gives it.

    Returns
    -------
    tuple of (left, top), or None
        None if the image has fewer than ``n`` cells of the stamp's size.
    """
    height, width = saliency.shape
    squares = cells(n, stamp, (width, height))
    if squares is None:
        return None
    summed = functional.pad(saliency.cumsum(0).cumsum(1), (1, 0, 1, 0))
    across, down = stamp
    below = (
        summed[down:, across:] - summed[:-down, across:]
        - summed[down:, :-across] + summed[:-down, :-across]
    )  # fmt: skip
    if n == 1:
        place = int(below.argmin())
        return ((place % below.shape[1], place // below.shape[1]),)
    found = []
    for left, top, right, bottom in squares:
        part = below[top : bottom - down + 1, left : right - across + 1]
        place = int(part.argmin())
        y, x = divmod(place, part.shape[1])
        found.append((float(part[y, x]), left + x, top + y))
    return tuple((x, y) for _, x, y in sorted(found)[:n])


def saliency_maps(pixels: Tensor) -> Tensor:
    """Tell how much each place stands out: the spectral residual of the grey image.

    The image is reduced to 64 x 64; what its log amplitude spectrum has beyond its own local mean,
    with the phase, is transformed back, squared and smoothed.

    Parameters
    ----------
    pixels : Tensor of uint8, (batch, 3, H, W)

    Returns
    -------
    Tensor of float64, (batch, H, W), on the CPU
        Each map sums to 1. It finds what differs from the rest of its own image, which need not be
        what a person or a network looks at.

    References
    ----------
    Hou and Zhang, "Saliency detection: a spectral residual approach", CVPR 2007.
    """
    size = (_SALIENCY_PX, _SALIENCY_PX)
    small = functional.interpolate(pixels.float(), size, mode="area").mean(1, keepdim=True)
    # from here on the CPU, in double precision: the same places on every device
    spectrum = torch.fft.fft2(small.cpu().double())
    log_amplitude = spectrum.abs().clamp(min=1e-9).log()
    # the spectrum is a torus
    around = functional.pad(log_amplitude, (1, 1, 1, 1), mode="circular")
    residual = log_amplitude - functional.avg_pool2d(around, 3, stride=1)
    back = torch.fft.ifft2(torch.polar(residual.exp(), spectrum.angle()))
    smooth = _blurred(back.abs().square())
    whole = functional.interpolate(smooth, pixels.shape[-2:], mode="bilinear")[:, 0]
    return whole / whole.sum((1, 2), keepdim=True).clamp(min=1e-300)


def _blurred(maps: Tensor) -> Tensor:
    # the authors' Gaussian: a disk of about 2.5 px at 64 px
    steps = torch.arange(-7, 8, dtype=maps.dtype)
    kernel = (-(steps**2) / (2 * 2.5**2)).exp()
    kernel = kernel / kernel.sum()
    padded = functional.pad(maps, (7, 7, 7, 7), mode="replicate")
    rows = functional.conv2d(padded, kernel.view(1, 1, 1, -1))
    return functional.conv2d(rows, kernel.view(1, 1, -1, 1))
