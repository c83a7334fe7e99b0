"""How are a module's own weights changed, and put back to the bit?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from neurons.interventions.lesions import Lesion


@contextmanager
def with_weights(network: nn.Module, lesions: Sequence[Lesion]) -> Iterator[None]:
    """Change modules' own weights."""
    raise NotImplementedError
    yield
