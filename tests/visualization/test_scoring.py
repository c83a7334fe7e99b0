"""Each image is scored by its own objective, and a facet is the formula of the paper."""

from __future__ import annotations

import pytest
import torch

from neurons import Neuron
from neurons.errors import OptionError
from neurons.visualization.objectives import channel
from neurons.visualization.ready_made import diversity, faceted, towards
from neurons.visualization.scoring import LayerMaps, score_each

A, B = Neuron("a", 1), Neuron("a", 3)


def test_faceted_is_the_formula_of_the_paper() -> None:
    given = torch.rand(2, 4, 4, 3, requires_grad=True)
    inner = given.permute(0, 3, 1, 2)
    mix = torch.tensor([1.0, -2.0, 0.5])
    mixed = (inner * mix[:, None, None]).sum(1, keepdim=True)
    outer = mixed**2
    looks = torch.tensor([0.3, 5.0, -1.0])
    objective = faceted(channel(Neuron("out", 0)), {"in": looks}, 0.7)
    # the middle layer's units come last there, as a transformer's do
    arrange = {"out": lambda output: output, "in": lambda output: output.permute(0, 3, 1, 2)}
    maps = LayerMaps({"out": outer, "in": given}, arrange)
    # beside an image of another objective
    score = score_each([objective, objective.named("other")], maps)
    gradient = (2 * mixed * mix[:, None, None] / 16).detach()
    expected = outer.mean((1, 2, 3)) + 5 * 0.7 * (inner * gradient.relu()).sum((2, 3)) @ looks
    assert torch.allclose(score, expected, rtol=1e-4)
    # the gradient inside the formula is held fixed
    (found,) = torch.autograd.grad(score.sum(), given)
    found = found.permute(0, 3, 1, 2)
    fixed = gradient + 5 * 0.7 * gradient.relu() * looks[:, None, None]
    assert torch.allclose(found, fixed, rtol=1e-4, atol=1e-6)
    with pytest.raises(OptionError, match="a facet comes last"):
        objective + channel(A)


def test_each_image_is_scored_by_its_own_objective(maps: dict[str, torch.Tensor]) -> None:
    plain = [channel(Neuron("a", unit)) for unit in (4, 0, 2, 2, 5)]
    expected = torch.stack([maps["a"][i, u].mean() for i, u in enumerate((4, 0, 2, 2, 5))])
    assert torch.allclose(score_each(plain, as_read(maps)), expected)
    apart = channel(A) + diversity("b")
    mixed = [apart, apart, channel(B), towards(torch.ones(7), name="x"), apart]
    scores = score_each(mixed, as_read(maps))
    pair = {layer: values[:2] for layer, values in maps.items()}
    assert torch.allclose(scores[:2], apart(pair))
    assert torch.allclose(scores[4:], channel(A)(maps)[4:])
    assert torch.allclose(scores[2], channel(B)(maps)[2])


def as_read(maps: dict[str, torch.Tensor]) -> LayerMaps:
    return LayerMaps(maps, {layer: lambda output: output for layer in maps})


def test_gradients_are_arranged_as_the_maps_are() -> None:
    output = torch.rand(2, 3, 3, 4, requires_grad=True)
    maps = LayerMaps({"in": output}, {"in": lambda values: values.permute(0, 3, 1, 2)})
    weights = torch.arange(4.0)[:, None, None]
    found = maps.gradients((maps["in"] * weights).sum(), ["in"])["in"]
    assert torch.equal(found, weights.expand(2, 4, 3, 3))
