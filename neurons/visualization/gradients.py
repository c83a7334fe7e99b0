"""How does a gradient get from a layer back to the image? Through copies of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from neurons.address import EMBEDDING
from neurons.errors import NeuronNotFoundError, OptionError
from neurons.network.clip import Clip
from neurons.network.hooks import tap
from neurons.network.inference import Precision, inference_copy
from neurons.network.layers import Layer, find_layers
from neurons.network.layout import check_rows
from neurons.network.surgery import below_visual, open_ended
from neurons.visualization.objectives import Objective
from neurons.visualization.scoring import LayerMaps

Forward = Callable[[Tensor], dict[str, Tensor]]
Read = Callable[[Tensor], LayerMaps]


@dataclass(frozen=True)
class GradientNetworks:
    """Two copies of the network that give the same maps; one lets gradients around its ReLUs.

    Parameters
    ----------
    plain : callable
        From the network's input, float (images, 3, H, W), to maps by layer.
    """

    plain: Read
    _around: Read
    _relus: Sequence[_RedirectedReLU]

    def around_relus(self, inputs: Tensor, silent: Tensor) -> LayerMaps:
        """Run the copy whose gradients go around ReLUs, in those images whose unit is silent.

        Parameters
        ----------
        inputs : Tensor of float, (images, 3, H, W)
        silent : Tensor of bool, (images,)
        """
        for module in self._relus:
            module.silent = silent
        return self._around(inputs)


@contextmanager
def open_gradient_networks(
    clip: Clip, objectives: Sequence[Objective], precision: Precision, *, size_px: int
) -> Iterator[GradientNetworks]:
    """Copy the network for the layers that some objectives read, and no further.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If an objective reads what the model does not have.
    OptionError
        If the model cannot take images of this size, or objectives with and without the closing
        ReLU are mixed.
    """
    signed = {objective.signed for objective in objectives}
    if precision.compiled and any(objective.facet for objective in objectives):
        raise OptionError(
            "facets need gradients inside the network, which a compiled one hides; use fast"
        )
    if len(signed) > 1:
        raise OptionError("positive and negative objectives read different maps; ask them apart")
    paths = list(dict.fromkeys(layer for o in objectives for layer in o.layers))
    layers = find_layers(clip, [path for path in paths if path != EMBEDDING])
    _check_units(objectives, layers)
    embedding = EMBEDDING in paths
    with ExitStack() as stack:
        plain, around = (
            _copy(clip, layers, precision, embedding=embedding, signed=True in signed)
            for _ in range(2)
        )
        relus = _redirect(around)
        # a compiled graph cannot end in the middle
        stop = not embedding and not precision.compiled
        forward = _forward(plain, layers, embedding, stop, stack)
        _check_size(clip, _as_maps(forward, layers), size_px, precision)
        if precision.compiled:
            forward = torch.compile(forward, dynamic=False)
        redirected = _forward(around, layers, embedding, not embedding, stack)
        yield GradientNetworks(_as_maps(forward, layers), _as_maps(redirected, layers), relus)


def _copy(
    clip: Clip, layers: Sequence[Layer], precision: Precision, *, embedding: bool, signed: bool
) -> nn.Module:
    paths = [layer.path for layer in layers]
    network = inference_copy(clip, paths, precision, embeddings=embedding)
    visual: Any = network.visual
    for path in paths if signed else ():
        open_ended(visual, below_visual(path))
    return network


def _forward(
    network: nn.Module, layers: Sequence[Layer], embedding: bool, stop: bool, stack: ExitStack
) -> Forward:
    """Give a function from the network's input to the layers' own outputs."""
    tapped = stack.enter_context(tap(network, [layer.path for layer in layers], stop=stop))

    def forward(inputs: Tensor) -> dict[str, Tensor]:
        embedded = tapped.run(lambda: network.encode_image(inputs))  # type: ignore[operator]
        outputs = {layer.path: tapped.outputs[layer.path] for layer in layers}
        return outputs if embedded is None or not embedding else {**outputs, EMBEDDING: embedded}

    return forward


def _as_maps(forward: Forward, layers: Sequence[Layer]) -> Read:
    arrange: dict[str, Callable[[Tensor], Tensor]] = {
        layer.path: layer.layout.maps for layer in layers
    }
    arrange[EMBEDDING] = lambda output: output

    def read(inputs: Tensor) -> LayerMaps:
        maps = LayerMaps(forward(inputs), arrange)
        for path, values in maps.items():
            check_rows(path, len(values), len(inputs))
        return maps

    return read


def _check_units(objectives: Sequence[Objective], layers: Sequence[Layer]) -> None:
    units: Mapping[str, int] = {layer.path: layer.units for layer in layers}
    for objective in objectives:
        unit = objective.unit
        if unit is not None and unit.unit >= units[unit.layer]:
            raise NeuronNotFoundError(
                f"{unit.layer} has units 0 to {units[unit.layer] - 1}: no {unit}"
            )


def _check_size(clip: Clip, read: Read, size_px: int, precision: Precision) -> None:
    height, width = clip.preprocess.size
    if size_px == height == width:
        return
    own = f"{height}" if height == width else f"{height} x {width}"
    black = torch.zeros(1, 3, size_px, size_px, dtype=precision.dtype, device=clip.device)
    try:
        with torch.no_grad():
            maps = read(black)
        if any(0 in values.shape for values in maps.values()):
            raise RuntimeError("the map is empty")
    except (RuntimeError, AssertionError, ValueError) as error:
        raise OptionError(
            f"this model cannot take images of {size_px} px here, only of {own} px: attention "
            f"has a fixed grid of positions. A ResNet's convolutions, up to its last stage, take "
            f"any size of 32 px or more; embeddings, and all of a ViT, need {own} px, and pictures "
            f"are made square "
            f"({str(error).splitlines()[0][:80]})"
        ) from None


class _Redirect(torch.autograd.Function):
    """A ReLU whose gradient goes around it where it would stop for all of an image.

    As lucid's ``redirected_relu_grad``; upstream is the gradient of what is minimised.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, silent: Tensor) -> Tensor:
        ctx.save_for_backward(values, silent)
        return values.relu()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        values, silent = ctx.saved_tensors
        passed = upstream * (values > 0)
        rows = silent.nonzero()[:, 0]
        stopped = rows[passed[rows].flatten(1).abs().amax(1) == 0]
        if len(stopped):
            pushed_lower = (values[stopped] < 0) & (upstream[stopped] > 0)
            passed[stopped] = upstream[stopped].masked_fill(pushed_lower, 0)
        return passed, None


class _RedirectedReLU(nn.Module):
    silent: Tensor

    def forward(self, values: Tensor) -> Tensor:
        redirected: Tensor = _Redirect.apply(values, self.silent)
        return redirected


def _redirect(network: nn.Module) -> list[_RedirectedReLU]:
    """Replace the ReLUs of the image encoder, in place, and give the new ones."""
    visual: Any = network.visual
    made = []
    for module in list(visual.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.ReLU):
                made.append(_RedirectedReLU())
                setattr(module, name, made[-1])
    return made
