"""What do BatchNorm's statistics become on other images, or under lesions?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from neurons.errors import OptionError


def norms_with_statistics(network: nn.Module) -> dict[str, _BatchNorm]:
    """Give the BatchNorms that keep a running mean and variance, by path."""
    return {
        path: module
        for path, module in network.named_modules()
        if isinstance(module, _BatchNorm) and module.running_mean is not None
    }


@contextmanager
def recalibrated(
    network: nn.Module, passes: Sequence[tuple[int, Callable[[], object]]]
) -> Iterator[int]:
    """Estimate BatchNorm's statistics anew inside the ``with`` block; undone to the bit.

    Parameters
    ----------
    network : nn.Module
        Lesioned already, if it is to be.
    passes : sequence of (int, callable)
        For each batch of images: how many they are, and what runs the network on them. Each batch
        is normalised by its own statistics meanwhile, and counts by its images. A norm that does
        not run keeps its own.

    Yields
    ------
    int
        How many norms there are.

    Raises
    ------
    OptionError
        If the network has no BatchNorm that keeps statistics.
    """
    with kept_statistics(network) as norms:
        estimate(list(norms.values()), passes)
        yield len(norms)


@contextmanager
def kept_statistics(network: nn.Module) -> Iterator[dict[str, _BatchNorm]]:
    """Put BatchNorm's statistics and settings back at the end of the ``with`` block.

    Raises
    ------
    OptionError
        If the network has no BatchNorm that keeps statistics.
    """
    norms = norms_with_statistics(network)
    if not norms:
        raise OptionError(
            "there are no statistics to estimate anew: the network has no BatchNorm that keeps any"
        )
    kept = [(buffer, buffer.clone()) for norm in norms.values() for buffer in norm.buffers()]
    settings = [(norm, norm.momentum, norm.training) for norm in norms.values()]
    try:
        yield norms
    finally:
        for buffer, before in kept:
            buffer.copy_(before)
        for norm, momentum, training in settings:
            norm.momentum = momentum
            norm.training = training


def estimate(
    norms: Sequence[_BatchNorm], passes: Sequence[tuple[int, Callable[[], object]]]
) -> None:
    """Replace the statistics of norms by means over batches, and leave the norms in eval mode.

    Parameters
    ----------
    norms : sequence of BatchNorm
    passes : sequence of (int, callable)
        As `recalibrated` takes them.
    """
    seen = 0
    for norm in norms:
        norm.train()
    for n, run in passes:
        seen += n
        for norm in norms:
            # the first batch replaces what was there; then the mean over all images so far
            norm.momentum = n / seen
        run()
    for norm in norms:
        norm.eval()


def statistics(norms: Sequence[_BatchNorm]) -> list[tuple[Tensor, Tensor]]:
    """Copy the running means and variances."""
    found = []
    for norm in norms:
        assert norm.running_mean is not None and norm.running_var is not None
        found.append((norm.running_mean.clone(), norm.running_var.clone()))
    return found
