"""An image finds the units that stand out on it, as brute force does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons.activations.answering_units import NONE, answering_units
from tests.activations.stores import run_of


def test_the_units_that_stand_out_are_those_of_brute_force(pictures: Path, tmp_path: Path) -> None:
    peaks = np.random.default_rng(0).normal(size=(40, 300)).astype(np.float32)
    # louder everywhere is no answer to one image
    peaks[:, 7] += 100
    run = run_of(tmp_path / "run", neurons.images(pictures), peaks)
    rows = np.array([3, 17, 39])
    units, deviations = answering_units(run, "layer", rows, count=4)
    brute = ((peaks - peaks.mean(0)) / peaks.std(0))[rows]
    assert units.tolist() == np.argsort(-brute, axis=1)[:, :4].tolist()
    assert deviations == pytest.approx(-np.sort(-brute, axis=1)[:, :4], abs=1e-3)


def test_units_that_are_below_their_mean_or_constant_do_not_answer(
    pictures: Path, tmp_path: Path
) -> None:
    peaks = np.zeros((40, 3), np.float32)
    peaks[5, 1], peaks[:, 2] = 2, 0.1
    run = run_of(tmp_path / "run", neurons.images(pictures), peaks)
    units, deviations = answering_units(run, "layer", np.array([5, 6]))
    assert units.tolist() == [[1, NONE, NONE], [NONE] * 3]
    assert deviations[0, 0] == pytest.approx(39**0.5) and np.isnan(deviations[1]).all()
