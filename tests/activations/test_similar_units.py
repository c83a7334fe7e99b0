"""The nearest unit of a planted twin is the twin; dead units have none; blocks change nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations
from neurons.activations import similar_units
from neurons.activations.similar_units import NONE, nearest_units
from neurons.errors import LayerNotFoundError, OptionError
from tests.activations.stores import run_of

Peaks = np.ndarray


@pytest.fixture
def kept(pictures: Path, tmp_path: Path) -> Callable[[Peaks], Activations]:
    images = neurons.images(pictures)
    return lambda peaks: run_of(tmp_path / "run", images, peaks)


def test_the_nearest_unit_of_every_unit_of_a_permuted_twin_is_itself(
    kept: Callable[[Peaks], Activations],
) -> None:
    random = np.random.default_rng(0)
    peaks = np.maximum(random.normal(size=(40, 90)), 0)
    order = random.permutation(90)
    # a twin answers on another scale
    run = kept(np.concatenate([peaks, 3 * peaks[:, order] + 1], axis=1))
    found = nearest_units(run, "layer", count=3)
    twin = np.concatenate([90 + np.argsort(order), order])
    assert found.units[:, 0].tolist() == twin.tolist()
    assert found.correlations[:, 0] == pytest.approx(1)
    # and of two random units of 40 images the luckiest of 180 is far from that
    assert 0.4 < found.chance < 0.9


def test_correlations_are_those_of_brute_force_whatever_is_held_at_once(
    kept: Callable[[Peaks], Activations], monkeypatch: pytest.MonkeyPatch
) -> None:
    peaks = np.random.default_rng(1).normal(size=(40, 300)).astype(np.float32)
    run = kept(peaks)
    whole = nearest_units(run, "layer", count=5)
    brute = np.corrcoef(peaks.T)
    np.fill_diagonal(brute, -1)
    assert whole.units.tolist() == np.argsort(-brute, axis=1)[:, :5].tolist()
    assert whole.correlations == pytest.approx(-np.sort(-brute, axis=1)[:, :5], abs=2e-5)
    monkeypatch.setattr(similar_units, "_HELD", 40 * 77)
    parted = nearest_units(run, "layer", count=5)
    assert parted.units.tobytes() == whole.units.tobytes()
    assert parted.correlations.tobytes() == whole.correlations.tobytes()


def test_units_that_say_the_same_of_all_images_have_no_neighbour_and_are_none(
    kept: Callable[[Peaks], Activations],
) -> None:
    peaks = np.zeros((40, 5))
    peaks[:, 1], peaks[::2, 2], peaks[1::3, 4] = 0.1, 1, 2
    found = nearest_units(kept(peaks), "layer")
    assert found.units.shape == (5, 4)
    for unit in (0, 1, 3):
        assert (found.units[unit] == NONE).all() and np.isnan(found.correlations[unit]).all()
    assert found.units[2].tolist() == [4, NONE, NONE, NONE]
    assert found.units[4].tolist() == [2, NONE, NONE, NONE]


def test_equal_units_stand_in_the_order_of_their_numbers(
    kept: Callable[[Peaks], Activations],
) -> None:
    one = np.random.default_rng(2).normal(size=40)
    found = nearest_units(kept(np.repeat(one[:, None], 300, axis=1)), "layer", count=4)
    assert found.units[0].tolist() == [1, 2, 3, 4]
    assert found.units[299].tolist() == [0, 1, 2, 3]


def test_one_unit_a_dead_layer_and_wrong_names_are_told(
    kept: Callable[[Peaks], Activations],
) -> None:
    run = kept(np.zeros((40, 1)))
    found = nearest_units(run, "layer")
    assert found.units.shape == (1, 0) and np.isnan(found.chance)
    with pytest.raises(OptionError, match="1 or more"):
        nearest_units(run, "layer", count=0)
    with pytest.raises(LayerNotFoundError, match="holds: layer"):
        nearest_units(run, "layer4")


def test_a_unit_that_is_not_finite_on_an_image_is_like_none(
    kept: Callable[[Peaks], Activations],
) -> None:
    peaks = np.random.default_rng(4).normal(size=(40, 6))
    peaks[:, 3] = peaks[:, 1]
    peaks[7, 3] = np.nan
    found = nearest_units(kept(peaks), "layer", count=2)
    assert (found.units[3] == NONE).all() and 3 not in found.units
    assert np.isfinite(found.correlations[[0, 1, 2, 4, 5]]).all()
