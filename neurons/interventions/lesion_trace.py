"""When does each module of a network start and finish in a pass, and with which shapes?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from neurons.errors import LayerNotFoundError
from neurons.network.hooks import first_tensor

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Ran:
    """One run of a module.

    Parameters
    ----------
    start, end : int
        Places among all starts and ends of a pass.
    took, gave : tuple of int, or None
        Shapes of the first tensor that it took and gave; None if there was none.
    plain : bool
        Whether it gave one tensor and nothing else.
    """

    start: int
    end: int
    took: Shape | None
    gave: Shape | None
    plain: bool = True


def trace_runs(network: nn.Module, run: Callable[[], object]) -> dict[str, list[Ran]]:
    """Run a network, and note each run of each module, by path, in the order of their first starts.

    Parameters
    ----------
    network : nn.Module
    run : callable
        Runs it once. A module of several names stands under its first.
    """
    clock = 0
    open_runs: dict[str, list[int]] = {}
    found: dict[str, list[Ran]] = {}

    def starts(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any) -> None:
            nonlocal clock
            open_runs.setdefault(path, []).append(clock)
            found.setdefault(path, [])
            clock += 1

        return hook

    def ends(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any, options: Mapping[str, Any], output: Any) -> None:
            nonlocal clock
            tensors = [each for each in (*inputs, *options.values()) if isinstance(each, Tensor)]
            took = tuple(tensors[0].shape) if tensors else None
            plain = isinstance(output, Tensor)
            found[path].append(Ran(open_runs[path].pop(), clock, took, _shape(output), plain))
            clock += 1

        return hook

    with ExitStack() as stack:
        for path, module in network.named_modules():
            if path:
                stack.callback(module.register_forward_pre_hook(starts(path)).remove)
                hook = module.register_forward_hook(ends(path), with_kwargs=True)
                stack.callback(hook.remove)
        run()
    return found


def running(path: str, runs: Mapping[str, list[Ran]]) -> str | None:
    """Give the module that runs where a path's weights are used: itself, or what contains it.

    An attention uses the weights of its projections without running them. None if nothing runs.
    """
    while path:
        if runs.get(path):
            return path
        path = path.rpartition(".")[0]
    return None


def first_start(path: str, runs: Mapping[str, list[Ran]]) -> int | None:
    """Give when the module that uses a path's weights first starts; None if it does not run."""
    runner = running(path, runs)
    return None if runner is None else min(each.start for each in runs[runner])


def _shape(output: Any) -> Shape | None:
    try:
        return tuple(first_tensor(output).shape)
    except LayerNotFoundError:
        return None
