"""How is the output of a module replaced while the network runs?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from neurons.interventions.lesions import Lesion

# one head of an attention: its path, and which
HEAD = re.compile(r"^(?P<attention>.+)\.head\.(?P<head>\d+)$")


def mean_outputs(
    network: nn.Module, paths: Sequence[str], passes: Sequence[Callable[[], object]]
) -> dict[str, Tensor]:
    """Average modules' outputs over images, place by place."""
    raise NotImplementedError


def head_of(path: str) -> tuple[str, int] | None:
    """Give the attention and the head of a path, or None of a module's."""
    raise NotImplementedError


@contextmanager
def with_outputs(
    network: nn.Module, lesions: Sequence[Lesion], means: Mapping[str, Tensor], runs: dict[str, int]
) -> Iterator[None]:
    """Replace modules' outputs."""
    raise NotImplementedError
    yield


@contextmanager
def silenced_head(network: nn.Module, path: str, runs: dict[str, int]) -> Iterator[None]:
    """Take one head's slice out of what an attention's last projection takes."""
    raise NotImplementedError
    yield
