"""What is left when a network is changed step by step: by a growing amount, or module by module?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.interventions.lesion_orders import Left, least_harmful_next, one_after_another
from neurons.interventions.lesion_records import KeptLesions, LesionRecord, mean_of_known
from neurons.interventions.lesions import Lesion
from neurons.stats import Share

NOISE = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
SCALE = (0.1, 0.5, 0.8, 0.9, 0.95, 1.05, 1.1, 1.25, 2.0)
# an order ends where so many steps in a row leave no more than chance
_AT_CHANCE = 2


@dataclass(frozen=True)
class LesionCurve:
    """All modules changed at once, by one amount after another.

    Parameters
    ----------
    what : str
        ``noise`` or ``scale``.
    n_modules : int
    amounts : tuple of float
        From the smallest; of noise 0, and of scale 1, is the intact network.
    records : tuple of LesionRecord
        One per amount.
    """

    what: str
    n_modules: int
    amounts: tuple[float, ...]
    records: tuple[LesionRecord, ...]


@dataclass(frozen=True)
class OrderStep:
    """One more module.

    Parameters
    ----------
    module : str
    choosing, held : Share
        Right answers with this module and all before it changed: of the images that chose, and of
        the others.
    cosine : float
        Mean over the other images, to the intact embedding.
    """

    module: str
    choosing: Share
    held: Share
    cosine: float


@dataclass(frozen=True)
class LesionOrder:
    """Modules changed one after another, none put back.

    Parameters
    ----------
    greedy : bool
        Whether each step took the module that left most; else the order is random.
    steps : tuple of OrderStep
    n_modules : int
        In all.
    stopped : str
        Why it ends before all modules are changed; empty if it does not.
    """

    greedy: bool
    steps: tuple[OrderStep, ...]
    n_modules: int
    stopped: str


def curves(
    kept: KeptLesions,
    paths: Sequence[str],
    *,
    seed: int,
    done: Callable[[], None],
) -> tuple[LesionCurve, ...]:
    """Replace the weights of all modules by noise, and scale them, amount by amount.

    Parameters
    ----------
    kept : KeptLesions
    paths : sequence of str
        Modules with weights.
    seed : int
        Of the noise: the same at every amount.
    done : callable
        Called after each measure.
    """

    def measured(how: str, amount: float) -> LesionRecord:
        found = kept.record([Lesion(path, how, amount, seed) for path in paths])
        done()
        return found

    intact = kept.record()
    noise = [intact, *(measured("noise", amount) for amount in NOISE)]
    below = [measured("shrink", amount) for amount in SCALE if amount < 1]
    above = [measured("enlarge", amount) for amount in SCALE if amount > 1]
    scale = sorted((*SCALE, 1.0))
    return (
        LesionCurve("noise", len(paths), (0.0, *NOISE), tuple(noise)),
        LesionCurve("scale", len(paths), tuple(scale), (*below, intact, *above)),
    )


def random_order(
    kept: KeptLesions,
    order: Sequence[Lesion],
    choosing: NDArray[np.intp],
    *,
    chance: float,
    done: Callable[[], None],
) -> LesionOrder:
    """Change modules in an order, until what is left is chance.

    Parameters
    ----------
    kept : KeptLesions
    order : sequence of Lesion
    choosing : ndarray of int
        Images that greedy orders choose with: here they choose nothing.
    chance : float
        Accuracy that means nothing.
    done : callable
        Called after each measure.
    """
    measure = _Measure(kept, choosing, done)
    steps: list[OrderStep] = []
    for step in one_after_another(order, measure):
        steps.append(measure.step([*(each.module for each in steps), step.added.module], order))
        if _over(steps, chance):
            break
    return LesionOrder(False, tuple(steps), len(order), _why(steps, chance, len(order)))


def greedy_order(
    kept: KeptLesions,
    lesions: Sequence[Lesion],
    choosing: NDArray[np.intp],
    *,
    chance: float,
    most: int,
    done: Callable[[], None],
) -> LesionOrder:
    """Change the module next that leaves most, as one half of the images says.

    Parameters
    ----------
    kept, lesions, choosing, chance, done
        As `random_order` takes them; the images that choose are not those that are reported.
    most : int >= 1
        Steps.
    """
    measure = _Measure(kept, choosing, done)
    steps: list[OrderStep] = []
    for step in least_harmful_next(lesions, measure, most=most):
        steps.append(measure.step([*(each.module for each in steps), step.added.module], lesions))
        if _over(steps, chance):
            break
    found = _why(steps, chance, len(lesions))
    if not found and len(steps) < len(lesions):
        found = f"after the {len(steps):,} steps that were asked for"
    return LesionOrder(True, tuple(steps), len(lesions), found)


class _Measure:
    """Tell what sets of lesions leave of the images that choose; the others are looked at later."""

    def __init__(
        self, kept: KeptLesions, choosing: NDArray[np.intp], done: Callable[[], None]
    ) -> None:
        self._kept, self._choosing, self._done = kept, choosing, done

    def __call__(self, several: Sequence[tuple[Lesion, ...]]) -> Iterable[Left]:
        for lesions in several:
            found = self._kept.record(lesions)
            self._done()
            cosines = np.array(found.cosines)[self._choosing]
            accuracy = found.accuracy_of(self._choosing).value
            yield accuracy, float(np.nan_to_num(mean_of_known(cosines.tolist()), nan=-1.0))

    def step(self, modules: Sequence[str], lesions: Sequence[Lesion]) -> OrderStep:
        found = self._kept.record([each for each in lesions if each.module in set(modules)])
        held = np.setdiff1d(np.arange(len(found.answers)), self._choosing)
        return OrderStep(
            modules[-1],
            found.accuracy_of(self._choosing),
            found.accuracy_of(held),
            mean_of_known(np.array(found.cosines)[held].tolist()),
        )


def _over(steps: Sequence[OrderStep], chance: float) -> bool:
    last = steps[-_AT_CHANCE:]
    return len(last) == _AT_CHANCE and all(at_chance(each.choosing, chance) for each in last)


def _why(steps: Sequence[OrderStep], chance: float, n: int) -> str:
    over = len(steps) < n and bool(steps) and _over(steps, chance)
    return f"after {_AT_CHANCE} steps in a row at chance" if over else ""


def turns_of(classes: Sequence[int]) -> NDArray[np.intp]:
    """Count, for each image, those of its class before it."""
    seen: dict[int, int] = {}
    turns = []
    for each in classes:
        turns.append(seen.get(each, 0))
        seen[each] = turns[-1] + 1
    return np.array(turns, np.intp)


def choosing_half(truth: Sequence[int]) -> NDArray[np.intp]:
    """Give the half of each class's images that choose an order; the others are reported."""
    # of odd numbers one class's larger half chooses, the next one's is reported
    return np.flatnonzero((turns_of(truth) + np.asarray(truth)) % 2 == 0)


def at_chance(accuracy: Share, chance: float) -> bool:
    """Tell whether an accuracy's interval reaches down to chance."""
    return accuracy.interval.low <= chance
