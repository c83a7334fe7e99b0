"""Which sparse weights minimise the penalised loss?

A proximal Newton method. A step minimises the penalised quadratic model made of each class's own
block of the Hessian, over the units that have a weight or would get one, by coordinate descent on
all classes at once. Blocks leave out how classes pull on each other, so plain steps creep along
the directions in which they do; Anderson's acceleration (Bertrand and Massias 2021, there of
coordinate descent) ends that. One Gram matrix in place of the blocks would need no products of its
own, but it stands for the average image, and a class's curvature lies in the few that are in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neurons.sparse.problem import Evaluation, Penalty, Problem

_MEMORY = 8
_SWEEPS = 50
_SHORTEST_STEP = 1e-3
_STALLED = 20


@dataclass(frozen=True)
class Solution:
    """Weights, and how far from the minimum they can be.

    Parameters
    ----------
    weights : Tensor, (units, classes)
        Of standardised units.
    intercepts : Tensor, (classes,)
    penalty : Penalty
    objective : float
    gap : float
        Objective minus a lower bound of the minimum, both computed in float64 from these weights.
    converged : bool
        Whether the gap is as small as was asked.
    passes : int
        Over the images, two products each.
    """

    weights: Tensor
    intercepts: Tensor
    penalty: Penalty
    objective: float
    gap: float
    converged: bool
    passes: int

    @property
    def relative_gap(self) -> float:
        """The gap, in shares of the objective."""
        return self.gap / max(self.objective, 1e-300)


def minimise(
    problem: Problem,
    penalty: Penalty,
    start: tuple[Tensor, Tensor],
    *,
    tolerance: float = 1e-3,
    most_passes: int = 200,
) -> Solution:
    """Minimise the loss and its penalty.

    Parameters
    ----------
    problem : Problem
    penalty : Penalty
        With l1 > 0.
    start : tuple of Tensor
        Weights and intercepts to begin at.
    tolerance : float
        Of the duality gap, in shares of the objective.
    most_passes : int

    Returns
    -------
    Solution
        The best that was found, also if it has not converged: it says so.

    References
    ----------
    Lee, Sun, Saunders, "Proximal Newton-type methods", 2014; Friedman, Hastie, Tibshirani 2010
    (glmnet's partial Newton steps); Bertrand and Massias, "Anderson acceleration of coordinate
    descent", 2021; gaps: Massias, Gramfort, Salmon 2018.
    """
    climb = _Descent(problem, penalty, *start)
    wanted = tolerance
    while climb.passes < most_passes:
        if climb.relative_gap(wanted) <= wanted:
            objective, bound = problem.certify(climb.weights, climb.intercepts, penalty)
            if objective - bound <= tolerance * objective:
                return climb.solution(objective, objective - bound, True)
            # single precision saw a smaller gap than there is
            wanted /= 2
        if not climb.step() or climb.stalled:
            break
    objective, bound = problem.certify(climb.weights, climb.intercepts, penalty)
    gap = objective - bound
    return climb.solution(objective, gap, gap <= tolerance * objective)


class _Descent:
    """Where a minimisation is."""

    def __init__(
        self, problem: Problem, penalty: Penalty, weights: Tensor, intercepts: Tensor
    ) -> None:
        self.problem, self.penalty = problem, penalty
        self.weights, self.intercepts = weights, intercepts
        self.point = problem.at(weights, intercepts)
        self.objective = problem.objective(self.point, weights, penalty)
        self.passes = 1
        self._bound = -float("inf")
        self._history: list[tuple[Tensor, Tensor]] = []
        self._blocks: tuple[Tensor, Tensor, Tensor] | None = None
        self._smallest_gap, self._since = float("inf"), 0
        # what rounding can do to the objective
        self._noise = 2 * torch.finfo(weights.dtype).eps * max(self.objective, 1.0)

    def relative_gap(self, wanted: float) -> float:
        """Give an upper bound of the gap; close to what is wanted, a sharp one."""
        quick, hoped = self.problem.quick_bound(self.point, self.penalty)
        self._bound = max(self._bound, quick)
        near = self.objective - hoped <= wanted * self.objective
        if near and self.objective - self._bound > wanted * self.objective:
            self._bound = max(self._bound, self.problem.bound(self.point, self.penalty))
        gap = (self.objective - self._bound) / max(self.objective, 1e-300)
        # the objective stands still long before the gap does
        self._since = 0 if gap < 0.95 * self._smallest_gap else self._since + 1
        self._smallest_gap = min(gap, self._smallest_gap)
        return gap

    @property
    def stalled(self) -> bool:
        """Whether the gap has not shrunk for many steps: rounding allows no better."""
        return self._since >= _STALLED

    def step(self) -> bool:
        """Take one step; False if none leads down any more."""
        weights, intercepts, scales = self._newton_step()
        jump = self._extrapolated(weights, intercepts, scales)
        if jump is not None and self._try(*jump):
            return True
        return self._line_search(weights - self.weights, intercepts - self.intercepts)

    def solution(self, objective: float, gap: float, converged: bool) -> Solution:
        return Solution(
            self.weights,
            self.intercepts,
            self.penalty,
            objective,
            gap,
            converged,
            self.passes,
        )

    def _newton_step(self) -> tuple[Tensor, Tensor, Tensor]:
        gradient = self.point.gradient + self.penalty.l2 * self.weights
        chosen = (self.weights != 0) | (gradient.abs() > self.penalty.l1)
        units, real, blocks = self.problem.curvatures(self.point, chosen)
        shift = (self.point.shares - self.problem.prior).to(self.weights.dtype)
        moved, shifted = _coordinate_descent(
            self.weights.T.gather(1, units) * real,
            self.point.gradient.T.gather(1, units) * real,
            shift,
            blocks,
            real,
            self.penalty,
        )
        change = torch.zeros_like(self.weights.T).scatter_add_(1, units, moved * real)
        most = units.shape[1]
        diagonal = blocks.diagonal(dim1=1, dim2=2)[:, :most] * real
        scales = torch.zeros_like(self.weights.T).scatter_add_(1, units, diagonal)
        return self.weights + change.T, self.intercepts + shifted, scales.T.sqrt()

    def _extrapolated(
        self, weights: Tensor, intercepts: Tensor, scales: Tensor
    ) -> tuple[Tensor, Tensor] | None:
        """Combine recent steps so that their residuals nearly cancel."""
        target = torch.cat([weights, intercepts[None]])
        residual = torch.cat([weights - self.weights, (intercepts - self.intercepts)[None]])
        self._history = [*self._history[1 - _MEMORY :], (target, residual)]
        if len(self._history) < 2:
            return None
        weigh = torch.cat([scales, self.problem.prior.to(scales.dtype).sqrt()[None]])
        rows = torch.stack([(kept * weigh).flatten() for _, kept in self._history]).double()
        products = rows @ rows.T
        n, size = len(rows), float(products.trace())
        if not 0 < size < float("inf"):
            return None
        products += 1e-10 * size * torch.eye(n, dtype=rows.dtype, device=rows.device)
        shares = torch.linalg.solve(products, torch.ones_like(products[0]))
        shares = (shares / shares.sum()).to(weights.dtype).tolist()
        mixed = torch.zeros_like(target)
        for share, (kept, _) in zip(shares, self._history, strict=True):
            mixed += share * kept
        return torch.where(weights == 0, 0.0, mixed[:-1]), mixed[-1]

    def _try(self, weights: Tensor, intercepts: Tensor) -> bool:
        point = self.problem.at(weights, intercepts)
        self.passes += 1
        objective = self.problem.objective(point, weights, self.penalty)
        if not objective <= self.objective + self._noise:
            # keep only where the plain step leads
            self._history = self._history[-1:]
            return False
        self._move(weights, intercepts, point, objective)
        return True

    def _line_search(self, change: Tensor, shift: Tensor) -> bool:
        problem, penalty = self.problem, self.penalty
        moves = problem.moves(change, shift)
        expected = float((self.point.gradient * change).double().sum())
        expected += float((self.point.shares - problem.prior) @ shift.double())
        before = penalty.of(self.weights)
        step = 1.0
        while step > _SHORTEST_STEP:
            weights = self.weights + step * change
            after = penalty.of(weights)
            allowed = self.objective + 0.05 * (step * expected + after - before) + self._noise
            if step == 1.0:
                point = problem.along(self.point, moves, step)
                loss = point.loss
                self.passes += 1
            else:
                loss = problem.loss_along(self.point, moves, step)
            if loss + after <= allowed:
                if step < 1.0:
                    point = problem.along(self.point, moves, step)
                    self.passes += 1
                    self._history = []
                self._move(weights, self.intercepts + step * shift, point, loss + after)
                return True
            step /= 2
        return False

    def _move(
        self, weights: Tensor, intercepts: Tensor, point: Evaluation, objective: float
    ) -> None:
        self.weights, self.intercepts = weights, intercepts - intercepts.mean()
        self.point, self.objective = point, objective


def _coordinate_descent(
    weights: Tensor,
    gradient: Tensor,
    shift: Tensor,
    blocks: Tensor,
    real: Tensor,
    penalty: Penalty,
) -> tuple[Tensor, Tensor]:
    """Minimise each class's penalised quadratic model, one unit at a time in all classes at once.

    Parameters
    ----------
    weights, gradient : Tensor, (classes, most)
    shift : Tensor, (classes,)
        The gradient by the intercepts.
    blocks : Tensor, (classes, most + 1, most + 1)
    real : Tensor of bool, (classes, most)
    penalty : Penalty

    Returns
    -------
    Tensor, (classes, most) and Tensor, (classes,)
        How weights and intercepts move.
    """
    most = weights.shape[1]
    at = torch.cat([weights, torch.zeros_like(shift)[:, None]], 1)
    before, slope = at.clone(), torch.cat([gradient, shift[:, None]], 1)
    diagonal = blocks.diagonal(dim1=1, dim2=2)
    # by unit first, so that what a unit needs lies together; parted once: a unit's turn is short
    columns = blocks.permute(2, 0, 1).contiguous().unbind(0)
    by_unit = diagonal.T.contiguous()
    curvature, damped = by_unit.unbind(0), (by_unit + penalty.l2).unbind(0)
    allowed, values, slopes = real.T.unbind(0), at.unbind(1), slope.unbind(1)
    l1, none = penalty.l1, torch.zeros_like(shift)
    changes = torch.zeros_like(by_unit)
    first = 0.0
    for _ in range(_SWEEPS):
        for j, change in zip((most, *range(most)), changes.unbind(0), strict=True):
            aim = values[j] * curvature[j] - slopes[j]
            if j < most:
                new = torch.where(allowed[j], _soft(aim, l1) / damped[j], none)
            else:
                new = aim / curvature[j]
            torch.sub(new, values[j], out=change)
            values[j].copy_(new)
            slope.addcmul_(columns[j], change[:, None])
        # in the order of the turns: the intercepts' first
        moved = float((changes.square() * by_unit.roll(1, 0)).max())
        first = first or moved
        if moved <= 1e-6 * first:
            break
    change = at - before
    return change[:, :most], change[:, most]


def _soft(values: Tensor, threshold: float) -> Tensor:
    return values - values.clamp(-threshold, threshold)
