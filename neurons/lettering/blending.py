"""How are stamps laid on many images at once, with the bits that Pillow's blending gives?"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from neurons.lettering.places import Corner
from neurons.lettering.stamps import Stamp

# larger stamps are prepared anew each time: those of many large images would fill the memory
_KEPT_PIXELS = 1 << 16
# so many are blended at a time: on a CPU they stay in a core's cache, elsewhere fewer calls count
_PORTION_PIXELS, _PORTION_PIXELS_ELSEWHERE = 1 << 17, 1 << 22


def lay(
    pixels: Tensor,
    stamps: Sequence[Stamp],
    corners: Sequence[Sequence[Corner]],
    *,
    opacity: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Lay copies of a stamp on each image.

    Parameters
    ----------
    pixels : Tensor of uint8, (batch, 3, H, W)
        Stay as they are. Images that have the same stamp in the same place are done together.
    stamps : sequence of Stamp
        One per image.
    corners : sequence of sequence of (left, top)
        Of each image, where its copies lie: inside the image, without overlap.
    opacity : float in (0, 1]
        How much of the finished stamp is seen, in 255ths.

    Returns
    -------
    Tensor of uint8, (batch, 3, H, W)
    Tensor of int64, (batch,)
        How many pixels changed.
    """
    written = pixels.clone()
    changed = torch.zeros(len(pixels), dtype=torch.int64, device=pixels.device)
    last = written.permute(0, 2, 3, 1)
    at_once = _PORTION_PIXELS if pixels.device.type == "cpu" else _PORTION_PIXELS_ELSEWHERE
    for stamp, boxes in _by_stamp(stamps, corners).items():
        for pieces in _portions(boxes, at_once // (stamp.width * stamp.height)):
            views = [
                last[rows, top : top + stamp.height, left : left + stamp.width]
                for (left, top), rows in pieces
            ]
            below = torch.cat(views)
            drawn = _blended(below, stamp, opacity)
            red, green, blue = (drawn != below).unbind(3)
            # any() over three neighbours in memory takes three times as long
            counts = (red | green | blue).sum((1, 2))
            start = 0
            for ((left, top), rows), view in zip(pieces, views, strict=True):
                part = slice(start, start + len(view))
                last[rows, top : top + stamp.height, left : left + stamp.width] = drawn[part]
                changed[rows] += counts[part]
                start = part.stop
    return written, changed


def _by_stamp(
    stamps: Sequence[Stamp], corners: Sequence[Sequence[Corner]]
) -> dict[Stamp, dict[Corner, list[int]]]:
    """Give, of each stamp and each of its places, the images that have it there."""
    found: dict[Stamp, dict[Corner, list[int]]] = {}
    for row, (stamp, places) in enumerate(zip(stamps, corners, strict=True)):
        for corner in places:
            found.setdefault(stamp, {}).setdefault(corner, []).append(row)
    return found


def _portions(
    boxes: dict[Corner, list[int]], size: int
) -> Iterator[list[tuple[Corner, slice | list[int]]]]:
    """Cut the work on one stamp into portions of about ``size`` boxes, in order."""
    portion: list[tuple[Corner, slice | list[int]]] = []
    room = max(size, 1)
    for corner, rows in boxes.items():
        start = 0
        while start < len(rows):
            part = rows[start : start + room]
            whole = part[-1] - part[0] == len(part) - 1
            # a slice is a view; a list would be copied twice
            portion.append((corner, slice(part[0], part[-1] + 1) if whole else part))
            start, room = start + len(part), room - len(part)
            if room == 0:
                yield portion
                portion, room = [], max(size, 1)
    if portion:
        yield portion


def _blended(below: Tensor, stamp: Stamp, opacity: float) -> Tensor:
    """Lay a stamp on pieces of images, uint8 (pieces, height, width, 3), of its own size."""
    small = stamp.width * stamp.height <= _KEPT_PIXELS
    prepare = _weights if small else _weights.__wrapped__
    drawn = below.to(torch.int16)
    for keep, add in prepare(stamp, below.device):
        _divide(drawn.mul_(keep).add_(add))
    share = round(opacity * 255)
    if share < 255:
        rest = below.to(torch.int16).mul_(255 - share)
        _divide(drawn.mul_(share).add_(rest).add_(128))
    return drawn.to(torch.uint8)


def _divide(sums: Tensor) -> Tensor:
    """Divide by 255 in place, as Pillow does: ``t = sum + 128; (t + (t >> 8)) >> 8``.

    Sums with their 128 fill 16 bits without a sign: they wrap around in int16, and the high byte
    is right again once the sign that the shift brings in is cut off.
    """
    sums.add_((sums >> 8).bitwise_and_(255))
    return sums.bitwise_right_shift_(8).bitwise_and_(255)


@functools.lru_cache(maxsize=256)
def _weights(stamp: Stamp, device: torch.device) -> tuple[tuple[Tensor, Tensor], ...]:
    """Give each mask's factor of what is below, and what it adds, int16 (height, width, 3)."""
    weights = []
    for each in stamp.masks:
        mask = torch.from_numpy(each.mask.astype(np.int32))[:, :, None]
        keep = (255 - mask).expand(-1, -1, 3)
        add = mask * torch.tensor(each.colour) + 128
        weights.append((keep.short().contiguous().to(device), add.short().to(device)))
    return tuple(weights)
