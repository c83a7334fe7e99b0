"""How are a module's own weights changed, and put back to the bit?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from neurons.errors import LayerNotFoundError, OptionError
from neurons.network.hooks import find_module

# from a parameter's name and values to other values
Change = Callable[[str, Tensor], Tensor]


def weight_change(module: str, how: str, amount: float, seed: int) -> Change:
    """Give what is done to each of a module's parameters.

    Parameters
    ----------
    module : str
        Its path: modules differ from one another at one seed, and so do a module's parameters.
    how : str
        ``zero``, ``shuffle``, ``gaussian``, ``noise``, ``shrink`` or ``enlarge``.
    amount : float
        As `Lesion` takes it.
    seed : int
    """

    def change(name: str, weights: Tensor) -> Tensor:
        if how == "zero":
            return torch.zeros_like(weights)
        if how in ("shrink", "enlarge"):
            return amount * weights
        generator = _generator(f"{module}.{name}", seed)
        if how == "shuffle":
            places = torch.randperm(weights.numel(), generator=generator).to(weights.device)
            return weights.flatten()[places].view(weights.shape)
        noise = _noise_like(weights, generator)
        return noise if how == "gaussian" else (1 - amount) * weights + amount * noise

    return change


def own_parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    """Give the floating-point parameters that a module itself owns, not those of modules below."""
    found = dict(module.named_parameters(recurse=False))
    return {name: each for name, each in found.items() if each.is_floating_point()}


@contextmanager
def with_weights(network: nn.Module, changes: Mapping[str, Change]) -> Iterator[None]:
    """Change modules' own weights inside the ``with`` block; afterwards they are equal to the bit.

    Parameters
    ----------
    network : nn.Module
    changes : mapping of str to callable
        By the module's path. Every parameter is changed in its place in memory, so that whoever
        shares it (a tied module) has it changed too.

    Raises
    ------
    LayerNotFoundError
        If there is no such module, or it has no weights of its own.
    OptionError
        If two of the modules share a weight, which would then be changed twice.
    """
    owned = {path: _owned(network, path) for path in changes}
    _check_shared(owned)
    kept: list[tuple[Tensor, Tensor]] = []
    try:
        for path, change in changes.items():
            for name, parameter in owned[path].items():
                weights = parameter.data
                kept.append((weights, weights.clone()))
                weights.copy_(change(name, weights.clone()))
        yield
    finally:
        for weights, before in reversed(kept):
            weights.copy_(before)


def _owned(network: nn.Module, path: str) -> dict[str, nn.Parameter]:
    owned = own_parameters(find_module(network, path))
    if not owned:
        raise LayerNotFoundError(
            f"{path!r} has no weights of its own; change those of the modules in it, or its output"
        )
    return owned


def _check_shared(owned: Mapping[str, Mapping[str, nn.Parameter]]) -> None:
    by_place: dict[int, str] = {}
    for path, parameters in owned.items():
        for name, parameter in parameters.items():
            # an empty tensor has no place in memory
            first = by_place.setdefault(parameter.data_ptr() or id(parameter), f"{path}.{name}")
            if first != f"{path}.{name}":
                raise OptionError(
                    f"{path}.{name} and {first} are one tensor, which can be changed once only; "
                    f"name one of the two modules"
                )


def _generator(name: str, seed: int) -> torch.Generator:
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def _noise_like(weights: Tensor, generator: torch.Generator) -> Tensor:
    """Draw normal noise of a tensor's mean and standard deviation (0 of a single number)."""
    drawn = torch.randn(weights.shape, generator=generator).to(weights)
    return weights.mean() + weights.std(correction=0) * drawn
