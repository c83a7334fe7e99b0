"""How many modules can go, one after another: in random orders, and the least harmful first?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from neurons.errors import OptionError
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
        Accuracy with this lesion and all made before ``after``, and with ``after`` too.
    """

    lesion: Lesion
    after: Lesion
    before_left: float
    after_left: float


def random_orders(
    lesions: Sequence[Lesion], *, n_orders: int = 10, seed: int = 0
) -> tuple[tuple[Lesion, ...], ...]:
    """Draw orders in which lesions are made one after another.

    Parameters
    ----------
    lesions : sequence of Lesion
    n_orders : int >= 1
    seed : int
        The first orders of a seed are the same however many are drawn.

    Raises
    ------
    OptionError
        If there are no lesions or no orders.
    """
    if n_orders < 1 or not lesions:
        raise OptionError(f"{n_orders} orders of {len(lesions)} lesions; give one or more of each")
    random = np.random.default_rng(seed)
    drawn = (random.permutation(len(lesions)) for _ in range(n_orders))
    return tuple(tuple(lesions[place] for place in order) for order in drawn)


def one_after_another(order: Sequence[Lesion], measure: Measure) -> Iterator[Step]:
    """Make lesions in an order, none of them undone.

    Parameters
    ----------
    order : sequence of Lesion
    measure : callable
        Gives what each set of lesions leaves, in order.
    """
    sets = [tuple(order[: n + 1]) for n in range(len(order))]
    for lesion, left in zip(order, measure(sets), strict=True):
        yield Step(lesion, left)


def least_harmful_next(
    lesions: Sequence[Lesion],
    measure: Measure,
    *,
    most: int | None = None,
    start: Sequence[Lesion] = (),
) -> Iterator[Step]:
    """Make the lesion that leaves most, and then the next, always with all before it.

    Parameters
    ----------
    lesions : sequence of Lesion
        Of equally good ones, the first in this order is made.
    measure : callable
        Gives what each set of lesions leaves, in order. It chooses: what is reported of the result
        should be measured on other images.
    most : int, optional
        Steps; default: all. All of n lesions take n (n + 1) / 2 measures.
    start : sequence of Lesion
        Of these lesions: made before the first step, when an interrupted search goes on.

    Raises
    ------
    OptionError
        If something of ``start`` is no lesion of these.
    """
    strange = [each.label for each in start if each not in lesions]
    if strange:
        raise OptionError(f"not among the lesions of this search: {', '.join(strange)}")
    made = tuple(start)
    remaining = [each for each in lesions if each not in made]
    for _ in range(len(remaining) if most is None else min(most, len(remaining))):
        left = list(measure([(*made, each) for each in remaining]))
        best = max(range(len(left)), key=lambda place: _comparable(left[place]))
        candidates = tuple(zip(remaining, left, strict=True))
        added = remaining.pop(best)
        made = (*made, added)
        yield Step(added, left[best], candidates)


def needed_after(steps: Sequence[Step], *, harm: float = 0.05) -> tuple[Needed, ...]:
    """Find lesions that cost more accuracy once another one was made.

    Parameters
    ----------
    steps : sequence of Step
        Of `least_harmful_next`, in order.
    harm : float in (0, 1]
        How much more of accuracy must be lost.

    Returns
    -------
    tuple of Needed
        The largest difference first. One step may make several lesions harmful.
    """
    found = []
    for earlier, later in itertools.pairwise(steps):
        known = dict(earlier.candidates)
        for lesion, left in later.candidates:
            alone, besides = known[lesion][0], left[0]
            if (earlier.left[0] - besides) - max(0.0, earlier.left[0] - alone) >= harm:
                found.append(Needed(lesion, earlier.added, alone, besides))
    return tuple(sorted(found, key=lambda each: each.after_left - each.before_left))


def _comparable(left: Left) -> Left:
    # nothing compares with nan: a network without embeddings leaves least
    accuracy, cosine = (-math.inf if math.isnan(value) else value for value in left)
    return accuracy, cosine
