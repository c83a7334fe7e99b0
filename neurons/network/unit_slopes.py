"""How does an image's embedding move when one unit rises a little?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel

from neurons.address import Neuron
from neurons.network.clip import Clip
from neurons.network.hooks import edit
from neurons.network.layers import find_layers


def unit_slopes(clip: Clip, neuron: Neuron, pixels: Tensor) -> Tensor:
    """Differentiate images' embeddings by a unit: float32 (images, embedding).

    Parameters
    ----------
    clip : Clip
    neuron : Neuron
    pixels : Tensor of uint8, (images, 3, H, W)
        One batch.

    Returns
    -------
    Tensor
        What one more in the unit's mean over its places would add to the embedding, which is not
        normalised, if the network went on as it begins. The unit rises where it is above 0, in
        proportion to its value there; where it is nowhere above 0, it rises everywhere alike.
        Places are those of the map, and of tokens all, the class token too.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If the model has no such unit.

    Notes
    -----
    One pass in forward mode. Where an operation has no rule for it, the gradient is differentiated
    a second time, which is slower and gives the same.
    """
    (layer,) = find_layers(clip, [neuron.layer])
    images = layer.layout.axes.replace("c", "").index("b")

    def embed(raised: Callable[[Tensor], Tensor]) -> Tensor:
        with edit(clip.network, {neuron: raised}):
            inputs = clip.preprocess.normalise(pixels.to(clip.device))
            found: Tensor = clip.network.encode_image(inputs)  # type: ignore[operator]
        # a pool of one query leaves an axis of it
        return found.flatten(1)

    with torch.inference_mode(False), _plain_attention():
        try:
            return _forward_mode(embed, images)
        except NotImplementedError:
            return _twice_backward(embed, images, len(pixels))


def shape_of(part: Tensor, images: int = 0) -> Tensor:
    """Give where a unit rises: its values above 0 over their mean in each image.

    Parameters
    ----------
    part : Tensor
        The unit's own part of a layer's output, such as (images, height, width).
    images : int
        The axis of the images.
    """
    rows = part.movedim(images, 0).flatten(1) if part.dim() > 1 else part[:, None]
    mean = rows.clamp(min=0).mean(1)
    mean = mean.reshape([-1 if axis == images else 1 for axis in range(part.dim())])
    alive = mean > torch.finfo(part.dtype).tiny
    divisor = torch.where(alive, mean, 1.0)
    return torch.where(alive, part.clamp(min=0) / divisor, 1.0)


def _forward_mode(embed: Callable[[Callable[[Tensor], Tensor]], Tensor], images: int) -> Tensor:
    def raised(part: Tensor) -> Tensor:
        shape = shape_of(part, images)
        dual: Tensor = forward_ad.make_dual(part, shape)  # type: ignore[no-untyped-call]
        return dual

    with torch.no_grad(), forward_ad.dual_level(), warnings.catch_warnings():
        # torch's own rules for forward mode are scripts, which it warns of when it loads them
        warnings.filterwarnings("ignore", ".*torch.jit.script", FutureWarning)
        embedding, tangent = forward_ad.unpack_dual(embed(raised))  # type: ignore[no-untyped-call]
        # without a tangent nothing that the embedding is made of depends on the unit
        return torch.zeros_like(embedding) if tangent is None else tangent.clone()


def _twice_backward(
    embed: Callable[[Callable[[Tensor], Tensor]], Tensor], images: int, n: int
) -> Tensor:
    amount: Any = None

    def raised(part: Tensor) -> Tensor:
        nonlocal amount
        amount = part.new_zeros(n).requires_grad_()
        axes = [-1 if axis == images else 1 for axis in range(part.dim())]
        more: Tensor = amount.reshape(axes) * shape_of(part, images)
        return part + more

    with torch.enable_grad():
        embedding = embed(raised)
        weights = torch.zeros_like(embedding, requires_grad=True)
        (slopes,) = torch.autograd.grad(
            embedding, amount, weights, create_graph=True, allow_unused=True
        )
        if slopes is None:
            return torch.zeros_like(embedding).detach()
        (found,) = torch.autograd.grad(slopes.sum(), weights)
    return found.detach()


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Have attention computed by operations that can be differentiated in both ways."""
    fast = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
