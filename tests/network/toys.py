"""Networks whose answer is known without running them."""

from __future__ import annotations

import torch
from torch import nn


class OneConvolution(nn.Module):
    """A network whose receptive field is known: one 9 x 9 kernel, applied at every pixel."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.visual = nn.Sequential()
        self.visual.conv = nn.Conv2d(3, 8, kernel, padding=kernel // 2)
        nn.init.ones_(self.visual.conv.weight)

    def encode_image(self, x: torch.Tensor) -> torch.Tensor:
        return self.visual.conv(x).mean((2, 3))


class _Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.narrow, self.wide = (nn.Conv2d(3, 8, k, padding=k // 2) for k in (3, 21))
        for conv in (self.narrow, self.wide):
            nn.init.ones_(conv.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bright = (x.mean((1, 2, 3), keepdim=True) > 0).float()
        return bright * self.wide(x) + (1 - bright) * self.narrow(x)


class BrightIsWide(nn.Module):
    """A network whose receptive field depends on the image: 21 px where it is bright, else 3."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = nn.Sequential()
        self.visual.two = _Two()

    def encode_image(self, x: torch.Tensor) -> torch.Tensor:
        return self.visual.two(x).mean((2, 3))
