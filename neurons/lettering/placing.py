"""Where on an image does a word stand: at fixed, random, given or the least salient places?"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import torch
from torch import Tensor
from torch.nn import functional

# Goh et al. 2021 wrote each text "at the same 8 coordinates" and do not print them; these eight,
# in shares of width and height, are ours: four rows of two, every second row shifted
ARTICLE = (
    (0.27, 0.125), (0.73, 0.125), (0.23, 0.375), (0.77, 0.375),
    (0.27, 0.625), (0.73, 0.625), (0.23, 0.875), (0.77, 0.875),
)  # fmt: skip
REPEATS = len(ARTICLE)

Corner = tuple[int, int]

# Hou and Zhang 2007: the scale at which the spectrum's envelope is taken
_SALIENCY_PX = 64


def corners_at(
    centres: Sequence[tuple[float, float]], stamp: tuple[int, int], image: tuple[int, int]
) -> tuple[Corner, ...] | None:
    """Put stamps at given places, pushed inside where they would reach over the edge.

    Parameters
    ----------
    centres : sequence of (x, y)
        In shares of the image's width and height.
    stamp, image : (width, height)
        In pixels.

    Returns
    -------
    tuple of (left, top), or None
        None if a stamp is larger than the image, or two would overlap.
    """
    if stamp[0] > image[0] or stamp[1] > image[1]:
        return None
    corners = tuple(
        (_start(x, stamp[0], image[0]), _start(y, stamp[1], image[1])) for x, y in centres
    )
    apart = all(
        abs(a[0] - b[0]) >= stamp[0] or abs(a[1] - b[1]) >= stamp[1]
        for i, a in enumerate(corners)
        for b in corners[:i]
    )
    return corners if apart else None


def block_at(
    centre: tuple[float, float], n: int, stamp: tuple[int, int], image: tuple[int, int]
) -> tuple[Corner, ...] | None:
    """Put ``n`` stamps side by side, as near to a square as they go, around one place.

    Returns
    -------
    tuple of (left, top), or None
        None if the block is larger than the image.
    """
    shapes = [(-(-n // rows), rows) for rows in range(1, n + 1)]
    columns, rows = min(shapes, key=lambda c: (abs(c[0] * stamp[0] - c[1] * stamp[1]), c))
    whole = (columns * stamp[0], rows * stamp[1])
    first = corners_at([centre], whole, image)
    if first is None:
        return None
    (left, top), *_ = first
    return tuple((left + i % columns * stamp[0], top + i // columns * stamp[1]) for i in range(n))


def random_corners(
    n: int, stamp: tuple[int, int], image: tuple[int, int], *, seed: int
) -> tuple[Corner, ...] | None:
    """Put ``n`` stamps at random without overlap: each anywhere in a cell of its own.

    Returns
    -------
    tuple of (left, top), or None
        None if the image has fewer than ``n`` cells of the stamp's size.
    """
    cells = _cells(n, stamp, image)
    if cells is None:
        return None
    random = Random(f"place {seed}")
    return tuple(
        (random.randint(left, right - stamp[0]), random.randint(top, bottom - stamp[1]))
        for left, top, right, bottom in random.sample(cells, n)
    )


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
    cells = _cells(n, stamp, (width, height))
    if cells is None:
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
    for left, top, right, bottom in cells:
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


def _cells(
    n: int, stamp: tuple[int, int], image: tuple[int, int]
) -> list[tuple[int, int, int, int]] | None:
    """Cut the image into cells of at least the stamp's size, as (left, top, right, bottom)."""
    columns, rows = image[0] // stamp[0], image[1] // stamp[1]
    if columns * rows < n:
        return None
    if n == 1:
        return [(0, 0, *image)]
    xs = [image[0] * i // columns for i in range(columns + 1)]
    ys = [image[1] * i // rows for i in range(rows + 1)]
    return [(xs[i], ys[j], xs[i + 1], ys[j + 1]) for j in range(rows) for i in range(columns)]


def _start(share: float, stamp: int, image: int) -> int:
    return min(max(round(share * image - stamp / 2), 0), image - stamp)
