"""Which strengths are tried, from the one at which no unit is used, and which one is chosen?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.errors import OptionError
from neurons.sparse.newton import Solution, minimise
from neurons.sparse.problem import Penalty, Problem


@dataclass(frozen=True)
class Strengths:
    """Which strengths a path visits: evenly spaced on a logarithmic scale.

    Parameters
    ----------
    count : int >= 2
    span : float in (0, 1)
        The last one, in shares of the first: the smallest at which no unit is used.
    """

    count: int = 20
    span: float = 0.02

    def __post_init__(self) -> None:
        if self.count < 2 or not 0 < self.span < 1:
            raise OptionError(
                f"a path takes 2 strengths or more (asked: {self.count}) over a span between 0 "
                f"and 1 (asked: {self.span})"
            )

    def of(self, problem: Problem, l1_ratio: float) -> tuple[float, ...]:
        """Give the strengths, the largest first; l1 is ``l1_ratio`` times the strength."""
        first = first_strength(problem, l1_ratio)
        return tuple(float(s) for s in first * np.geomspace(1, self.span, self.count))


def first_strength(problem: Problem, l1_ratio: float) -> float:
    """Give the smallest strength at which no unit is used.

    Raises
    ------
    OptionError
        If ``l1_ratio`` is not above 0 and at most 1.
    """
    _check_ratio(l1_ratio)
    return max(problem.strongest() / l1_ratio, 1e-12)


def penalty_of(strength: float, l1_ratio: float) -> Penalty:
    """Split a strength as scikit-learn does: l1 = ratio x strength, l2 = the rest.

    Raises
    ------
    OptionError
        If the strength is not above 0, or the ratio not above 0 and at most 1.
    """
    _check_ratio(l1_ratio)
    if not strength > 0:
        raise OptionError(f"a strength is above 0, not {strength}")
    return Penalty(strength * l1_ratio, strength * (1 - l1_ratio))


def follow(
    problem: Problem,
    strengths: Sequence[float],
    *,
    l1_ratio: float = 1.0,
    tolerance: float = 1e-3,
    most_passes: int = 200,
    stored: Callable[[int], tuple[Tensor, Tensor] | None] = lambda i: None,
) -> Iterator[tuple[int, Solution]]:
    """Minimise at each strength, each begun where the one before ended.

    Parameters
    ----------
    problem : Problem
    strengths : sequence of float
        Descending.
    l1_ratio : float in (0, 1]
        As `penalty_of` takes it.
    tolerance, most_passes
        As `minimise` takes them.
    stored : callable
        Gives the weights and intercepts of a strength that was done before, bit for bit, or None:
        such a strength is passed over, and the next ends in the same bits as in one go.

    Yields
    ------
    int, Solution
        Of the strengths that were not stored.
    """
    at = problem.start()
    for i, strength in enumerate(strengths):
        known = stored(i)
        if known is not None:
            device = problem.features.device
            at = known[0].to(device), known[1].to(device)
            continue
        solution = minimise(
            problem,
            penalty_of(strength, l1_ratio),
            at,
            tolerance=tolerance,
            most_passes=most_passes,
        )
        at = solution.weights, solution.intercepts
        yield i, solution


@dataclass(frozen=True)
class PathStep:
    """One strength of a path, and how it does on images that were held out to choose by.

    Parameters
    ----------
    strength : float
    gap : float
        Duality gap, in shares of the objective, in float64.
    converged : bool
        Whether the gap is as small as was asked.
    passes : int
        Over the images.
    units_per_class : float
        Mean number of units that have a weight for a class.
    n_units : int
        Units that have a weight for any class.
    loss, loss_error : float
        Held out: mean logarithmic loss, in nats, and its standard error over images.
    accuracy : float in [0, 1]
        Held out, top-1.
    """

    strength: float
    gap: float
    converged: bool
    passes: int
    units_per_class: float
    n_units: int
    loss: float
    loss_error: float
    accuracy: float


Choose = Callable[[Sequence[PathStep]], int]


def best(steps: Sequence[PathStep]) -> int:
    """Choose the strength with the smallest held-out loss.

    Raises
    ------
    OptionError
        If a held-out loss is not a finite number.
    """
    losses = [step.loss for step in steps]
    if not np.isfinite(losses).all():
        raise OptionError(
            f"the held-out loss of {int((~np.isfinite(losses)).sum())} of {len(steps)} strengths "
            f"is not a finite number: no strength can be chosen by it"
        )
    return int(np.argmin(losses))


def one_standard_error(steps: Sequence[PathStep]) -> int:
    """Choose the sparsest whose held-out loss is within a standard error of the best's.

    References
    ----------
    Breiman et al., "Classification and regression trees", 1984.
    """
    lowest = steps[best(steps)]
    return next(i for i, step in enumerate(steps) if step.loss <= lowest.loss + lowest.loss_error)


@dataclass(frozen=True)
class UnitsPerClass:
    """Choose the strength whose mean number of units per class is nearest to the one wanted."""

    wanted: float = 3.0

    def __call__(self, steps: Sequence[PathStep]) -> int:
        """Choose, the sparser of two that are equally near."""
        return int(np.argmin([abs(step.units_per_class - self.wanted) for step in steps]))


def judge(
    strength: float,
    solution: Solution,
    logits: NDArray[np.float64],
    labels: NDArray[np.integer],
    weights: NDArray[np.floating] | None = None,
) -> PathStep:
    """Measure a solution on held-out images.

    Parameters
    ----------
    strength : float
    solution : Solution
    logits : ndarray, (images, classes)
    labels : ndarray of int, (images,)
    weights : ndarray of float, (images,), optional
        How much each image counts, not all 0; default: equally.
    """
    rows = torch.from_numpy(logits)
    losses = torch.nn.functional.cross_entropy(
        rows, torch.from_numpy(np.asarray(labels, np.int64)), reduction="none"
    ).numpy()
    used = solution.weights != 0
    share = np.ones(len(losses)) if weights is None else np.asarray(weights, np.float64)
    share = share / share.sum()
    mean, n = float(share @ losses), len(losses)
    # of equal weights the standard deviation over the square root of their number
    error = float(np.sqrt((share**2) @ (losses - mean) ** 2 * n / max(n - 1, 1)))
    return PathStep(
        strength,
        solution.relative_gap,
        solution.converged,
        solution.passes,
        float(used.sum(0).double().mean()),
        int(used.any(1).sum()),
        mean,
        error,
        float(share @ (logits.argmax(1) == labels)),
    )


def _check_ratio(l1_ratio: float) -> None:
    if not 0 < l1_ratio <= 1:
        raise OptionError(f"l1_ratio is above 0 and at most 1, not {l1_ratio}: 0 is not sparse")
