"""How many modules can go, one after another: in random orders, and the least harmful first?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from neurons.interventions.lesions import Lesion

# what is left under some lesions, larger is better: accuracy first, then the mean cosine
Left = tuple[float, float]
# of each of several sets of lesions
Measure = Callable[[Sequence[tuple[Lesion, ...]]], Iterable[Left]]


@dataclass(frozen=True)
class Step:
    """One more lesion.

    Parameters
    ----------
    added : Lesion
    left : tuple of float
        Accuracy and mean cosine with this one and all before it.
    candidates : tuple of (Lesion, (float, float))
        Of a greedy step: what each of the lesions that remained would have left, the chosen one
        too; empty of a random order.
    """

    added: Lesion
    left: Left
    candidates: tuple[tuple[Lesion, Left], ...] = ()


@dataclass(frozen=True)
class Needed:
    """A lesion that harms only once another was made: the two stand in for each other.

    Parameters
    ----------
    lesion, after : Lesion
    before_left, after_left : float
        Accuracy with all lesions up to, and including, ``after``, and this one besides.
    """

    lesion: Lesion
    after: Lesion
    before_left: float
    after_left: float


def random_orders(
    lesions: Sequence[Lesion], *, n_orders: int = 10, seed: int = 0
) -> tuple[tuple[Lesion, ...], ...]:
    """Draw orders in which lesions are made one after another."""
    raise NotImplementedError


def one_after_another(order: Sequence[Lesion], measure: Measure) -> Iterator[Step]:
    """Make lesions in an order, none undone before the last."""
    raise NotImplementedError


def least_harmful_next(
    lesions: Sequence[Lesion],
    measure: Measure,
    *,
    most: int | None = None,
    start: Sequence[Lesion] = (),
) -> Iterator[Step]:
    """Always make the lesion that leaves most; of equal ones the first in the order given.

    Parameters
    ----------
    lesions : sequence of Lesion
    measure : callable
    most : int, optional
        Steps; default: all. All of n lesions take n (n + 1) / 2 measures.
    start : sequence of Lesion
        Made before the first step, when an interrupted search goes on.
    """
    raise NotImplementedError


def needed_after(steps: Sequence[Step], *, harm: float = 0.05) -> tuple[Needed, ...]:
    """Find the lesions that cost ``harm`` of accuracy more once the step's own was made."""
    raise NotImplementedError
