"""A unit's direction is its mean slope on its top images, beside how far their slopes agree."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.activations.gradient_directions import (
    GradientDirections,
    _measured,
    gradient_directions,
)
from neurons.address import Neuron
from neurons.data.prepared import prepare
from neurons.errors import NeuronNotFoundError, OptionError, StaleActivationsError
from neurons.network.unit_slopes import unit_slopes
from tests.conftest import RED

EARLY = "visual.layer2"


@pytest.fixture(scope="module")
def shown(pictures: Path) -> ImageSet:
    return neurons.images(pictures)


@pytest.fixture(scope="module")
def run(planted: Clip, shown: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Activations:
    folder = tmp_path_factory.mktemp("slopes") / "run"
    neurons.scan(planted, shown, [EARLY], folder)
    return Activations.open(folder)


@pytest.fixture(scope="module")
def found(run: Activations, shown: ImageSet, planted: Clip) -> GradientDirections:
    return gradient_directions(run, shown, planted, EARLY, [RED, 0], n_images=5)


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def test_a_direction_is_the_mean_slope_on_a_units_top_images(
    found: GradientDirections, run: Activations, shown: ImageSet, planted: Clip
) -> None:
    rows = np.argsort(-run.peak(Neuron(EARLY, 0)))[:5].tolist()
    slopes = unit_slopes(
        planted, Neuron(EARLY, 0), prepare(planted.preprocess, shown, rows=rows).pixels
    )
    np.testing.assert_allclose(found.of(0), slopes.mean(0).numpy(), rtol=1e-3, atol=1e-6)
    assert (found.units, found.n_images, found.level) == ((RED, 0), (5, 5), "gradient")
    pairs = [cosine(a, b) for a, b in combinations(slopes.numpy(), 2)]
    np.testing.assert_allclose(found.agreement[1], np.mean(pairs), atol=1e-5)
    texts = np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)
    np.testing.assert_allclose(found.weights(texts)[:, 1], texts @ found.of(0), rtol=1e-5)


def test_a_direction_that_halves_or_another_unit_contradict_does_not_hold(
    found: GradientDirections,
) -> None:
    assert found.halves.shape == found.others.shape == (2,)
    # other units move the embedding elsewhere, on the same images
    assert (found.halves > 0.95).all() and (found.others < 0.8).all()
    said = replace(
        found,
        units=(1, 2, 3),
        halves=np.array([0.9, 0.5, 0.9]),
        others=np.array([0.1, 0.1, 0.8]),
    )
    assert [said.holds(unit) for unit in (1, 2, 3)] == [True, False, False]


def test_controls_are_compared_on_as_many_images_as_halves_are_and_without_sign() -> None:
    random = np.random.default_rng(0)
    shared, own = np.eye(40)[0], np.eye(40)[1]
    slopes = own + shared + 0.05 * random.normal(size=(8, 40))
    first, second = np.arange(4), np.arange(4, 8)
    # three units that the layer moves the other way round: they agree as well, by halves
    against = [-shared - own + 0.05 * random.normal(size=(4, 40)) for _ in range(3)]
    found = _measured(slopes, first, second, against)
    assert found.others == pytest.approx(found.halves, abs=0.02) and found.halves > 0.98
    # one that agrees is not most of them
    apart = [np.eye(40)[[k]] for k in (5, 6)]
    assert _measured(slopes, first, second, [against[0], *apart]).others < 0.1
    # the second half of the unit's own images takes no part in the control
    turned = slopes.copy()
    turned[second] *= -1
    assert _measured(turned, first, second, against).others == pytest.approx(found.others)


def test_mistakes_are_told_before_any_image_is_read(
    run: Activations, shown: ImageSet, planted: Clip, vit: Clip, found: GradientDirections
) -> None:
    with pytest.raises(StaleActivationsError):
        gradient_directions(run, shown, vit, EARLY, [0])
    with pytest.raises(NeuronNotFoundError, match="no visual.layer2:9999"):
        gradient_directions(run, shown, planted, EARLY, [0, 9999])
    with pytest.raises(OptionError, match="3 images of each of 64 units: .* give 4 images"):
        gradient_directions(run, shown, planted, EARLY, [0], n_images=3)
    with pytest.raises(NeuronNotFoundError, match="no direction of visual.layer2:5: there are"):
        found.of(5)
    with pytest.raises(OptionError, match="embed them by the model"):
        found.weights(torch.zeros(2, 3).numpy())
