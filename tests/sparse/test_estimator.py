"""The probe keeps scikit-learn's conventions and finds planted weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import check_estimator

from neurons.errors import OptionError
from neurons.sparse.estimator import SparseProbe
from neurons.sparse.path import PathStep, UnitsPerClass, best, one_standard_error
from tests.sparse.planted import planted


@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks_pass() -> None:
    check_estimator(SparseProbe(strength=0.01), on_skip=None)


@settings(max_examples=6)
@given(st.integers(3, 8), st.integers(25, 60), st.integers(1, 3), st.integers(0, 9))
def test_planted_units_are_found_and_no_others(
    n_classes: int, n_units: int, per_class: int, seed: int
) -> None:
    data = planted(4000, n_units, n_classes, per_class, seed)
    # strong enough that chance correlations, of the size of 1 / sqrt(n), stay out
    probe = SparseProbe(strength=0.05).fit(data.X, data.y)
    assert np.array_equal(probe.coef_ != 0, data.weights != 0)
    assert np.array_equal(np.sign(probe.coef_), np.sign(data.weights))
    assert probe.gap_ <= 1e-3


def test_a_path_is_chosen_on_held_out_samples_and_predicts() -> None:
    data, fresh = planted(2000, seed=3), planted(2000, seed=3)
    probe = SparseProbe(n_strengths=10, span=0.02).fit(data.X, data.y)
    assert len(probe.steps_) == 10 and probe.steps_[0].n_units == 0
    assert probe.strength_ in [step.strength for step in probe.steps_]
    assert all(step.converged and step.gap <= 1e-3 for step in probe.steps_)
    used = [step.units_per_class for step in probe.steps_]
    assert used[0] == 0 and used[-1] > used[1]
    assert probe.score(fresh.X, fresh.y) > 0.8
    chances = probe.predict_proba(fresh.X)
    assert np.allclose(chances.sum(1), 1) and chances.shape == (2000, 6)
    again = SparseProbe(n_strengths=10, span=0.02).fit(torch.from_numpy(data.X), data.y)
    assert np.array_equal(again.coef_, probe.coef_)
    few = SparseProbe(n_strengths=10, span=0.02, choose=UnitsPerClass(2)).fit(data.X, data.y)
    assert (few.coef_ != 0).sum() < (probe.coef_ != 0).sum()


def step(loss: float, units: float) -> PathStep:
    return PathStep(1.0, 0.0, True, 1, units, 1, loss, 0.1, 0.5)


def test_rules_choose_what_they_say() -> None:
    steps = [step(3, 0), step(1.05, 1), step(1.0, 4), step(1.2, 9)]
    assert best(steps) == 2
    assert one_standard_error(steps) == 1
    assert UnitsPerClass(8)(steps) == 3


def test_mistakes_are_told_in_one_line() -> None:
    data = planted(200)
    with pytest.raises(OptionError, match="one class"):
        SparseProbe(strength=0.1).fit(data.X, np.zeros(200, int))
    with pytest.raises(OptionError, match="cannot hold out 20%"):
        SparseProbe().fit(data.X, np.array([*[0] * 199, 1]))
    with pytest.raises(OptionError, match="l1_ratio is above 0"):
        SparseProbe(strength=0.1, l1_ratio=0).fit(data.X, data.y)
    with pytest.raises(OptionError, match="2 strengths or more"):
        SparseProbe(n_strengths=1).fit(data.X, data.y)
    with pytest.warns(ConvergenceWarning, match="raise most_passes"):
        SparseProbe(strength=1e-3, most_passes=2, tolerance=1e-9).fit(data.X, data.y)


def test_random_labels_are_chance_where_a_strength_is_chosen() -> None:
    random = np.random.default_rng(0)
    X, y = random.normal(size=(400, 60)), random.integers(0, 2, 400)
    probe = SparseProbe(n_strengths=5, span=0.05, tolerance=0.01).fit(X, y)
    # 80 samples: a probe judged on what it was fitted to tells nine of ten
    assert all(abs(step.accuracy - 0.5) < 3 * 0.5 / np.sqrt(80) for step in probe.steps_)
    assert probe.steps_[-1].loss > probe.steps_[0].loss
    assert probe.strength_ in [step.strength for step in probe.steps_[:2]]


def test_a_sample_weighs_as_much_where_the_strength_is_chosen_as_in_the_fit() -> None:
    """Twelve hundred samples of noise that weigh next to nothing choose nothing."""
    random, data = np.random.default_rng(0), planted(300, 12, 3, 2, 1)
    X = np.concatenate([data.X, random.permutation(np.resize(data.X, (1200, 12)))])
    y = np.concatenate([data.y, random.integers(0, 3, 1200)])
    weights = np.repeat([1.0, 1e-9], [300, 1200])
    told = SparseProbe(n_strengths=6, tolerance=0.01, random_state=1).fit(X, y, weights)
    # if noise chose, one of the strongest would do; here it would cost most of what is known
    assert [step.strength for step in told.steps_].index(told.strength_) >= 3
    assert max(step.accuracy for step in told.steps_) > 0.8
    # samples that weigh nothing are as if they were not there
    none = SparseProbe(n_strengths=3).fit(X, y, np.repeat([1.0, 0.0], [300, 1200]))
    alone = SparseProbe(n_strengths=3).fit(data.X, data.y)
    assert none.strength_ == pytest.approx(alone.strength_)
    assert np.allclose(none.coef_, alone.coef_)


@pytest.mark.parametrize("seed", range(4))
def test_a_class_whose_weight_cannot_be_parted_is_told(seed: int) -> None:
    data = planted(60)
    y, weights = np.arange(60) % 3, np.ones(60)
    # the third class has one sample that weighs anything
    weights[y == 2] = 0
    weights[2] = 1
    with pytest.raises(OptionError, match="cannot hold out 20% of 41 samples of 3 classes"):
        SparseProbe(random_state=seed).fit(data.X, y, weights)
    weights[[5, 8]] = 1
    with pytest.raises(OptionError, match=r"held|left to fit to"):
        SparseProbe(held_out=0.93, random_state=seed).fit(data.X, y, weights)
