"""Which copy of a network is fast and gives the same numbers? Precisions and folding."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.dictionary_layer import DictionaryLayer
from neurons.network.surgery import below_visual, cut_after, fold_batch_norms, pool_one_query


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


def has_bf16(device: torch.device) -> bool:
    """Tell whether a device computes in bf16 by itself; a processor that does not is slower in it.

    Parameters
    ----------
    device : torch.device
        A GPU is taken to have it.
    """
    if device.type != "cpu":
        return True
    known = torch.cpu.get_capabilities()
    return any(bool(has) for name, has in known.items() if name.endswith("bf16"))


def told_slow(precision: Precision, device: torch.device) -> str:
    """Say that a precision is slower than exact on a device; empty if it is not."""
    if precision.dtype != torch.bfloat16 or has_bf16(device):
        return ""
    return (
        f"this processor has no bf16 instructions: {precision.name} is several times slower than "
        f"exact here"
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
    return inference_copies(clip, watched, precision, embeddings=embeddings, n=1)[0]


def inference_copies(
    clip: Clip, watched: Sequence[str], precision: Precision, *, embeddings: bool, n: int
) -> list[nn.Module]:
    """Make several copies as `inference_copy` does, for as many threads; they share the weights.

    Raises
    ------
    OptionError
        If the network is being watched or edited.
    """
    if any(m._forward_hooks or m._forward_pre_hooks for m in clip.network.modules()):
        raise OptionError(
            "the network is being watched or edited; the results would not be those of the model "
            "that they name; do this outside the `with` block"
        )
    visual = copy.deepcopy(clip.network.visual)
    assert isinstance(visual, nn.Module)
    below = [below_visual(path) for path in watched]
    fold_batch_norms(visual, keep=[*below, *_read_by_dictionaries(visual, below)])
    pool_one_query(visual)
    if not embeddings:
        cut_after(visual, below)
    visual.to(precision.dtype).to(memory_format=torch.channels_last)
    # modules of their own, for hooks of their own, around the same weights
    weights = {id(tensor): tensor for tensor in (*visual.parameters(), *visual.buffers())}
    towers = [visual, *(copy.deepcopy(visual, dict(weights)) for _ in range(n - 1))]
    return [_with_tower(clip.network, tower) for tower in towers]


def _read_by_dictionaries(visual: nn.Module, paths: Sequence[str]) -> list[str]:
    return [
        path.rpartition(".")[0]
        for path in paths
        if isinstance(visual.get_submodule(path), DictionaryLayer)
    ]


def _with_tower(network: nn.Module, visual: nn.Module) -> nn.Module:
    # only the image tower is another one; the shell around it shares everything else
    shell = copy.copy(network)
    shell._modules = dict(network._modules)
    shell.visual = visual
    return shell


@contextmanager
def true_fp32(precision: Precision) -> Iterator[None]:
    """Run fp32 in fp32, not in TF32, inside the ``with`` block; leave other precisions alone."""
    # cuDNN's convolutions use TF32 by default, which is 1e-3, not 1e-5
    settings: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    if precision.dtype is torch.float32:
        settings = torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        )
    with settings:
        yield
