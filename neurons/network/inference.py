"""How is a network run fast without changing what it says? Precision, folding, one fixed shape."""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.hooks import Peak, peak, watch
from neurons.network.layers import Layer, Layout
from neurons.network.surgery import cut_after, fold_batch_norms, pool_one_query


@dataclass(frozen=True)
class Precision:
    """A named way to run the network.

    Parameters
    ----------
    name : str
    dtype : torch.dtype
        Of the weights and activations.
    compiled : bool
        Whether torch.compile builds one graph for the fixed batch shape.
    """

    name: str
    dtype: torch.dtype
    compiled: bool


# fp32 throughout, TF32 off, open_clip's own resize: within 1e-5 relative of open_clip
exact = Precision("exact", torch.float32, False)
# bf16 keeps 8 bits of mantissa: expect 1e-2 relative
fast = Precision("fast", torch.bfloat16, False)
# the same after torch.compile, for a GPU and long scans: on two CPU cores it was slower
compiled = Precision("compiled", torch.bfloat16, True)

PRECISIONS = {precision.name: precision for precision in (exact, fast, compiled)}


def parse_precision(name: str) -> Precision:
    """Find a precision by name.

    Raises
    ------
    OptionError
        If there is none.
    """
    if name not in PRECISIONS:
        raise OptionError(f"no precision {name!r}; there are: {', '.join(PRECISIONS)}")
    return PRECISIONS[name]


@dataclass(frozen=True)
class LayerReading:
    """What one batch gave for one layer, on the CPU.

    Parameters
    ----------
    peak, mean : ndarray of float32, (batch, units)
    position : ndarray of int32, (batch, units)
    class_token : ndarray of float32, (batch, units), or None
    """

    peak: NDArray[np.float32]
    mean: NDArray[np.float32]
    position: NDArray[np.int32]
    class_token: NDArray[np.float32] | None


@dataclass(frozen=True)
class Reading:
    """What one batch gave: a reading a layer, and the images' embeddings where asked for."""

    layers: dict[str, LayerReading]
    embeddings: NDArray[np.float32] | None


Reader = Callable[[Tensor], Reading]


@contextmanager
def reader(
    clip: Clip,
    layers: Sequence[Layer],
    *,
    precision: Precision = exact,
    embeddings: bool = True,
    lanes: int = 1,
) -> Iterator[Reader]:
    """Make a function that reads layers off a batch; the model itself is left untouched.

    The work is done on a copy of the image tower with BatchNorm folded into the convolutions
    (except those being watched) and channels last. Give every batch the same shape: results then
    do not depend on an image's neighbours, and a compiled graph is built once.

    Parameters
    ----------
    clip : Clip
    layers : sequence of Layer
    precision : Precision
    embeddings : bool
        If False, what runs after the last watched layer is skipped where that is possible.
    lanes : int >= 1
        Threads that may call the function at the same time. Each gets hooks of its own; the
        weights are shared.

    Yields
    ------
    callable
        From uint8 (batch, 3, H, W) to `Reading`.
    """
    paths = [layer.path for layer in layers]
    # a compiled step hands its tensors on as values, so that all threads can share one graph
    n_copies = 1 if precision.compiled else lanes
    free: SimpleQueue[_Step] = SimpleQueue()
    mine = threading.local()
    with ExitStack() as stack:
        for network in _inference_copies(clip, paths, precision, embeddings, n_copies):
            seen: dict[str, dict[str, _Kept]] = {}
            for layer in layers:
                keep = partial(_keep, layout=layer.layout)
                seen[layer.path] = stack.enter_context(watch(network, [layer.path], reduce=keep))
            step = _step(network, seen, precision, clip.device)
            for _ in range(lanes // n_copies):
                free.put(step)
        stack.enter_context(true_fp32(precision))

        @torch.inference_mode()
        def read(batch: Tensor) -> Reading:
            if not hasattr(mine, "step"):
                mine.step = free.get_nowait()
            moved = batch.to(clip.device, non_blocking=True)
            # normalised in fp32 and only then rounded to the working precision
            inputs = clip.preprocess.normalise(moved).to(precision.dtype)
            embedded, kept = mine.step(inputs.contiguous(memory_format=torch.channels_last))
            return Reading(
                {path: _to_numpy(kept[path]) for path in paths},
                embedded.float().cpu().numpy() if embeddings else None,
            )

        yield read


@dataclass(frozen=True)
class _Kept:
    peak: Peak
    class_token: Tensor | None


_Step = Callable[[Tensor], tuple[Tensor, dict[str, _Kept]]]


def _keep(output: Tensor, *, layout: Layout) -> _Kept:
    token = layout.class_token(output)
    return _Kept(peak(layout.maps(output)), None if token is None else token.clone())


def _to_numpy(kept: _Kept) -> LayerReading:
    token = kept.class_token
    return LayerReading(
        peak=kept.peak.value.cpu().numpy(),
        mean=kept.peak.mean.cpu().numpy(),
        position=kept.peak.position.to(torch.int32).cpu().numpy(),
        class_token=None if token is None else token.float().cpu().numpy(),
    )


def inference_copy(
    clip: Clip, watched: Sequence[str], precision: Precision, *, embeddings: bool
) -> nn.Module:
    """Copy the network to be run fast: BatchNorm folded, channels last, in a precision.

    Parameters
    ----------
    clip : Clip
        Left untouched.
    watched : sequence of str
        Module paths whose output must stay what it is.
    precision : Precision
    embeddings : bool
        If False, what runs after the last of ``watched`` is dropped where that is possible.

    Raises
    ------
    OptionError
        If the network is being watched or edited.
    """
    return _inference_copies(clip, watched, precision, embeddings, 1)[0]


def _inference_copies(
    clip: Clip, watched: Sequence[str], precision: Precision, embeddings: bool, n: int
) -> list[nn.Module]:
    if any(m._forward_hooks or m._forward_pre_hooks for m in clip.network.modules()):
        raise OptionError(
            "the network is being watched or edited; the results would not be those of the model "
            "that they name; do this outside the `with` block"
        )
    visual = copy.deepcopy(clip.network.visual)
    assert isinstance(visual, nn.Module)
    below = [path.removeprefix("visual.") for path in watched]
    fold_batch_norms(visual, keep=below)
    pool_one_query(visual)
    if not embeddings:
        cut_after(visual, below)
    visual.to(precision.dtype).to(memory_format=torch.channels_last)
    # modules of their own, for hooks of their own, around the same weights
    weights = {id(tensor): tensor for tensor in (*visual.parameters(), *visual.buffers())}
    towers = [visual, *(copy.deepcopy(visual, dict(weights)) for _ in range(n - 1))]
    return [_with_tower(clip.network, tower) for tower in towers]


def _with_tower(network: nn.Module, visual: nn.Module) -> nn.Module:
    # only the image tower is another one; the shell around it shares everything else
    shell = copy.copy(network)
    shell._modules = dict(network._modules)
    shell.visual = visual
    return shell


def _step(
    network: nn.Module,
    seen: dict[str, dict[str, _Kept]],
    precision: Precision,
    device: torch.device,
) -> _Step:
    def step(inputs: Tensor) -> tuple[Tensor, dict[str, _Kept]]:
        embedded = network.encode_image(inputs)  # type: ignore[operator]
        return embedded, {path: seen[path][path] for path in seen}

    if not precision.compiled:
        return step
    if device.type == "cpu":
        # weights are constants here: packed once for the processor's own layout
        return torch.compile(step, dynamic=False, options={"freezing": True})
    return torch.compile(step, dynamic=False, mode="max-autotune")


@contextmanager
def true_fp32(precision: Precision) -> Iterator[None]:
    """Keep fp32 what it says inside the ``with`` block; other precisions are left alone."""
    # cuDNN's convolutions use TF32 by default, which is 1e-3, not 1e-5
    settings: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    if precision.dtype is torch.float32:
        settings = torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        )
    with settings:
        yield
