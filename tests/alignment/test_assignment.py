"""Planted twins are found; rotated, permuted and unrelated ones are not taken for twins."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.alignment_truth_dimensions import planted_twins
from neurons.alignment.assignment import (
    assigned,
    correlation,
    matched_units,
    pair_correlations,
    rotation,
    soft_matching,
)
from neurons.errors import OptionError


def test_permuted_rescaled_noisy_twins_are_assigned_where_the_largest_correlation_errs() -> None:
    first, second, truth = planted_twins()
    strength = np.abs(correlation(first, second))
    assert (assigned(strength) == truth).mean() >= 0.98
    assert (strength.argmax(1) == truth).mean() < 0.97
    products = np.abs((first - first.mean(0)).T @ (second - second.mean(0)))
    assert (products.argmax(1) == truth).mean() < 0.5


def test_correlations_are_those_of_numpy_and_0_of_a_unit_that_never_changes() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(3, 2, (50, 4)), random.normal(size=(50, 3))
    x[:, 2] = 7.1
    expected = np.corrcoef(np.delete(x, 2, 1).T, y.T)[:3, 3:]
    found = correlation(x, y)
    assert np.allclose(np.delete(found, 2, 0), expected) and (found[2] == 0).all()
    assert np.allclose(
        pair_correlations(x, y, np.array([0, 1, 2, 0])), found[range(4), [0, 1, 2, 0]]
    )


def test_of_more_rows_than_columns_none_is_taken_more_often_than_it_must() -> None:
    strength = np.random.default_rng(0).uniform(size=(7, 3))
    assert np.bincount(assigned(strength)).max() == 3
    assert sorted(assigned(strength[:3])) == [0, 1, 2]
    assert len(set(assigned(strength.T))) == 3


def test_a_margin_is_over_the_best_of_all_others_on_the_testing_images() -> None:
    first, second, _ = planted_twins(120, 16)
    choosing, testing = np.arange(0, 120, 2), np.arange(1, 120, 2)
    found = matched_units(first, -second, choosing, testing, n_rotations=0, n_permutations=0)
    assert (found.chosen_by < 0).sum() > 12 and (found.strength > 0).sum() > 12
    tested = np.abs(correlation(first[testing], second[testing]))
    for i in range(16):
        sign = np.sign(found.chosen_by[i])
        assert found.strength[i] == pytest.approx(sign * found.correlations[i])
        others = np.delete(tested[i], found.partners[i]).max()
        assert found.margins[i] == pytest.approx(found.strength[i] - others)
    assert (found.margins < 0).any() and (found.margins > 0).any()


def test_soft_matching_of_equal_sizes_is_the_assignment_and_counts_each_unit_alike() -> None:
    strength = np.random.default_rng(0).uniform(size=(6, 6))
    weights = soft_matching(strength)
    assert np.allclose(weights[range(6), assigned(strength)], 1 / 6)
    # each of two halves of a doubled system finds its original
    doubled = np.repeat(np.eye(3), 2, axis=1)
    assert (soft_matching(doubled) * doubled).sum() == pytest.approx(1.0)
    # one of two has to share what fits only one of them
    three = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    weights = soft_matching(three)
    assert (weights * three).sum() == pytest.approx(5 / 6)
    assert np.allclose(weights.sum(0), 1 / 2) and np.allclose(weights.sum(1), 1 / 3)
    with pytest.raises(OptionError, match="match them one to one"):
        soft_matching(np.zeros((997, 991)))


def test_pairs_are_tested_on_images_that_did_not_choose_them() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 30)), random.normal(size=(60, 30))
    found = matched_units(x, y, np.arange(30), np.arange(30, 60), n_rotations=20)
    # noise is matched with noise on the images that choose, and with nothing on the others
    assert np.abs(found.chosen_by).mean() > 0.35
    assert abs(found.strength.mean()) < 0.1 > abs(found.rotated.mean())
    assert (found.strength > np.quantile(found.permuted, 0.95)).sum() <= 1


def test_twins_pass_both_controls_and_rotated_ones_only_that_of_permuted_images() -> None:
    # 16 units of one kind each: a space that both share, and axes that only one of them shares
    first, second, truth = planted_twins(200, 16, noise=0.3, alike=0.0)
    choosing, testing = np.arange(0, 200, 2), np.arange(1, 200, 2)
    found = matched_units(first, second, choosing, testing)
    assert (found.partners == truth).all() and (found.margins > 0.3).all()
    assert (found.strength > found.rotated.max(0)).all()
    assert (found.strength > found.permuted.max()).all()
    turned = second / second.std(0) @ rotation(16, np.random.default_rng(1))
    found = matched_units(first, turned, choosing, testing)
    beaten = found.strength > found.rotated.max(0)
    assert beaten.mean() < 0.3
    assert found.strength.mean() > found.permuted_mean.max()


def test_too_few_images_are_refused() -> None:
    with pytest.raises(OptionError, match="4 images or more"):
        matched_units(np.zeros((6, 2)), np.zeros((6, 2)), np.arange(3), np.arange(3, 6))
