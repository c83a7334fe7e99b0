"""How are scenes put into pixels, many at once, the same on every machine?

Sprites are sampled bilinearly and blended in 32-bit integers, so a CPU and a GPU of any make give
the same bytes. Colour channels travel two in a word: red and blue, green and alpha.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from neurons.drawn_world import sprites
from neurons.drawn_world.sprites import Sprite

SIZE_PX = 96
Colour = tuple[int, int, int]

# two channels in one word, 16 bits each
_PAIR = 0x00FF00FF
_CHUNK = 32


@dataclass(frozen=True)
class PlacedSprite:
    """One sprite in its place.

    Parameters
    ----------
    sprite : Sprite
    centre : (x, y)
        In pixels of the image.
    zoom : int
        Size in thousandths of the sprite's own.
    degrees : int
        Turned clockwise.
    colour : (red, green, blue)
        The sprite's colours are multiplied by it.
    opacity : int, 0 to 255
    """

    sprite: Sprite
    centre: tuple[int, int]
    zoom: int = 1000
    degrees: int = 0
    colour: Colour = (255, 255, 255)
    opacity: int = 255


@dataclass(frozen=True)
class Drawing:
    """What is to be drawn: a ground colour and the sprites on it, from the bottom up."""

    ground: Colour
    sprites: tuple[PlacedSprite, ...]


class Painter:
    """Puts drawings into pixels on a device; sprites stay there once they have been used.

    Parameters
    ----------
    device : str or torch.device
    compiled : bool
        Compile the pixels' arithmetic first (tens of seconds, needs a C++ compiler on a CPU):
        for a training run. The bytes are the same.
    """

    def __init__(self, device: str | torch.device = "cpu", *, compiled: bool = False) -> None:
        self.device = torch.device(device)
        self._lay = torch.compile(_lay, dynamic=True) if compiled else _lay
        self._places: dict[tuple[Sprite, int], tuple[int, int, int]] = {}
        self._atlas = torch.zeros(1 << 20, 2, dtype=torch.int32, device=self.device)
        self._used = 0

    def draw(self, drawings: Sequence[Drawing]) -> Tensor:
        """Draw.

        Parameters
        ----------
        drawings : sequence of Drawing
            One or more.

        Returns
        -------
        Tensor of uint8, (drawings, 3, 96, 96)
        """
        starts = range(0, len(drawings), _CHUNK)
        return torch.cat([self._draw(drawings[start : start + _CHUNK]) for start in starts])

    def cover(self, placed: Sequence[PlacedSprite]) -> Tensor:
        """Draw how much of each pixel a sprite covers, each on an image of its own.

        Returns
        -------
        Tensor of uint8, (sprites, 96, 96)
        """
        # black on white: what is missing to white
        alone = [Drawing((255,) * 3, (replace(each, colour=(0, 0, 0)),)) for each in placed]
        return 255 - self.draw(alone)[:, 1]

    def _draw(self, drawings: Sequence[Drawing]) -> Tensor:
        red_blue, green = _grounds([each.ground for each in drawings], self.device)
        for depth in range(max(len(each.sprites) for each in drawings)):
            which = [i for i, each in enumerate(drawings) if depth < len(each.sprites)]
            table = [self._numbers(drawings[i].sprites[depth]) for i in which]
            rows = torch.tensor(which, device=self.device)
            numbers = torch.tensor(table, dtype=torch.int32, device=self.device)
            red_blue[rows], green[rows] = self._lay(
                red_blue[rows], green[rows], self._atlas, numbers
            )
        channels = [red_blue >> 16 & 0xFF, green, red_blue & 0xFF]
        return torch.stack(channels, 1).to(torch.uint8).view(-1, 3, SIZE_PX, SIZE_PX)

    def _numbers(self, placed: PlacedSprite) -> tuple[int, ...]:
        level = 0
        while placed.zoom << level <= 600 and level < 2:
            level += 1
        offset, height, width = self._place(placed.sprite, level)
        # one step to the right in the image, in the sprite
        zoom = placed.zoom << level
        right_x = 1000 * _cosine(placed.degrees) // zoom
        right_y = -1000 * _cosine(90 - placed.degrees) // zoom
        # a pixel's centre is half a pixel from its corner; the centre of the image's pixel goes
        # to the centre of the sprite's
        x, y = 2 * placed.centre[0] - 1, 2 * placed.centre[1] - 1
        start_x = (width - 1 << 15) - (x * right_x - y * right_y) // 2
        start_y = (height - 1 << 15) - (x * right_y + y * right_x) // 2
        # a colour of 255 becomes 256: no change
        colour = (channel + (channel >> 7) for channel in placed.colour)
        opacity = placed.opacity + (placed.opacity >> 7)
        return offset, height, width, right_x, right_y, start_x, start_y, *colour, opacity

    def _place(self, sprite: Sprite, level: int) -> tuple[int, int, int]:
        """Find a sprite's place in the atlas: its offset, height and width."""
        key = (sprite, level)
        if key not in self._places:
            pixels = sprites.raster(sprite)
            for _ in range(level):
                pixels = sprites.halved(pixels)
            height, width = pixels.shape[:2]
            wide = pixels.astype(np.int32).reshape(-1, 4)
            packed = np.stack([wide[:, 0] << 16 | wide[:, 2], wide[:, 1] << 16 | wide[:, 3]], 1)
            end = self._used + len(packed)
            if end > len(self._atlas):
                room = torch.zeros(end, 2, dtype=torch.int32, device=self.device)
                self._atlas = torch.cat([self._atlas, room])
            self._atlas[self._used : end] = torch.from_numpy(packed).to(self.device)
            self._places[key] = (self._used, height, width)
            self._used = end
        return self._places[key]


def _lay(red_blue: Tensor, green: Tensor, atlas: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
    """Lay one sprite on each image.

    Parameters
    ----------
    red_blue, green : Tensor of int32, (batch, pixels)
    atlas : Tensor of int32, (sprite pixels, 2)
    numbers : Tensor of int32, (batch, 11)
        As `Painter._numbers` gives them.
    """
    columns = numbers[:, :, None].unbind(1)
    offset, _, width, right_x, right_y, start_x, start_y, *_ = columns
    height, red, green_tint, blue, opacity = columns[1], *columns[7:]
    place = torch.arange(SIZE_PX * SIZE_PX, dtype=torch.int32, device=atlas.device)[None]
    x, y = place % SIZE_PX, place // SIZE_PX
    # where each pixel of the image lies in the sprite, in 65536ths of its pixels; what lies
    # outside is read from the sprite's transparent rim
    u = (start_x + x * right_x - y * right_y).clamp(0).minimum((width - 1 << 16) - 1)
    v = (start_y + x * right_y + y * right_x).clamp(0).minimum((height - 1 << 16) - 1)
    first = offset + (v >> 16) * width + (u >> 16)
    part_u, part_v = u >> 8 & 0xFF, v >> 8 & 0xFF
    sampled = []
    for pair in (0, 1):
        plane = atlas[:, pair]
        upper = _times(plane[first], 256 - part_u) + _times(plane[first + 1], part_u)
        below = first + width
        lower = _times(plane[below], 256 - part_u) + _times(plane[below + 1], part_u)
        sampled.append(_times(_times(upper, 256 - part_v) + _times(lower, part_v), opacity))
    alpha = sampled[1] & 0xFF
    # full cover, 255, leaves nothing of what is below
    keep = 256 - alpha - (alpha >> 7)
    over_red = (sampled[0] >> 16 & 0xFF) * red >> 8
    over_blue = (sampled[0] & 0xFF) * blue >> 8
    over_green = (sampled[1] >> 16 & 0xFF) * green_tint >> 8
    return (over_red << 16 | over_blue) + _times(red_blue, keep), over_green + (green * keep >> 8)


def _grounds(colours: Sequence[Colour], device: torch.device) -> tuple[Tensor, Tensor]:
    red, green, blue = (
        torch.tensor(channel, dtype=torch.int32, device=device)[:, None].repeat(1, SIZE_PX**2)
        for channel in zip(*colours, strict=True)
    )
    return red << 16 | blue, green


def _times(pair: Tensor, share: Tensor) -> Tensor:
    """Multiply both channels of a word by a share in 256ths; shares that add to 256 never carry."""
    return (pair * share) >> 8 & _PAIR


def _cosine(degrees: int) -> int:
    # no whole degree's cosine lies near a half, so every maths library rounds it alike
    return round(65536 * math.cos(math.radians(degrees)))
