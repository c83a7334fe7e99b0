"""A unit's twin is found as the most alike, and what shuffled images give is called nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations, ImageSet
from neurons.errors import NeuronNotFoundError, OptionError, StaleActivationsError
from tests.activations.stores import run_of
from tests.conftest import CONSTANT, DEAD, LAYER, RED


def test_the_most_alike_is_that_of_brute_force_and_its_interval_holds_it(
    scanned: tuple[Activations, ImageSet],
) -> None:
    run, images = scanned
    found = neurons.similar_units(run, images, f"{LAYER}:{RED}", layers=[LAYER], count=4)
    peaks = np.stack([run.peak(f"{LAYER}:{unit}") for unit in range(256)]).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        brute = np.nan_to_num(np.corrcoef(peaks)[RED], nan=-1)
    brute[[RED, DEAD, CONSTANT]] = -1
    # what differs in the sixth digit is equal
    order = np.argsort(-brute.round(5), kind="stable")[:4]
    assert found.neurons() == tuple(f"{LAYER}:{unit}" for unit in order)
    for each, unit in zip(found.units, order, strict=True):
        assert each.correlation == pytest.approx(brute[unit], abs=2e-5)
        assert each.interval.low - 1e-5 <= each.correlation <= each.interval.high + 1e-5
    assert found.units[0].p_value == pytest.approx(1 / 101)
    assert found.verdict().startswith(f"Most like {LAYER}:{RED} is {LAYER}:{order[0]}")
    assert found.control < found.control_largest < found.units[0].correlation
    assert found.n_alive < found.n_units == 256
    assert [row["neuron"] for row in found.rows()] == list(found.neurons())
    assert all(row["n"] == 72 for row in found.rows())
    # the unit itself stands first among the pictures
    assert found.blocks()[0].galleries[0].title == f"{LAYER}:{RED}"


def test_a_dead_unit_is_like_none(scanned: tuple[Activations, ImageSet], tmp_path: Path) -> None:
    run, images = scanned
    for unit in (DEAD, CONSTANT):
        found = neurons.similar_units(run, images, f"{LAYER}:{unit}")
        assert found.units == () and found.rows() == []
        assert found.verdict().startswith(f"Nothing is like {LAYER}:{unit}: it, or every other")
        assert len(found.blocks()) == 1
    saved = neurons.similar_units(run, images, f"{LAYER}:{RED}", count=2)
    saved.save(tmp_path / "saved")
    assert type(saved).load(tmp_path / "saved").verdict() == saved.verdict()


def test_units_of_noise_are_no_more_alike_than_chance_gives(pictures: Path, tmp_path: Path) -> None:
    images = neurons.images(pictures)
    noise = np.random.default_rng(5).normal(size=(40, 60))
    run = run_of(tmp_path / "run", images, noise, layer=LAYER)
    found = neurons.similar_units(run, images, f"{LAYER}:7")
    assert found.verdict().startswith(f"No unit is more like {LAYER}:7 than chance gives (p = ")


def test_wrong_questions_are_one_line(scanned: tuple[Activations, ImageSet]) -> None:
    run, images = scanned
    with pytest.raises(NeuronNotFoundError, match="units 0 to 255"):
        neurons.similar_units(run, images, f"{LAYER}:256")
    with pytest.raises(OptionError, match="1 unit or more"):
        neurons.similar_units(run, images, f"{LAYER}:1", count=0)
    with pytest.raises(StaleActivationsError):
        neurons.similar_units(run, images.first(5), f"{LAYER}:1")
