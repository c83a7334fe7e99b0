"""How is a running network read and changed? The only way in, over any ``nn.Module``."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from neurons.address import Neuron
from neurons.errors import LayerNotFoundError, NeuronNotFoundError

T = TypeVar("T")


@dataclass(frozen=True)
class Peak:
    """What is kept of a layer's maps: three numbers a unit instead of height x width.

    Parameters
    ----------
    value : Tensor of float32, (batch, units)
        The largest activation over the map, in the layer's own unit.
    position : Tensor of int64, (batch, units)
        Where it lies: row * width + column; the first in that order where several are equal.
    mean : Tensor of float32, (batch, units)
        Over the map. A large mean with a small peak says "everywhere a little".
    """

    value: Tensor
    position: Tensor
    mean: Tensor


def peak(maps: Tensor) -> Peak:
    """Reduce maps to the peak's value and place and to the mean.

    Parameters
    ----------
    maps : Tensor, (batch, units, height, width) or (batch, units)

    Returns
    -------
    Peak
    """
    flat = (maps.flatten(2) if maps.dim() > 2 else maps.unsqueeze(2)).float()
    # of equal places, max gives the first
    value, position = flat.max(dim=2)
    return Peak(value, position, flat.mean(dim=2))


def copy(output: Tensor) -> Tensor:
    """Keep the whole output: a clone, since CLIP's ResNet later writes into it."""
    return output.detach().clone()


def find_module(network: nn.Module, path: str) -> nn.Module:
    """Find a module by its path.

    Raises
    ------
    LayerNotFoundError
        If there is none; the message names the nearest paths.
    """
    modules: dict[str, nn.Module] = dict(network.named_modules())
    if not path or path not in modules:
        known = [name for name in modules if name]
        near = ", ".join(difflib.get_close_matches(path, known, n=4, cutoff=0.4)) or "none"
        raise LayerNotFoundError(f"no layer {path!r}; nearest: {near}; see `neurons layers`")
    return modules[path]


@contextmanager
def watch(
    network: nn.Module, layers: Iterable[str], *, reduce: Callable[[Tensor], T]
) -> Iterator[dict[str, T]]:
    """Read layers while the network runs inside the ``with`` block.

    Parameters
    ----------
    network : nn.Module
    layers : iterable of str
        Module paths.
    reduce : callable
        What to keep of a layer's output, such as `peak` or `copy`; called inside the hook. It
        must not return the output itself, which the network may overwrite.

    Yields
    ------
    dict of str to T
        The reduced output of each layer's latest forward pass.

    Raises
    ------
    LayerNotFoundError
        If the network has no such module.
    """
    seen: dict[str, T] = {}

    def read(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            seen[path] = reduce(first_tensor(output))

        return hook

    with _hooked({path: read(path) for path in layers}, network):
        yield seen


class Tap:
    """Layers of a running network, with their gradient; made by `tap`.

    Attributes
    ----------
    outputs : dict of str to Tensor
        Each layer's own output in the latest pass, part of the graph.
    """

    def __init__(self, n_layers: int, stop: bool) -> None:
        self.outputs: dict[str, Tensor] = {}
        self._n_layers, self._stop = n_layers, stop

    def run(self, forward: Callable[[], T]) -> T | None:
        """Run a pass; None if it was stopped once every layer had been seen."""
        self.outputs.clear()
        try:
            return forward()
        except _Enough:
            return None

    def see(self, path: str, output: Tensor) -> Tensor:
        """Keep an output, and give what the network may go on with."""
        self.outputs[path] = output
        if self._stop and len(self.outputs) == self._n_layers:
            raise _Enough
        # whoever comes next may write into it, as CLIP's ResNet does
        return output.clone()


class _Enough(Exception):  # noqa: N818 - no error: it ends a pass early
    pass


@contextmanager
def tap(network: nn.Module, layers: Iterable[str], *, stop: bool = False) -> Iterator[Tap]:
    """Read layers as parts of the graph, so that gradients flow through them and to them.

    Parameters
    ----------
    network : nn.Module
    layers : iterable of str
        Module paths.
    stop : bool
        End a pass as soon as every layer has been seen.

    Raises
    ------
    LayerNotFoundError
        If the network has no such module.
    """
    paths = list(layers)
    seen = Tap(len(paths), stop and bool(paths))

    def read(path: str) -> Callable[..., Any]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> Any:
            passed_on = seen.see(path, first_tensor(output))
            return (passed_on, *output[1:]) if isinstance(output, tuple) else passed_on

        return hook

    with _hooked({path: read(path) for path in paths}, network):
        yield seen


@contextmanager
def edit(
    network: nn.Module, values: Mapping[Neuron, float | Tensor | Callable[[Tensor], Tensor]]
) -> Iterator[None]:
    """Set units while the network runs inside the ``with`` block.

    Parameters
    ----------
    network : nn.Module
    values : mapping of Neuron to float, Tensor or callable
        What each unit becomes everywhere on its map: a number, a tensor that broadcasts to the
        unit's own slice, or a function of that slice. The slice is (batch, height, width) of a
        convolution and (batch, tokens) or (batch,) otherwise.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If there is no such module, or (when it runs) no such unit in it.
    """
    by_layer: dict[str, dict[int, Any]] = {}
    for neuron, value in values.items():
        by_layer.setdefault(neuron.layer, {})[neuron.unit] = value

    def write(path: str) -> Callable[..., Any]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> Any:
            tensor = first_tensor(output)
            axis = unit_axis(module, tensor.shape)
            edited = _with_units(tensor, path, axis, by_layer[path])
            return (edited, *output[1:]) if isinstance(output, tuple) else edited

        return hook

    with _hooked({path: write(path) for path in by_layer}, network):
        yield


def unit_axis(module: nn.Module, shape: Sequence[int]) -> int:
    """Tell which axis of a module's output counts its units.

    Of maps it is the second, but the last where the module keeps channels there (timm's ConvNeXt
    inside its blocks, Swin): then the second and third are the map's equal sides.
    """
    if len(shape) == 4:
        channels_last = shape[1] == shape[2] != shape[3] and not isinstance(module, nn.Conv2d)
        return 3 if channels_last else 1
    return len(shape) - 1


def first_tensor(output: Any) -> Tensor:
    """Give a module's output, or the first part of it where it returns several."""
    while isinstance(output, (tuple, list)) and output:
        output = output[0]
    if not isinstance(output, Tensor):
        raise LayerNotFoundError(f"a module that returns {type(output).__name__} has no units")
    return output


@contextmanager
def _hooked(hooks: Mapping[str, Callable[..., Any]], network: nn.Module) -> Iterator[None]:
    modules = {path: find_module(network, path) for path in hooks}
    handles: list[RemovableHandle] = []
    try:
        for path, hook in hooks.items():
            handles.append(modules[path].register_forward_hook(hook))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _with_units(output: Tensor, path: str, axis: int, units: Mapping[int, Any]) -> Tensor:
    edited = output.clone()
    for unit, value in units.items():
        if unit >= output.shape[axis]:
            raise NeuronNotFoundError(f"{path} has units 0 to {output.shape[axis] - 1}, not {unit}")
        part = edited.select(axis, unit)
        part.copy_(value(part.clone()) if callable(value) else torch.as_tensor(value))
    return edited
