"""The gradient is that of the loss, and no bound lies above the minimum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurons.sparse.features import Features
from neurons.sparse.newton import minimise
from neurons.sparse.problem import Penalty, Problem
from tests.sparse.planted import planted


def problem(seed: int = 0, *, weighted: bool = False, step: int | None = None) -> Problem:
    data = planted(200, 12, 4, 2, seed)
    share = None
    if weighted:
        share = torch.from_numpy(np.random.default_rng(seed).uniform(0, 2, len(data.y)))
    features = Features(data.X, weights=share, rows_per_block=step)
    return Problem(features, torch.from_numpy(data.y), 4, share)


def test_loss_gradient_and_curvature_are_those_of_autograd() -> None:
    given = problem(weighted=True, step=33)
    weights = torch.randn(12, 4, dtype=torch.float64, generator=torch.manual_seed(0))
    intercepts = torch.randn(4, dtype=torch.float64, generator=torch.manual_seed(1))
    rows = torch.cat(
        [given.features.columns(b, torch.arange(12)) for _, b in given.features.blocks()], 1
    ).T

    def loss(both: torch.Tensor) -> torch.Tensor:
        logits = rows @ both[:-1] + both[-1]
        each = torch.nn.functional.cross_entropy(logits, given.labels, reduction="none")
        return given.weights @ each

    both = torch.cat([weights, intercepts[None]]).requires_grad_()
    value = loss(both)
    (slope,) = torch.autograd.grad(value, both)
    point = given.at(weights, intercepts)
    assert point.loss == pytest.approx(value.item(), rel=1e-12)
    assert torch.allclose(point.gradient, slope[:-1], atol=1e-12)
    assert torch.allclose(point.shares - given.prior, slope[-1], atol=1e-12)
    hessian = torch.autograd.functional.hessian(loss, both.detach())
    chosen = torch.rand(12, 4, generator=torch.manual_seed(2)) < 0.5
    units, real, blocks = given.curvatures(point, chosen)
    for k in range(4):
        own = [*torch.arange(12)[chosen[:, k]].tolist(), 12]
        n = len(own) - 1
        assert units[k][real[k]].tolist() == own[:-1]
        kept = [*range(n), blocks.shape[1] - 1]
        assert torch.allclose(blocks[k][kept][:, kept], hessian[own, k][:, own, k], atol=1e-12)


@settings(max_examples=25)
@given(st.integers(0, 50), st.floats(0.05, 1.5), st.sampled_from([1.0, 0.5]), st.booleans())
def test_no_bound_lies_above_the_minimum(
    seed: int, size: float, l1_ratio: float, weighted: bool
) -> None:
    given = problem(seed, weighted=weighted)
    strength = 0.2 * given.strongest()
    penalty = Penalty(strength * l1_ratio, strength * (1 - l1_ratio))
    minimum = minimise(given, penalty, given.start(), tolerance=1e-10).objective
    draw = torch.manual_seed(seed)
    weights = size * torch.randn(12, 4, dtype=torch.float64, generator=draw)
    intercepts = torch.randn(4, dtype=torch.float64, generator=draw)
    point = given.at(weights, intercepts)
    quick, _ = given.quick_bound(point, penalty)
    sharp = given.bound(point, penalty)
    assert quick <= sharp + 1e-12
    assert sharp <= minimum + 1e-9
    assert given.objective(point, weights, penalty) >= minimum - 1e-9


def test_nothing_is_used_from_the_strongest_on() -> None:
    given = problem()
    for factor, used in ((1.0, False), (0.98, True)):
        penalty = Penalty(factor * given.strongest())
        found = minimise(given, penalty, given.start(), tolerance=1e-9)
        assert bool((found.weights != 0).any()) == used
