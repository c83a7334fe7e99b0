"""What does the centre of a layer's map depend on in the image?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from neurons.geometry import Box
from neurons.network.clip import Clip
from neurons.network.hooks import tap
from neurons.network.layers import Layer

# images that it is measured on
N_IMAGES = 16


def effective_field(
    clip: Clip, layer: Layer, pixels: Tensor | None = None, *, seed: int = 0
) -> Box:
    """Measure what the centre of a layer's map depends on: its effective receptive field.

    Parameters
    ----------
    clip : Clip
    layer : Layer
    pixels : Tensor of uint8, (images, 3, H, W), optional
        What it is measured on: some of the images that the box is drawn on. Without them it is
        noise, on which the field of a trained network is another, often twice as wide.
    seed : int
        For noise images and the random mix of units.

    Returns
    -------
    Box
        In shares of the input, centred at 0: the smallest centred square (of input pixels) that
        holds half of the squared gradient of the centre cell, and at least the cell itself.

    Notes
    -----
    The theoretical field of a deep layer is the whole image; its gradient is concentrated in the
    middle. The box tells where the input mattered for this layer on average over units and over
    these images, at the centre of the map. It does not mean that nothing outside it mattered, and
    on one image, for one unit and at another place, it may be larger or smaller.

    References
    ----------
    Luo et al., "Understanding the effective receptive field in deep CNNs", NeurIPS 2016.
    """
    height, width = clip.preprocess.size
    generator = torch.Generator().manual_seed(seed)
    if pixels is None or not len(pixels):
        shown = torch.randn(N_IMAGES, 3, height, width, generator=generator)
    else:
        shown = clip.preprocess.normalise(pixels)
    energy = _gradient_energy(clip, layer, shown, generator)
    row, column = layer.layout.height // 2, layer.layout.width // 2
    cell = Box(-0.5 / layer.layout.width, -0.5 / layer.layout.height,
               0.5 / layer.layout.width, 0.5 / layer.layout.height)  # fmt: skip
    y = (row + 0.5) / layer.layout.height * height - 0.5
    x = (column + 0.5) / layer.layout.width * width - 0.5
    ys, xs = torch.arange(height) - y, torch.arange(width) - x
    distance = torch.maximum(ys.abs()[:, None], xs.abs()[None, :]).flatten()
    order = distance.argsort()
    share = energy.flatten()[order].cumsum(0) / energy.sum()
    reach = float(distance[order][int(torch.searchsorted(share, 0.5))]) + 0.5
    half_x, half_y = max(reach / width, cell.right), max(reach / height, cell.bottom)
    return Box(-half_x, -half_y, half_x, half_y)


def _gradient_energy(clip: Clip, layer: Layer, shown: Tensor, generator: torch.Generator) -> Tensor:
    mix = torch.randn(len(shown), layer.units, generator=generator)
    total = torch.zeros(*clip.preprocess.size)
    encode: Callable[[Tensor], Tensor] = clip.network.encode_image  # type: ignore[assignment]
    # what runs after the layer is not needed
    with torch.enable_grad(), tap(clip.network, [layer.path], stop=True) as tapped:
        for image, weights in zip(shown, mix, strict=True):
            image = image[None].to(clip.device).requires_grad_()
            tapped.run(partial(encode, image))
            maps = layer.layout.maps(tapped.outputs[layer.path])
            centre = maps[0, :, layer.layout.height // 2, layer.layout.width // 2]
            # random signs keep units from cancelling: the expectation is the sum of their squares
            (gradient,) = torch.autograd.grad(centre @ weights.to(clip.device), image)
            energy = gradient[0].square().sum(0).cpu()
            # images count alike: else the one with the largest gradient decides
            total += energy / energy.sum().clamp(min=torch.finfo(energy.dtype).tiny)
    return total if float(total.sum()) > 0 else torch.ones_like(total)
