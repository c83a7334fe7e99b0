"""What do BatchNorm's statistics become on other images, or under lesions?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from torch import nn


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
        is normalised by its own statistics meanwhile, and counts by its images.

    Yields
    ------
    int
        How many norms were estimated anew.

    Raises
    ------
    OptionError
        If the network has no BatchNorm that keeps statistics.
    """
    raise NotImplementedError
    yield
