"""A planted power law is found, in a run and in repeats, and what is none is called none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from experiments.alignment_truth_dimensions import planted_law
from neurons import Eigenspectrum
from neurons.errors import LayerNotFoundError, MismatchError, OptionError
from tests.studies.alignment.planted import run_of
from tests.studies.probe.planted_run import PLANTED

CLEAN, NOISY = planted_law(400, 60, 1.0)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Eigenspectrum:
    run, _ = run_of(tmp_path_factory.mktemp("law"), CLEAN, name="law")
    return neurons.eigenspectrum(run, PLANTED, n_groups=10)


def test_a_run_is_measured_on_images_that_did_not_fit_it(found: Eigenspectrum) -> None:
    assert not found.repeated and (found.first, found.last) == (7, 30)
    assert found.interval.low < found.exponent < found.interval.high
    assert found.exponent == pytest.approx(1, abs=0.12)
    assert found.interval.low < 1 < found.interval.high
    assert found.naive_exponent > found.exponent
    sizes = np.arange(1, 61.0) ** -1
    truth = sizes.sum() ** 2 / (sizes**2).sum()
    assert found.dimensions == pytest.approx(truth, rel=0.15)
    assert found.dimensions_interval.low < truth < found.dimensions_interval.high
    assert "on images that did not fit the principal components" in found.verdict()
    assert "the interval does not tell" in found.verdict()
    assert sum(found.variances) == pytest.approx(1) and len(found.rows()) == 60


def test_repeats_are_cross_validated_and_noise_counts_nothing() -> None:
    trials = np.moveaxis(NOISY, 0, 1).reshape(-1, 60)
    ids = [f"{i}.png" for i in range(400) for _ in range(2)]
    brain = neurons.responses(trials, ids=ids, repeats=True, name="brain")
    found = neurons.eigenspectrum(brain, brain.layers[0], n_groups=10)
    assert found.repeated and found.exponent == pytest.approx(1, abs=0.15)
    assert found.naive_exponent < 0.6
    sizes = np.arange(1, 61.0) ** -1
    assert found.dimensions == pytest.approx(sizes.sum() ** 2 / (sizes**2).sum(), rel=0.2)
    assert "on two repeats of each image" in found.verdict()
    # half of a repeat's variance is noise
    assert found.reliable == pytest.approx(0.5, abs=0.06)


def test_images_that_were_shown_once_are_left_out_of_repeats_and_counted() -> None:
    trials = np.moveaxis(NOISY, 0, 1).reshape(-1, 60)[:-3]
    ids = [f"{i}.png" for i in range(400) for _ in range(2)][:-3]
    brain = neurons.responses(trials, ids=ids, repeats=True, name="brain")
    found = neurons.eigenspectrum(brain, brain.layers[0], n_groups=4)
    assert found.n_images == 398 and "1 images were shown once" in found.told


def test_what_is_no_power_law_is_called_none_first(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    steep = random.normal(size=(200, 20)) * np.exp(-np.arange(20))
    run, _ = run_of(tmp_path / "a", steep)
    found = neurons.eigenspectrum(run, PLANTED, first=1, last=15, n_groups=4)
    assert found.verdict().startswith("No power law holds here")
    # noise that is not shared has no variance to fit
    noise = random.normal(size=(2 * 40, 12))
    ids = [f"{i}" for i in range(40) for _ in range(2)]
    brain = neurons.responses(noise, ids=ids, repeats=True, name="noise")
    nothing = neurons.eigenspectrum(brain, brain.layers[0], n_groups=4)
    assert nothing.verdict().startswith("Nothing repeats: of the variance of one repeat")
    assert nothing.reliable_interval.low <= 0 <= nothing.reliable_interval.high


def test_few_images_are_said_to_be_too_few_and_the_bound_follows_the_input(tmp_path: Path) -> None:
    run, _ = run_of(tmp_path / "a", planted_law(40, 60, 0.7)[0])
    found = neurons.eigenspectrum(run, PLANTED, first=2, last=18, n_groups=5)
    assert abs(found.naive_exponent - found.exponent) > 0.2
    assert found.verdict().startswith("The images are too few for these ranks")
    run, _ = run_of(tmp_path / "b", CLEAN)
    found = neurons.eigenspectrum(run, PLANTED, n_groups=5, input_dimension=2)
    assert found.bound == 2
    assert "below 2.00, too slow for a smooth code of inputs of 2 dimensions" in found.verdict()


def test_it_reloads_and_wrong_asking_is_refused(found: Eigenspectrum, tmp_path: Path) -> None:
    found.save(tmp_path / "kept")
    again = Eigenspectrum.load(tmp_path / "kept")
    assert again.verdict() == found.verdict() and again.input_dimension == float("inf")
    run, _ = run_of(tmp_path / "a", CLEAN[:30])
    with pytest.raises(OptionError, match="no power law of ranks 2 to 15: there are 14 ranks"):
        neurons.eigenspectrum(run, PLANTED, first=2, last=15)
    with pytest.raises(OptionError, match="more than 0"):
        neurons.eigenspectrum(run, PLANTED, input_dimension=0)
    with pytest.raises(LayerNotFoundError, match="no layer 'visual'"):
        neurons.eigenspectrum(run, "visual")
    few, _ = run_of(tmp_path / "b", CLEAN[:9])
    with pytest.raises(MismatchError, match="16 are needed"):
        neurons.eigenspectrum(few, PLANTED)
