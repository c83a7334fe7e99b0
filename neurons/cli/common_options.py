"""Which of the common images of several systems are taken?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import Parameter

if TYPE_CHECKING:
    from neurons import Activations, ArraySystem
    from neurons.activations.run_system import RunSystem


@Parameter(name="*", group="Images")
@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    """How many images, and how they are parted.

    Parameters
    ----------
    n : int
        Images, drawn at random where more are in common.
    seed : int
        Of the draw, of the halves that fit and test, and of the controls.
    """

    n: int = 10_000
    seed: int = 0


def pooled(
    systems: Sequence[Activations | ArraySystem], pooling: str
) -> list[RunSystem | ArraySystem]:
    """Let runs be read by one pooling."""
    from neurons.activations.run import Activations
    from neurons.activations.run_system import RunSystem

    return [RunSystem(each, pooling) if isinstance(each, Activations) else each for each in systems]
