"""Which images look the same to a layer? One is made from noise, until the layer cannot tell it.

References
----------
Mahendran and Vedaldi, "Understanding deep image representations by inverting them", CVPR 2015.
There, pixels are optimised with a penalty on their size and their total variation; here the
Fourier basis with decorrelated colours, which keeps values in range by itself, and total variation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.inference import exact
from neurons.visualization.gradients import Read, open_gradient_networks
from neurons.visualization.objectives import Objective
from neurons.visualization.parameterisation import Parameterisation, fourier


@dataclass(frozen=True)
class InversionSettings:
    """How an image is inverted: all that it depends on besides the model, the layer and the image.

    Parameters
    ----------
    steps : int >= 1
        Of Adam.
    smooth : float >= 0
        Weight of the total variation: of the mean squared difference of neighbouring pixels, whose
        values lie in [0, 1], beside the squared relative error.
    paint : Parameterisation
        What the image is made of meanwhile.
    """

    steps: int = 150
    smooth: float = 2.0
    paint: Parameterisation = fourier()

    def provenance(self) -> dict[str, object]:
        """Give them as plain values."""
        return {"steps": self.steps, "smooth": self.smooth, "paint": self.paint.name}


DEFAULT_INVERSION = InversionSettings()


@dataclass(frozen=True)
class Inverse:
    """One image that a layer was made to take for another one.

    Parameters
    ----------
    pixels : ndarray of uint8, (H, W, 3)
    error : float >= 0
        The relative error of the layer's maps on these pixels: the length of the difference in
        shares of the length of the true maps. 0: the layer cannot tell the two images apart.
    start : float >= 0
        The same of the noise that it was made from.
    """

    pixels: NDArray[np.uint8]
    error: float
    start: float


def invert(
    clip: Clip,
    layer: str,
    images: Tensor,
    seeds: Sequence[int],
    settings: InversionSettings = DEFAULT_INVERSION,
    *,
    step_done: Callable[[int], None] = lambda step: None,
) -> list[Inverse]:
    """Make images that a layer takes for given ones, all in one batch.

    Parameters
    ----------
    clip : Clip
    layer : str
        Of a ViT only the patches' tokens count, not the class token.
    images : Tensor of uint8, (images, 3, H, W)
        At the network's own size, which is square.
    seeds : sequence of int
        One per image: those with equal seeds start from equal noise.
    settings : InversionSettings
    step_done : callable
        Takes the number of steps done.

    Returns
    -------
    list of Inverse

    Raises
    ------
    LayerNotFoundError
        If the model has no such layer.
    OptionError
        If a number makes no sense, the images are not square, or the layer is silent, or not
        finite, on one of the images: then there is no error in shares of it.
    """
    if settings.steps < 1 or settings.smooth < 0 or len(seeds) != len(images):
        raise OptionError(
            f"{settings.steps} steps, smoothness {settings.smooth:g}, {len(seeds)} seeds for "
            f"{len(images)} images: at least 1 step, 0, and as many seeds as images"
        )
    high, wide = images.shape[2:]
    if high != wide:
        raise OptionError(f"inverses are square, and the network takes {high} x {wide} px")
    objective = Objective(f"inverse of {layer}", (layer,), lambda maps: maps[layer].sum((1, 2, 3)))
    with open_gradient_networks(clip, [objective], exact, size_px=wide) as networks:
        read = _reader(clip, networks.plain, layer)
        with torch.no_grad():
            target = read(images.to(clip.device).float() / 255)
        _check(layer, target)
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        made = settings.paint.make(generators, wide, clip.device)
        optimizer = torch.optim.Adam(made.parameters, lr=made.rate)
        start = target.new_zeros(len(images))
        for step in range(settings.steps):
            drawn = made.images()
            errors = _errors(read(drawn), target)
            loss = errors.square().sum() + settings.smooth * _variation(drawn).sum()
            gradients = torch.autograd.grad(loss, made.parameters)
            for parameter, gradient in zip(made.parameters, gradients, strict=True):
                parameter.grad = gradient
            optimizer.step()
            start = errors.detach() if step == 0 else start
            step_done(step + 1)
        with torch.no_grad():
            final = made.images().mul(255).round().to(torch.uint8)
            # as the picture is shown: with its values rounded
            reached = _errors(read(final.float() / 255), target)
    pixels = final.permute(0, 2, 3, 1).cpu().numpy()
    return [Inverse(*each) for each in zip(pixels, reached.tolist(), start.tolist(), strict=True)]


def layer_errors(clip: Clip, layer: str, images: Tensor, true: Tensor) -> list[float]:
    """Give the relative error of a layer's maps on images as they are, beside a true one.

    Parameters
    ----------
    clip : Clip
    layer : str
    images : Tensor of uint8, (images, 3, H, W)
    true : Tensor of uint8, (3, H, W)

    Raises
    ------
    LayerNotFoundError, OptionError
        As `invert`.
    """
    objective = Objective(f"error of {layer}", (layer,), lambda maps: maps[layer].sum((1, 2, 3)))
    side = clip.preprocess.size[0]
    with open_gradient_networks(clip, [objective], exact, size_px=side) as networks:
        read = _reader(clip, networks.plain, layer)
        with torch.no_grad():
            target = read(true[None].to(clip.device).float() / 255)
            _check(layer, target)
            return _errors(read(images.to(clip.device).float() / 255), target).tolist()


def _reader(clip: Clip, plain: Read, layer: str) -> Callable[[Tensor], Tensor]:
    """Give a function from images in [0, 1] to a layer's maps."""
    scales = (clip.preprocess.mean, clip.preprocess.std)
    mean, std = (torch.tensor(each, device=clip.device).view(-1, 1, 1) for each in scales)

    def read(images: Tensor) -> Tensor:
        inputs = ((images - mean) / std).contiguous(memory_format=torch.channels_last)
        return plain(inputs)[layer]

    return read


def _check(layer: str, target: Tensor) -> None:
    lengths = target.flatten(1).norm(dim=1)
    if not bool(torch.isfinite(lengths).all()):
        raise OptionError(f"{layer} is not finite on one of the images: nothing can be inverted")
    if bool((lengths == 0).any()):
        raise OptionError(
            f"{layer} is silent on one of the images: any image that silences it fits"
        )


def _errors(found: Tensor, target: Tensor) -> Tensor:
    """Give the relative error of each image's maps, (images,)."""
    missed = (found - target).flatten(1).square().sum(1)
    # a length has no gradient at 0
    shares: Tensor = (missed + 1e-20).sqrt() / target.flatten(1).norm(dim=1)
    return shares


def _variation(images: Tensor) -> Tensor:
    """Give the mean squared difference of neighbouring pixels of each image."""
    down = images.diff(dim=2).square().mean((1, 2, 3))
    right = images.diff(dim=3).square().mean((1, 2, 3))
    return down + right
