"""How is the output of a module replaced while the network runs?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from neurons.errors import LayerNotFoundError, OptionError
from neurons.network.hooks import find_module, first_tensor

# one head of an attention: its path, and which
_HEAD = re.compile(r"^(?P<attention>.+)\.head\.(?P<head>\d+)$")
# where towers keep an attention's last projection, and how many heads it has: torch and open_clip,
# the pool of a ModifiedResNet, timm, diffusers
_PROJECTIONS = ("out_proj", "c_proj", "proj", "to_out.0")
_COUNTS = ("num_heads", "heads")


def head_of(path: str) -> tuple[str, int] | None:
    """Give the attention and the head of a path such as ``ATTENTION.head.3``; None of others."""
    found = _HEAD.match(path)
    return (found["attention"], int(found["head"])) if found else None


def n_heads(attention: nn.Module) -> int:
    """Count the heads whose slice of the last projection's input is known; 0 if it is not."""
    projection = head_projection(attention)
    count = next((getattr(attention, name) for name in _COUNTS if hasattr(attention, name)), 0)
    known = projection is not None and isinstance(count, int) and count > 0
    return count if known and not projection.in_features % count else 0  # type: ignore[union-attr]


def head_projection(attention: nn.Module) -> nn.Linear | None:
    """Give the projection that takes what all heads give, one slice after another."""
    for path in _PROJECTIONS:
        try:
            found = attention.get_submodule(path)
        except AttributeError:
            continue
        if isinstance(found, nn.Linear):
            return found
    return None


@contextmanager
def without_heads(
    network: nn.Module, heads: Mapping[str, Sequence[int]], runs: dict[str, int]
) -> Iterator[None]:
    """Leave heads out inside the ``with`` block: their columns of the last projection are zero.

    That is the same as setting their slices of its input to zero; its bias stays.

    Parameters
    ----------
    network : nn.Module
    heads : mapping of str to sequence of int
        By the attention's path.
    runs : dict of str to int
        Gets how often each attention has run.

    Raises
    ------
    LayerNotFoundError
        If an attention has no such head, or its last projection is not known.
    """
    kept: list[tuple[Tensor, Tensor]] = []
    with ExitStack() as stack:
        try:
            for path, numbers in heads.items():
                attention = find_module(network, path)
                count, projection = n_heads(attention), head_projection(attention)
                wrong = [each for each in numbers if each >= count]
                if wrong or projection is None:
                    raise LayerNotFoundError(
                        f"{path} has heads 0 to {count - 1}, not {wrong[0]}" if count else
                        f"no heads are known of {path!r} ({type(attention).__name__}): it has no "
                        f"count of heads with a last projection that they share"
                    )  # fmt: skip
                weights = projection.weight.data
                kept.append((weights, weights.clone()))
                width = weights.shape[1] // count
                for each in numbers:
                    weights[:, each * width : (each + 1) * width] = 0
                runs[path] = 0
                handle = attention.register_forward_hook(_counted(path, runs))
                stack.callback(handle.remove)
            yield
        finally:
            for weights, before in kept:
                weights.copy_(before)


@contextmanager
def with_outputs(
    network: nn.Module,
    hows: Mapping[str, str],
    means: Mapping[str, Tensor],
    runs: dict[str, int],
) -> Iterator[None]:
    """Replace modules' outputs (of several, the first) inside the ``with`` block.

    Parameters
    ----------
    network : nn.Module
    hows : mapping of str to str
        ``output-zero``, ``mean`` or ``skip``, by the module's path.
    means : mapping of str to Tensor
        Of each module that is set to its mean; see `mean_outputs`.
    runs : dict of str to int
        Gets how often each module has run.

    Raises
    ------
    OptionError
        If a mean is missing.
    LayerNotFoundError
        If there is no such module, or (when it runs) it cannot be skipped.
    """
    with ExitStack() as stack:
        for path, how in hows.items():
            module = find_module(network, path)
            if how == "mean" and path not in means:
                raise OptionError(f"the mean of {path!r} is not known; compute it before")
            runs[path] = 0
            taken: list[Tensor] = []
            if how == "skip":
                # what a module takes may be overwritten before it gives something
                keep = module.register_forward_pre_hook(_keeping(taken), with_kwargs=True)
                stack.callback(keep.remove)
            replace = _replacing(path, how, means.get(path), taken, runs)
            stack.callback(module.register_forward_hook(replace).remove)
        yield


def mean_outputs(
    network: nn.Module, paths: Sequence[str], passes: Sequence[tuple[int, Callable[[], object]]]
) -> dict[str, Tensor]:
    """Average modules' outputs over images, place by place.

    Parameters
    ----------
    network : nn.Module
        Intact.
    paths : sequence of str
    passes : sequence of (int, callable)
        For each batch: how many images it has, and what runs the network on it.

    Returns
    -------
    dict of str to Tensor
        Of each module its mean output, without the images' axis.

    Raises
    ------
    LayerNotFoundError
        If the first axis of an output does not count images, or a module does not run once.
    """
    sums: dict[str, Tensor] = {}
    for n, run in passes:
        seen: dict[str, list[Tensor]] = {path: [] for path in paths}
        with ExitStack() as stack:
            for path in paths:
                keep = _summing(path, n, seen[path])
                handle = find_module(network, path).register_forward_hook(keep)
                stack.callback(handle.remove)
            run()
        for path, found in seen.items():
            if len(found) != 1:
                raise LayerNotFoundError(
                    f"{path!r} runs {len(found)} times in a pass: its mean has no single meaning"
                )
            sums[path] = sums[path] + found[0] if path in sums else found[0]
    total = sum(n for n, _ in passes)
    return {path: (found / total).float() for path, found in sums.items()}


def _summing(path: str, n: int, seen: list[Tensor]) -> Callable[..., None]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        tensor = first_tensor(output)
        if tensor.dim() == 0 or tensor.shape[0] != n:
            raise LayerNotFoundError(
                f"the rows of {path!r} are not images ({tuple(tensor.shape)} for {n} images): it "
                f"has no mean over images"
            )
        seen.append(tensor.double().sum(0))

    return hook


def _keeping(taken: list[Tensor]) -> Callable[..., None]:
    def hook(module: nn.Module, inputs: Any, options: Mapping[str, Any]) -> None:
        tensors = [each for each in (*inputs, *options.values()) if isinstance(each, Tensor)]
        taken[:] = [tensors[0].clone()] if tensors else []

    return hook


def _replacing(
    path: str, how: str, mean: Tensor | None, taken: Sequence[Tensor], runs: dict[str, int]
) -> Callable[..., Any]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> Any:
        runs[path] += 1
        tensor = first_tensor(output)
        if how == "output-zero":
            now = torch.zeros_like(tensor)
        elif how == "mean" and mean is not None:
            now = mean.to(tensor).expand_as(tensor).clone()
        else:
            now = _passed_through(path, taken, tensor)
        return (now, *output[1:]) if isinstance(output, tuple) else now

    return hook


def _passed_through(path: str, taken: Sequence[Tensor], output: Tensor) -> Tensor:
    if not taken or taken[0].shape != output.shape:
        shape = tuple(taken[0].shape) if taken else "no tensor"
        raise LayerNotFoundError(
            f"{path!r} cannot be skipped: it takes {shape} and gives {tuple(output.shape)}"
        )
    return taken[0].to(output.dtype)


def _counted(path: str, runs: dict[str, int]) -> Callable[..., None]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        runs[path] += 1

    return hook
