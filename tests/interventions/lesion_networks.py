"""Wired networks for lesions: what each module does is known."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neurons import Clip
from neurons.data.preprocess import Preprocess


class Branches(nn.Module):
    """Two identical branches, of which the larger counts, a dead one, and an end that all need.

    Of inputs (images, 3) it gives (images, 3); its answer is the largest.
    """

    def __init__(self) -> None:
        super().__init__()
        # registered in another order than they run
        self.end = nn.Linear(3, 3)
        self.dead = nn.Linear(3, 3)
        self.right = nn.Linear(3, 3)
        self.left = nn.Linear(3, 3)
        self.unused = nn.Linear(3, 3)
        with torch.no_grad():
            for branch in (self.left, self.right, self.end):
                branch.weight.copy_(torch.eye(3))
                branch.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.left(x), self.right(x)
        self.dead(x)
        found: Tensor = self.end(torch.maximum(left, right))
        return found


class Repeated(nn.Module):
    """One module that runs twice, and two modules that share a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.again = nn.Linear(3, 3, bias=False)
        self.first = nn.Linear(3, 3)
        self.second = nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.alias = self.again

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.second(self.first(self.again(self.again(x))))
        return found


class Tower(nn.Module):
    """Convolutions with norms in a chain, and a block whose shortcut makes the inside no chain."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.act1 = nn.ReLU(inplace=True)
        self.block = Block()
        self.project = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.block(self.act1(self.bn1(self.conv1(x))))
        found: Tensor = self.project(x.mean((2, 3)))
        return found


class Block(nn.Module):
    """A residual block."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1, bias=False)
        self.bn = nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bn(self.conv(x))


class Skipping(nn.Module):
    """Both of two modules are needed by a third, as in a U-Net: no module holds all."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 4, 1)
        self.middle = nn.Conv2d(4, 4, 1)
        self.up = nn.Conv2d(8, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        down = self.down(x)
        return self.up(torch.cat([down, self.middle(down)], 1)).mean((2, 3))


class Shell(nn.Module):
    """What open_clip has around an image tower."""

    def __init__(self, visual: nn.Module) -> None:
        super().__init__()
        self.visual = visual

    def encode_image(self, x: Tensor) -> Tensor:
        found: Tensor = self.visual(x)
        return found


def seeded(make: type[nn.Module], seed: int = 0) -> nn.Module:
    """Build a network with random weights, and with statistics that are those of no images."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = make().eval().requires_grad_(False)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 1.5)
    return network


def clip_of(visual: nn.Module) -> Clip:
    """Make a model of 8 px images around a tower."""
    preprocess = Preprocess((8, 8), (0.5,) * 3, (0.25,) * 3, "bilinear", "squash", 0, lambda x: x)
    return Clip("wired", Shell(visual).eval(), preprocess, torch.device("cpu"), "")


def pixels(n: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    # images differ in brightness, so that statistics of some are not those of all
    levels = torch.linspace(40, 255, n).view(n, 1, 1, 1)
    return (torch.rand(n, 3, 8, 8, generator=generator) * levels).to(torch.uint8)
