"""How are layers of a running network read, and units set? The only way in, for any module."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from neurons.address import Neuron, by_neuron
from neurons.errors import LayerNotFoundError, NeuronNotFoundError

T = TypeVar("T")
# what a unit becomes: a number, a tensor, or a function of its part of the output
Value = float | Tensor | Callable[[Tensor], Tensor]


def find_module(network: nn.Module, path: str) -> nn.Module:
    """Find a module by its path.

    Raises
    ------
    LayerNotFoundError
        If there is none; the message names the nearest paths.
    """
    if path:
        with contextlib.suppress(AttributeError):
            return network.get_submodule(path)
    known = [name for name, _ in network.named_modules() if name]
    host, _, name = path.rpartition(".")
    if name.startswith("dictionary") and host in known:
        raise LayerNotFoundError(
            f"the model has no dictionary {name!r} behind {host!r}; take it from the run that has "
            f"it (`clip_of`), or give it one (`with_dictionaries`)"
        )
    near = ", ".join(difflib.get_close_matches(path, known, n=4, cutoff=0.4)) or "none"
    raise LayerNotFoundError(f"no layer {path!r}; nearest: {near}; see `neurons layers`")


@contextmanager
def watch(
    network: nn.Module, layers: Iterable[str], *, reduce: Callable[[Tensor], T]
) -> Iterator[dict[str, T]]:
    """Read layers, or single units, while the network runs inside the ``with`` block.

    Parameters
    ----------
    network : nn.Module
    layers : iterable of str
        Module paths such as ``visual.layer4``, or addresses of units such as
        ``visual.layer4:89``, of which only that unit is handed to ``reduce`` (one long in the axis
        of the units).
    reduce : callable
        What to keep of a layer's output, such as `peak` or `copy`; called inside the hook. It
        must not return the output itself, which the network may overwrite.

    Yields
    ------
    dict of str to T
        The reduced output of each layer's latest forward pass, by the layer or address as given.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If the network has no such module, or (when it runs) no such unit in it.
    AddressError
        If something with a colon is no address.
    """
    seen: dict[str, T] = {}

    def read(asked: str, unit: int | None) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            tensor = first_tensor(output)
            seen[asked] = reduce(tensor if unit is None else _only(module, tensor, asked, unit))

        return hook

    hooks = []
    for asked in layers:
        neuron = Neuron.parse(asked) if ":" in asked else None
        path, unit = (neuron.layer, neuron.unit) if neuron is not None else (asked, None)
        hooks.append((path, read(asked, unit)))
    with _hooked(hooks, network):
        yield seen


@contextmanager
def trace(
    network: nn.Module, note: Callable[[tuple[Any, ...], Tensor], T]
) -> Iterator[dict[str, list[T]]]:
    """Note what every module takes and gives while the network runs inside the ``with`` block.

    Parameters
    ----------
    network : nn.Module
    note : callable
        From a module's positional inputs and its output (of several, the first) to what is kept
        of them; called inside the hook.

    Yields
    ------
    dict of str to list of T
        By the module's path, in the order in which modules first finish: one note for each time
        that the module ran. Modules whose output holds no floating-point numbers are left out.
    """
    found: dict[str, list[T]] = {}

    def hook_of(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            if isinstance(output, Tensor) or (isinstance(output, tuple) and output):
                tensor = first_tensor(output)
                if tensor.is_floating_point():
                    found.setdefault(path, []).append(note(inputs, tensor))

        return hook

    paths = [path for path, _ in network.named_modules() if path]
    with _hooked([(path, hook_of(path)) for path in paths], network):
        yield found


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
        """Run a pass; None if it was stopped once every layer had run."""
        self.outputs.clear()
        try:
            return forward()
        except _Enough:
            return None

    def keep(self, path: str, output: Tensor) -> Tensor:
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
        End a pass as soon as every layer has run.

    Raises
    ------
    LayerNotFoundError
        If the network has no such module.
    """
    paths = list(layers)
    seen = Tap(len(paths), stop and bool(paths))

    def read(path: str) -> Callable[..., Any]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> Any:
            passed_on = seen.keep(path, first_tensor(output))
            return (passed_on, *output[1:]) if isinstance(output, tuple) else passed_on

        return hook

    with _hooked([(path, read(path)) for path in paths], network):
        yield seen


@contextmanager
def edit(
    network: nn.Module, values: Mapping[Neuron, Value] | Mapping[str, Value]
) -> Iterator[None]:
    """Set units while the network runs inside the ``with`` block.

    Parameters
    ----------
    network : nn.Module
    values : mapping of Neuron or str to float, Tensor or callable
        What each unit (as a string: ``visual.layer4:89``) becomes everywhere on its map: a number,
        a tensor that broadcasts to the unit's own slice, or a function of that slice. The slice is
        (batch, height, width) of a convolution and (batch, tokens) or (batch,) otherwise.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If there is no such module, or (when it runs) no such unit in it.
    """
    by_layer: dict[str, dict[int, Value]] = {}
    for neuron, value in by_neuron(values).items():
        by_layer.setdefault(neuron.layer, {})[neuron.unit] = value

    def write(path: str) -> Callable[..., Any]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> Any:
            tensor = first_tensor(output)
            axis = unit_axis(module, tensor.shape)
            edited = _with_units(tensor, path, axis, by_layer[path])
            return (edited, *output[1:]) if isinstance(output, tuple) else edited

        return hook

    with _hooked([(path, write(path)) for path in by_layer], network):
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
def _hooked(hooks: Sequence[tuple[str, Callable[..., Any]]], network: nn.Module) -> Iterator[None]:
    modules = [find_module(network, path) for path, _ in hooks]
    handles: list[RemovableHandle] = []
    try:
        for module, (_, hook) in zip(modules, hooks, strict=True):
            handles.append(module.register_forward_hook(hook))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _only(module: nn.Module, output: Tensor, asked: str, unit: int) -> Tensor:
    axis = unit_axis(module, output.shape)
    _check_unit(asked.partition(":")[0], unit, output.shape[axis])
    return output.narrow(axis, unit, 1)


def _with_units(output: Tensor, path: str, axis: int, units: Mapping[int, Value]) -> Tensor:
    edited = output.clone()
    for unit, value in units.items():
        _check_unit(path, unit, output.shape[axis])
        part = edited.select(axis, unit)
        part.copy_(value(part.clone()) if callable(value) else torch.as_tensor(value))
    return edited


def _check_unit(path: str, unit: int, n_units: int) -> None:
    if unit >= n_units:
        raise NeuronNotFoundError(f"{path} has units 0 to {n_units - 1}, not {unit}")
