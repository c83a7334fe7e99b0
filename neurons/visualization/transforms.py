"""How are images moved between two steps, so that only what survives it counts?

A move says how each image is shifted, scaled or turned; `warp` does all the moves at once, in one
resampling. Each image has draws of its own, which depend on nothing but its generator: neither on
the batch that it is in nor on the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Draws:
    """Random numbers, one stream per image.

    Parameters
    ----------
    generators : sequence of torch.Generator
        On the CPU.
    device : torch.device
        Where the numbers are wanted.
    """

    generators: Sequence[torch.Generator]
    device: torch.device

    def uniform(self, n: int) -> Tensor:
        """Give ``n`` numbers in [0, 1) for each image: float32 (images, n)."""
        drawn = torch.stack([torch.rand(n, generator=g) for g in self.generators])
        return drawn.to(self.device, non_blocking=True)


@dataclass(frozen=True)
class Transform:
    """A change of images: ``apply(images, draws)`` gives new ones, float (images, channels, H, W).

    Parameters
    ----------
    name : str
        With everything that it depends on.
    apply : callable
        From images, float (images, 3, H, W) in [0, 1], and draws to changed images.
    """

    name: str
    apply: Callable[[Tensor, Draws], Tensor]

    def __call__(self, images: Tensor, draws: Draws) -> Tensor:
        """Give the changed images."""
        return self.apply(images, draws)


@dataclass(frozen=True)
class Move:
    """A part of `warp`: from draws to matrices, float (images, 3, 3), in px from the middle."""

    name: str
    matrices: Callable[[Draws], Tensor]


def jitter(px: float) -> Move:
    """Shift by up to half of ``px`` either way, each axis by itself."""

    def matrices(draws: Draws) -> Tensor:
        shift = (draws.uniform(2) - 0.5) * px
        return _matrix(dx=shift[:, 0], dy=shift[:, 1])

    return Move(f"jitter({px})", matrices)


def scale(factors: Sequence[float]) -> Move:
    """Enlarge by one of the factors."""

    def matrices(draws: Draws) -> Tensor:
        return _matrix(grow=_choice(factors, draws))

    return Move(f"scale({_spell(factors)})", matrices)


def rotate(degrees: Sequence[float]) -> Move:
    """Turn by one of the angles, degrees."""

    def matrices(draws: Draws) -> Tensor:
        return _matrix(turn=_choice(degrees, draws) * (math.pi / 180))

    return Move(f"rotate({_spell(degrees)})", matrices)


def warp(*moves: Move, fill: float = 0.5) -> Transform:
    """Make all moves, in order, in one bilinear resampling; the size stays.

    Parameters
    ----------
    moves : Move
    fill : float in [0, 1]
        The value beyond the image's edge.
    """

    def apply(images: Tensor, draws: Draws) -> Tensor:
        total = torch.eye(3, device=images.device).expand(len(images), 3, 3)
        for move in moves:
            total = move.matrices(draws) @ total
        # grid_sample asks where each output pixel comes from, in halves of the side
        height, width = images.shape[2:]
        half = torch.tensor([width / 2, height / 2, 1.0], device=images.device)
        back = torch.linalg.inv(total) / half[:, None] * half
        grid = functional.affine_grid(back[:, :2], list(images.shape), align_corners=False)
        moved = functional.grid_sample(images - fill, grid.to(images.dtype), align_corners=False)
        return moved + fill

    return Transform(f"warp({', '.join(move.name for move in moves)}, fill={fill})", apply)


def pad(px: int, *, value: float = 0.5) -> Transform:
    """Put a border around the images, which makes them larger."""
    return Transform(
        f"pad({px}, value={value})",
        lambda images, draws: functional.pad(images, [px] * 4, value=value),
    )


def chain(*transforms: Transform) -> Transform:
    """Apply one after the other."""

    def apply(images: Tensor, draws: Draws) -> Tensor:
        for transform in transforms:
            images = transform(images, draws)
        return images

    return Transform(" | ".join(transform.name for transform in transforms), apply)


def _choice(values: Sequence[float], draws: Draws) -> Tensor:
    table = torch.tensor(list(values), dtype=torch.float32, device=draws.device)
    return table[(draws.uniform(1)[:, 0] * len(values)).long().clamp(max=len(values) - 1)]


def _matrix(
    *,
    dx: Tensor | None = None,
    dy: Tensor | None = None,
    grow: Tensor | None = None,
    turn: Tensor | None = None,
) -> Tensor:
    given = next(value for value in (dx, dy, grow, turn) if value is not None)
    zero, one = torch.zeros_like(given), torch.ones_like(given)
    grow, turn = (one if grow is None else grow), (zero if turn is None else turn)
    cos, sin = grow * turn.cos(), grow * turn.sin()
    rows = [
        torch.stack([cos, -sin, zero if dx is None else dx], dim=1),
        torch.stack([sin, cos, zero if dy is None else dy], dim=1),
        torch.stack([zero, zero, one], dim=1),
    ]
    return torch.stack(rows, dim=1)


def _spell(values: Sequence[float]) -> str:
    return f"{min(values):.3g} to {max(values):.3g}, {len(values)} values"


# lucent 0.1.8's standard_transforms without its border of 12 px, which needs a larger input:
# what comes into view at the edge is grey here
LUCENT = warp(
    jitter(8),
    scale([1 + (i - 5) / 50 for i in range(11)]),
    rotate([*range(-10, 11), *[0] * 5]),
    jitter(4),
)

# render_facet of Goh et al.'s released code, likewise; ten jitters of 4 px, one after the other
GOH2021 = warp(
    *[jitter(4)] * 10,
    scale([*(0.995**n for n in range(-5, 80)), *(0.998**n for n in 2 * list(range(20, 40)))]),
    rotate([*range(-20, 20), *range(-10, 10), *range(-5, 5), *[0] * 5]),
    jitter(2),
)

# the image as it is: what a naive ascent uses
NONE = Transform("none", lambda images, draws: images)

TRANSFORMS = {"lucent": LUCENT, "goh2021": GOH2021, "none": NONE}
