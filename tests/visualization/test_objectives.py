"""Objectives are callables, and operators on them give new ones."""

from __future__ import annotations

import pytest
import torch

from neurons import Neuron
from neurons.errors import AddressError
from neurons.visualization.objectives import as_objective, channel, weighted_sum

A, B = Neuron("a", 1), Neuron("a", 3)


def test_operators_compute_and_leave_their_operands(maps: dict[str, torch.Tensor]) -> None:
    first, second = channel(A), channel(B)
    before = first(maps)
    mixed = 2 * first - second + first * 0.5
    assert torch.allclose(mixed(maps), 2.5 * before - second(maps), atol=1e-6)
    assert torch.equal((-first)(maps), -before)
    assert torch.equal(first(maps), before) and first.name == "a:1"
    assert (-first).signed and not (first + second).signed and (first - second).signed
    assert mixed.layers == ("a",) and mixed.unit == A


def test_a_neuron_or_its_address_stands_for_its_mean(maps: dict[str, torch.Tensor]) -> None:
    expected = maps["a"][:, 1].mean((1, 2))
    for target in (A, "a:1", channel("a:1")):
        objective = as_objective(target)
        assert torch.allclose(objective(maps), expected)
        assert (objective.name, objective.unit, objective.plain) == ("a:1", A, True)
    with pytest.raises(AddressError, match="'a' is no neuron's address"):
        as_objective("a")


def test_a_sum_weighs_each_part(maps: dict[str, torch.Tensor]) -> None:
    mixed = weighted_sum((channel(A), channel(B)), (0.25, -3))
    expected = 0.25 * maps["a"][:, 1].mean((1, 2)) - 3 * maps["a"][:, 3].mean((1, 2))
    assert torch.allclose(mixed(maps), expected, atol=1e-6)
    assert mixed.name == "0.25 a:1 + -3 a:3"
    # what is wanted low must be read before the ReLU that cuts it off
    assert mixed.signed and not mixed.plain
