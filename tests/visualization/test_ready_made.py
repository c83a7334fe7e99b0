"""Ready-made objectives read what they say, and a walk is straight on the sphere."""

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
    like,
    neuron_at,
    towards,
    walk,
)

A, B = Neuron("a", 1), Neuron("a", 3)


def test_channel_neuron_and_direction_read_what_they_say(maps: dict[str, torch.Tensor]) -> None:
    assert torch.allclose(channel(A)(maps), maps["a"][:, 1].mean((1, 2)))
    assert torch.equal(neuron_at(A, 2, 3)(maps), maps["a"][:, 1, 2, 3])
    vector = torch.tensor([0.0, 2, 0, -1, 0, 0])
    expected = 2 * channel(A)(maps) - channel(B)(maps)
    assert torch.allclose(direction("a", vector, name="x")(maps), expected, atol=1e-6)


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
