"""An order that is right separates from units as active; a random order does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from neurons import Clip, Neuron
from neurons.errors import OptionError
from neurons.interventions.after_layer import BeforePool, WholeNetwork, after_layer
from neurons.interventions.covered_places import as_connected, covered, places_covered
from neurons.interventions.editable import Edits, open_editable
from neurons.interventions.order_tests import (
    lines_of,
    steps_up_to,
    units_put_back,
    units_taken_out,
)
from tests.conftest import LAYER, RED, picture

UNITS, CARRIERS = 80, (4, 9)


@dataclass(frozen=True)
class Linear:
    """Five images whose embedding is the sum of what each unit adds."""

    means: np.ndarray
    vectors: np.ndarray
    layer: str = "layer"

    def embeddings(self, variants: Sequence[Edits]) -> np.ndarray:
        out = []
        for edits in variants:
            values = self.means.copy()
            for neuron, value in edits.items():
                values[:, neuron.unit] = value
            out.append(values @ self.vectors)
        return np.stack(out)


@pytest.fixture(scope="module")
def images() -> Linear:
    random = np.random.default_rng(0)
    means = random.uniform(0.5, 1.5, (5, UNITS)).astype(np.float32)
    vectors = 0.05 * random.standard_normal((UNITS, 16)).astype(np.float32)
    vectors[list(CARRIERS), 0] += 1
    vectors[:, 1] += 0.1
    return Linear(means, vectors)


DIRECTION = np.eye(16, dtype=np.float32)[0]


def test_units_that_carry_the_score_separate_from_others_as_active(images: Linear) -> None:
    order = [Neuron("layer", unit) for unit in (*CARRIERS, 20, 30)]
    out = units_taken_out(images, DIRECTION, order)
    back = units_put_back(images, DIRECTION, order)
    for test in (out, back):
        assert test.holds and test.p_value == pytest.approx(1 / 21) and test.n == 5
        assert test.steps == (0, 1, 2, 4) and test.activity is not None and test.activity.matched
    # both begin where they must: nothing taken out, nothing put back
    assert out.own[0] == out.controls[0][0] > out.own[2]
    assert back.own[2] > 0.9 > 0.1 > back.own[0] == back.controls[0][0]
    lines = lines_of(out, "Without")
    assert lines.steps == ("0", "1", "2", "4") and lines.strokes[0].y == out.own
    assert "other units, as active (mean and range of 20)" in lines.strokes[1].name


def test_a_random_order_separates_in_few_draws(images: Linear) -> None:
    random = np.random.default_rng(1)
    others = np.setdiff1d(np.arange(UNITS), CARRIERS)
    kept = Linear(images.means[:, others], images.vectors[others])
    held = [
        units_taken_out(
            kept,
            DIRECTION,
            [Neuron("layer", int(u)) for u in random.permutation(len(others))[:8]],
            seed=i,
        ).holds
        for i in range(60)
    ]
    # above 0 in one tail: 2.5 %
    assert sum(held) <= 6


def test_no_units_few_draws_and_small_layers_are_refused(images: Linear) -> None:
    order = [Neuron("layer", unit) for unit in range(4)]
    for chosen, n_draws, told in (
        ([], 20, "0 units"),
        (order, 18, "18 draws"),
        (order, 90, "too few"),
    ):
        with pytest.raises(OptionError, match=told):
            units_taken_out(images, DIRECTION, chosen, n_draws=n_draws)
    assert steps_up_to(1) == (0, 1) and steps_up_to(10) == (0, 1, 2, 4, 8, 10)


def test_the_pool_alone_gives_what_the_whole_network_gives(planted: Clip) -> None:
    pixels = torch.from_numpy(np.stack([picture(red=0.3), picture(red=0.8)])).permute(0, 3, 1, 2)
    variants: list[Edits] = [{}, {Neuron(LAYER, RED): 0.0, Neuron(LAYER, 7): 1.5}]
    with after_layer(planted, LAYER, pixels) as fast, open_editable(planted, [LAYER]) as network:
        whole = WholeNetwork(network, LAYER, pixels)
        assert isinstance(fast, BeforePool)
        np.testing.assert_allclose(
            fast.embeddings(variants), whole.embeddings(variants), atol=1e-4, rtol=1e-4
        )
        np.testing.assert_allclose(fast.means, whole.means, atol=1e-5, rtol=1e-4)
    with after_layer(planted, "visual.layer3", pixels) as slow:
        assert isinstance(slow, WholeNetwork) and slow.embeddings([{}]).shape[:2] == (1, 2)


def test_a_covered_place_lies_where_the_map_has_it() -> None:
    pixels = torch.zeros(3, 20, 60, dtype=torch.uint8)
    pixels[0] = 200
    pixels[0, :, :30] = 100
    found = covered(pixels, [2, 3], (2, 3))
    changed = (found != pixels).any(0)
    assert changed[:10, 40:].all() and changed[10:, :20].all() and changed.sum() == 400
    assert found[0, 0, 59] == 150 and found[1].max() == 0


def test_the_places_that_matter_separate_from_random_ones(planted: Clip) -> None:
    shown = np.full((96, 96, 3), 90, np.uint8)
    # of 6 x 6 places the first two of the last two rows
    shown[64:, :32] = (250, 20, 20)
    pixels = torch.from_numpy(shown).permute(2, 0, 1)
    both = planted.embed_images(torch.stack([pixels, torch.full_like(pixels, 90)])).numpy()
    unit = both / np.linalg.norm(both, axis=1, keepdims=True)
    direction = (unit[0] - unit[1]).astype(np.float32)
    right = [24, 25, 30, 31]
    others = [place for place in range(36) if place not in right]
    with open_editable(planted) as network:
        best = places_covered(network, pixels, direction, [*right, *others], (6, 6), n_draws=19)
        worst = places_covered(network, pixels, direction, [*others, *right], (6, 6), n_draws=19)
        with pytest.raises(OptionError, match="1 places"):
            places_covered(network, pixels, direction, [0], (1, 1))
    assert best.steps == (0, 1, 2, 4, 8, 16, 18) and best.activity is None
    assert best.holds and best.p_value == pytest.approx(1 / 20)
    assert not worst.holds and worst.area < 0


@dataclass(frozen=True)
class OneThing:
    """A network that answers to how much of one thing in an image is not covered."""

    pixels: torch.Tensor
    weights: torch.Tensor

    def respond(self, shown: torch.Tensor) -> Responses:
        seen = ((shown == self.pixels).all(1) * self.weights).sum((1, 2)) / self.weights.sum()
        return Responses(torch.stack([seen, torch.ones_like(seen)], 1).float().numpy())


@dataclass(frozen=True)
class Responses:
    embeddings: np.ndarray


def test_of_blobs_that_lie_anywhere_one_in_20_passes() -> None:
    random, size = np.random.default_rng(3), (5, 5)
    pixels = torch.from_numpy(random.integers(0, 255, (3, 5, 5), dtype=np.uint8))
    places, held = np.stack(np.divmod(np.arange(25), 5)), []
    for i in range(40):
        thing, blob = random.uniform(-0.5, 4.5, (2, 2, 1))
        weights = np.exp(-((places - thing) ** 2).sum(0) / 3).reshape(5, 5)
        network = OneThing(pixels, torch.from_numpy(weights))
        order = np.argsort(((places - blob) ** 2).sum(0), kind="stable").tolist()
        test = places_covered(network, pixels, DIRECTION[:2], order, size, n_draws=19, seed=i)
        held.append(test.p_value <= 0.05)
    # beside scattered places 11 of 40 pass
    assert sum(held) <= 5


def test_controls_grow_where_the_order_does_and_lie_anywhere() -> None:
    random, size = np.random.default_rng(0), (5, 4)
    starts = set()
    for blob, beside in (([5, 6, 9, 10], [0, 1, 1, 2]), ([0, 2, 8, 10], [0] * 4)):
        rest = [place for place in range(20) if place not in blob]
        for _ in range(60):
            drawn = as_connected([*blob, *rest], size, random)
            assert sorted(drawn) == list(range(20))
            at = [divmod(place, 4) for place in drawn[:4]]
            found = [
                sum(abs(r - row) + abs(c - column) == 1 for r, c in at[:k])
                for k, (row, column) in enumerate(at)
            ]
            # after three in a row no place lies beside two of them
            assert found == beside or found[:3] == beside[:3] and found[3] == beside[3] - 1 > 0
            starts.add(drawn[0])
    assert starts == set(range(20))


def test_controls_are_as_active_as_the_units(images: Linear) -> None:
    # half of the units are hardly active, and those that are asked about are not among them
    means = images.means.copy()
    means[:, [unit for unit in range(40) if unit not in CARRIERS]] *= 0.01
    order = [Neuron("layer", unit) for unit in (*CARRIERS, 50, 60)]
    test = units_taken_out(Linear(means, images.vectors), DIRECTION, order, n_draws=19)
    assert test.activity is not None and test.activity.matched
    assert min(test.activity.controls) > 0.5


def test_an_order_that_another_draw_equals_does_not_hold_whatever_its_interval(
    images: Linear,
) -> None:
    test = units_taken_out(images, DIRECTION, [Neuron("layer", unit) for unit in CARRIERS])
    assert test.holds and not replace(test, p_value=2 / 21).holds
    # of few draws the first of all is no evidence: p cannot reach 0.05
    assert not replace(test, controls=test.controls[:8], p_value=1 / 9).holds
