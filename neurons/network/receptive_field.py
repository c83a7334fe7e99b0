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


def effective_field(clip: Clip, layer: Layer, *, seed: int = 0) -> Box:
    """Measure what the centre of a layer's map depends on: its effective receptive field.

    Parameters
    ----------
    clip : Clip
    layer : Layer
    seed : int
        For the noise images and the random mix of units.

    Returns
    -------
    Box
        In shares of the input, centred at 0: the smallest centred square (of input pixels) that
        holds half of the squared gradient of the centre cell, and at least the cell itself.

    Notes
    -----
    The theoretical field of a deep layer is the whole image; its gradient is concentrated in the
    middle. The box tells where the input mattered for this layer on average over units. It does
    not mean that nothing outside it mattered.

    References
    ----------
    Luo et al., "Understanding the effective receptive field in deep CNNs", NeurIPS 2016.
    """
    height, width = clip.preprocess.size
    energy = _gradient_energy(clip, layer, seed)
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


def _gradient_energy(clip: Clip, layer: Layer, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    height, width = clip.preprocess.size
    noise = torch.randn(8, 3, height, width, generator=generator)
    mix = torch.randn(8, layer.units, generator=generator)
    total = torch.zeros(height, width)
    encode: Callable[[Tensor], Tensor] = clip.network.encode_image  # type: ignore[assignment]
    # what runs after the layer is not needed
    with torch.enable_grad(), tap(clip.network, [layer.path], stop=True) as tapped:
        for image, weights in zip(noise, mix, strict=True):
            image = image[None].to(clip.device).requires_grad_()
            tapped.run(partial(encode, image))
            maps = layer.layout.maps(tapped.outputs[layer.path])
            centre = maps[0, :, layer.layout.height // 2, layer.layout.width // 2]
            # random signs keep units from cancelling: the expectation is the sum of their squares
            (gradient,) = torch.autograd.grad(centre @ weights.to(clip.device), image)
            total += gradient[0].square().sum(0).cpu()
    return total if float(total.sum()) > 0 else torch.ones(height, width)
