"""Objectives are callables, and operators on them give new ones."""

from __future__ import annotations

import pytest
import torch

from neurons import Neuron
from neurons.address import EMBEDDING
from neurons.errors import OptionError
from neurons.visualization.objectives import channel
from neurons.visualization.ready_made import (
    between,
    direction,
    diversity,
    faceted,
    like,
    neuron_at,
    towards,
    walk,
)
from neurons.visualization.scoring import LayerMaps, score_each

A, B = Neuron("a", 1), Neuron("a", 3)


@pytest.fixture
def maps() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "a": torch.randn(5, 6, 4, 4, generator=generator),
        "b": torch.randn(5, 3, 8, 8, generator=generator),
        EMBEDDING: torch.randn(5, 7, generator=generator),
    }


def test_channel_neuron_and_direction_read_what_they_say(maps: dict[str, torch.Tensor]) -> None:
    assert torch.allclose(channel(A)(maps), maps["a"][:, 1].mean((1, 2)))
    assert torch.equal(neuron_at(A, 2, 3)(maps), maps["a"][:, 1, 2, 3])
    vector = torch.tensor([0.0, 2, 0, -1, 0, 0])
    expected = 2 * channel(A)(maps) - channel(B)(maps)
    assert torch.allclose(direction("a", vector, name="x")(maps), expected, atol=1e-6)


def test_operators_compute_and_leave_their_operands(maps: dict[str, torch.Tensor]) -> None:
    first, second = channel(A), channel(B)
    before = first(maps)
    mixed = 2 * first - second + first * 0.5
    assert torch.allclose(mixed(maps), 2.5 * before - second(maps), atol=1e-6)
    assert torch.equal((-first)(maps), -before)
    assert torch.equal(first(maps), before) and first.name == "a:1"
    assert (-first).signed and not (first + second).signed and (first - second).signed
    assert mixed.layers == ("a",) and mixed.unit == A


def test_towards_is_the_cosine_times_100(maps: dict[str, torch.Tensor]) -> None:
    point = maps[EMBEDDING][2] * 3
    scores = towards(point, name="x")(maps)
    assert float(scores[2]) == pytest.approx(100, abs=1e-4)
    expected = torch.nn.functional.cosine_similarity(maps[EMBEDDING], point[None]) * 100
    assert torch.allclose(scores, expected, atol=1e-4)


def test_a_walk_goes_on_great_circles_from_point_to_point(maps: dict[str, torch.Tensor]) -> None:
    points = [torch.eye(7)[i] for i in range(3)]
    stops = walk(points, 5, names=["x", "y", "z"])
    assert [stop.name for stop in stops] == ["x", "50% x, 50% y", "y", "50% y, 50% z", "z"]
    half = {EMBEDDING: torch.tensor([[1.0, 1, 0, 0, 0, 0, 0]])}
    assert float(stops[1](half)) == pytest.approx(100, abs=1e-3)
    for stop, point in zip(stops[::2], points, strict=True):
        assert float(stop({EMBEDDING: point[None]})) == pytest.approx(100, abs=1e-3)
    ends = between(channel(A), channel(B), 3)
    assert torch.allclose(ends[1](maps), (channel(A)(maps) + channel(B)(maps)) / 2)
    with pytest.raises(OptionError, match="two points and two stops"):
        walk(points[:1], 3, names=["x"])


def test_diversity_prefers_images_of_different_style(maps: dict[str, torch.Tensor]) -> None:
    same = {"b": maps["b"][:1].expand(4, -1, -1, -1)}
    assert torch.allclose(diversity("b", 2.0)(same), torch.tensor(-2.0))
    assert (diversity("b", 2.0)(maps) > -2).all()
    assert torch.equal(diversity("b")({"b": maps["b"][:1]}), torch.zeros(1))


def test_like_is_zero_for_the_image_itself_only(maps: dict[str, torch.Tensor]) -> None:
    scores = like("b", maps["b"][1], 3.0)(maps)
    assert scores[1] == 0 and (scores[[0, 2, 3, 4]] < -1).all()


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
    assert torch.allclose(score_each(plain, seen(maps)), expected)
    apart = channel(A) + diversity("b")
    mixed = [apart, apart, channel(B), towards(torch.ones(7), name="x"), apart]
    scores = score_each(mixed, seen(maps))
    pair = {layer: values[:2] for layer, values in maps.items()}
    assert torch.allclose(scores[:2], apart(pair))
    assert torch.allclose(scores[4:], channel(A)(maps)[4:])
    assert torch.allclose(scores[2], channel(B)(maps)[2])


def seen(maps: dict[str, torch.Tensor]) -> LayerMaps:
    return LayerMaps(maps, {layer: lambda output: output for layer in maps})
