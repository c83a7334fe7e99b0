"""How is a network run fast without changing what it says? Precision, folding, one fixed shape."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurons.decoding import Pixels
from neurons.errors import OptionError
from neurons.hooks import Peak, peak, watch
from neurons.layers import Layer, Layout
from neurons.model import Clip, cut_after, fold_batch_norms
from neurons.preprocess import Preprocess


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
    resize : callable
        Decoded pixels to uint8 (3, H, W).
    """

    name: str
    dtype: torch.dtype
    compiled: bool
    resize: Callable[[Preprocess, Pixels], Tensor]


# fp32 throughout, TF32 off, open_clip's own resize: within 1e-5 relative of open_clip
exact = Precision("exact", torch.float32, False, Preprocess.exact)
# bf16 keeps 8 bits of mantissa: expect 1e-2 relative
fast = Precision("fast", torch.bfloat16, False, Preprocess.fast)
# the same after torch.compile: a minute to start, worth it on a GPU and long scans
compiled = Precision("compiled", torch.bfloat16, True, Preprocess.fast)

PRECISIONS = {precision.name: precision for precision in (exact, fast, compiled)}


def find_precision(name: str) -> Precision:
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
    position : ndarray of uint16, (batch, units)
    class_token : ndarray of float32, (batch, units), or None
    """

    peak: NDArray[np.float32]
    mean: NDArray[np.float32]
    position: NDArray[np.uint16]
    class_token: NDArray[np.float32] | None


@dataclass(frozen=True)
class Reading:
    """What one batch gave: a reading a layer, and the images' embeddings where asked for."""

    layers: dict[str, LayerReading]
    embeddings: NDArray[np.float32] | None


Reader = Callable[[Tensor], Reading]


@contextmanager
def reader(
    clip: Clip, layers: Sequence[Layer], *, precision: Precision = exact, embeddings: bool = True
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

    Yields
    ------
    callable
        From uint8 (batch, 3, H, W) to `Reading`.
    """
    network = _inference_copy(clip, [layer.path for layer in layers], precision, embeddings)
    with ExitStack() as stack:
        seen: dict[str, dict[str, _Kept]] = {}
        for layer in layers:
            keep = partial(_keep, layout=layer.layout)
            seen[layer.path] = stack.enter_context(watch(network, [layer.path], reduce=keep))
        embed = _embedding_function(network, precision)
        stack.enter_context(_true_fp32(precision))
        paths = [layer.path for layer in layers]

        @torch.inference_mode()
        def read(batch: Tensor) -> Reading:
            moved = batch.to(clip.device, non_blocking=True)
            # normalised in fp32 and only then rounded to the working precision
            inputs = clip.preprocess.normalise(moved).to(precision.dtype)
            embedded = embed(inputs.contiguous(memory_format=torch.channels_last))
            return Reading(
                {path: _to_numpy(seen[path][path]) for path in paths},
                embedded.float().cpu().numpy() if embeddings else None,
            )

        yield read


@dataclass(frozen=True)
class _Kept:
    peak: Peak
    class_token: Tensor | None


def _keep(output: Tensor, *, layout: Layout) -> _Kept:
    token = layout.class_token(output)
    return _Kept(peak(layout.maps(output)), None if token is None else token.clone())


def _to_numpy(kept: _Kept) -> LayerReading:
    token = kept.class_token
    return LayerReading(
        peak=kept.peak.value.cpu().numpy(),
        mean=kept.peak.mean.cpu().numpy(),
        position=kept.peak.position.cpu().numpy().astype(np.uint16),
        class_token=None if token is None else token.float().cpu().numpy(),
    )


def _inference_copy(
    clip: Clip, watched: Sequence[str], precision: Precision, embeddings: bool
) -> nn.Module:
    # only the image tower is copied; the shell around it shares everything else
    network = copy.copy(clip.network)
    network._modules = dict(clip.network._modules)
    visual = copy.deepcopy(clip.network.visual)
    assert isinstance(visual, nn.Module)
    network.visual = visual
    below = [path.removeprefix("visual.") for path in watched]
    fold_batch_norms(visual, keep=below)
    if not embeddings:
        cut_after(visual, below)
    visual.to(precision.dtype).to(memory_format=torch.channels_last)
    return network


def _embedding_function(network: nn.Module, precision: Precision) -> Callable[[Tensor], Tensor]:
    embed: Callable[[Tensor], Tensor] = network.encode_image  # type: ignore[assignment]
    if precision.compiled:
        return torch.compile(embed, dynamic=False)
    return embed


@contextmanager
def _true_fp32(precision: Precision) -> Iterator[None]:
    # cuDNN's convolutions use TF32 by default, which is 1e-3, not 1e-5
    settings: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    if precision.dtype is torch.float32:
        settings = torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        )
    with settings:
        yield
