"""A planted network that reads: each of its first units answers to one glyph and to no other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

import neurons
from neurons import Clip, ImageSet
from neurons.lettering.lettering import Lettering
from neurons.lettering.words import write_on
from neurons.readouts.readout import ZeroShot
from tests.conftest import picture

GLYPHS = "#AKMSXZ"
N_NOISE = 33
BANK = "visual.bank"
LETTERS = Lettering(size_px=32, stroke_px=0, stroke_colour=None, places=(0.5, 0.5))
# strings that contain no glyph of the network, and one that does
VOCABULARY = ["o", "v", "-", "+", "=", "ow", "ln", "i", "J", "D", "no", "L", "~", "#", "u", "c"]
_SIDE = 40


class _Bank(nn.Module):
    """Matched filters of glyphs, and small random filters that something always excites."""

    def __init__(self) -> None:
        super().__init__()
        templates = torch.stack([_template(glyph) for glyph in GLYPHS])
        norms = templates.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        # 1 where the glyph itself stands, 0 for anything less like it than nine tenths
        self.register_buffer("templates", 10 * templates / norms**2)
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("noise", torch.randn(N_NOISE, 1, 5, 5, generator=generator))

    def forward(self, grey: Tensor) -> Tensor:
        letters = functional.conv2d(grey, self.templates) - 9
        # the same places, seen through smaller windows
        inner = grey[..., _SIDE // 2 - 2 : 2 - _SIDE // 2 + 1, _SIDE // 2 - 2 : 2 - _SIDE // 2 + 1]
        noise = functional.conv2d(inner, self.noise)
        return torch.cat([letters, noise[..., : letters.shape[2], : letters.shape[3]]], 1).relu()


class _Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bank = nn.Sequential(_Bank())

    def forward(self, images: Tensor) -> Tensor:
        grey = images.mean(1, keepdim=True)
        # black letters become -1 whatever they stand on
        middle = grey.flatten(1).median(1).values.view(-1, 1, 1, 1)
        span = (middle - grey.amin((1, 2, 3), keepdim=True)).clamp(min=1e-6)
        grey = (grey - middle) / span
        peaks = self.bank(grey).amax((2, 3))
        # what a picture without a glyph is embedded as
        return torch.cat([torch.full_like(peaks[:, :1], 0.5), peaks[:, : len(GLYPHS)]], 1)


class _Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.visual = _Reader()

    def encode_image(self, images: Tensor) -> Tensor:
        embedded: Tensor = self.visual(images)
        return embedded


def glyph_reader(like: Clip) -> Clip:
    """Build the network; its images are prepared as those of another 96 px model."""
    network = _Network().eval().requires_grad_(False)
    return replace(like, name="glyphs", network=network, weights_sha256="glyphs")


def zero_shot_of(glyphs: str) -> ZeroShot:
    """Read "thing" where no glyph is, and a class named after each glyph."""
    directions = np.eye(1 + len(GLYPHS), dtype=np.float32)
    rows = [0, *(1 + GLYPHS.index(glyph) for glyph in glyphs)]
    return ZeroShot(("thing", *(f"the {g}" for g in glyphs)), directions[rows], scale=10.0)


@dataclass(frozen=True)
class LinearProbe:
    """A probe by hand: what any fitted one looks like to an attack."""

    layer: str
    pooling: str
    class_names: tuple[str, ...]
    weights: np.ndarray
    bias: np.ndarray

    def decision(self, units: np.ndarray) -> np.ndarray:
        return (units @ self.weights.T + self.bias).astype(np.float32)


def probe_of(glyph: str) -> LinearProbe:
    """Read a glyph's unit at its peak, or "thing"."""
    weights = np.zeros((2, len(GLYPHS) + N_NOISE), np.float32)
    weights[1, GLYPHS.index(glyph)] = 1
    bias = np.array([0.5, 0], np.float32)
    return LinearProbe(BANK, "peak", ("thing", f"the {glyph}"), weights, bias)


def plain_pictures(root: Path, n: int = 12) -> ImageSet:
    """Noisy pictures in two class folders, none with a glyph."""
    for i in range(n):
        folder = root / ("thing" if i % 3 else "other")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(red=0.1 * (i % 4), seed=i)).save(folder / f"{i:02}.png")
    return neurons.images(root)


def _template(glyph: str) -> Tensor:
    grey = torch.full((1, 3, 96, 96), 128, dtype=torch.uint8)
    written = write_on(grey, [glyph], LETTERS, seeds=[0]).pixels
    ink = (written.float() - grey.float()).mean(1) / 128
    middle = slice((96 - _SIDE) // 2, (96 + _SIDE) // 2)
    cut = ink[:, middle, middle]
    return cut - cut.mean()


class _Colours(nn.Module):
    """Unit 0 answers to dark ink on red pictures, unit 1 on green ones; the others to noise."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("noise", torch.randn(N_NOISE, 3, 5, 5, generator=generator))

    def forward(self, images: Tensor) -> Tensor:
        red, green = images[:, :1].mean((2, 3)), images[:, 1:2].mean((2, 3))
        grey = images.mean(1, keepdim=True)
        middle = grey.flatten(1).median(1).values.view(-1, 1, 1, 1)
        ink = (grey < middle - 0.5).float()
        on = torch.stack([red > green + 0.2, green > red + 0.2], 1).float()
        letters = ink * on.view(-1, 2, 1, 1)
        noise = functional.conv2d(images, self.noise).relu()
        return torch.cat([letters[..., 2:-2, 2:-2], noise], 1)


class _ColourReader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bank = nn.Sequential(_Colours())

    def forward(self, images: Tensor) -> Tensor:
        peaks = self.bank(images).amax((2, 3))
        read = peaks[:, :2].sum(1, keepdim=True)
        return torch.cat([torch.full_like(read, 0.5), read], 1)


def colour_reader(like: Clip) -> Clip:
    """Build a network in which one unit reads on red pictures, and another one on green ones."""
    network = _Network()
    network.visual = _ColourReader()
    network = network.eval().requires_grad_(False)
    return replace(like, name="colours", network=network, weights_sha256="colours")


def two_halves(
    root: Path, first: tuple[tuple[int, int, int], str], second: tuple[tuple[int, int, int], str]
) -> ImageSet:
    """Make twelve plain pictures whose halves, as studies part them by seed 0, are opposites.

    Parameters
    ----------
    root : Path
    first, second : (colour, class)
        Of the half that chooses, and of the half that is measured on.
    """
    root.mkdir()
    rows, chosen = ["file_name,label"], np.random.default_rng(0).permutation(12)[:6]
    for i in range(12):
        colour, name = first if i in chosen else second
        Image.new("RGB", (96, 96), colour).save(root / f"{i:02}.png")
        rows.append(f"{i:02}.png,{name}")
    (root / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return neurons.images(root)
