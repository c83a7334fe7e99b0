"""Planted twins are found; rotated, permuted and unrelated ones are not taken for twins."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.alignment_truth_dimensions import planted_twins
from neurons.alignment.assignment import (
    assigned,
    correlation,
    margins,
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


def test_a_margin_is_over_the_best_of_all_others() -> None:
    strength = np.array([[0.9, 0.2, 0.7], [0.8, 0.5, 0.1]])
    assert np.allclose(margins(strength, np.array([0, 1])), [0.2, -0.3])
    assert np.allclose(margins(strength[:, :1], np.array([0, 0])), [0.9, 0.8])


def test_soft_matching_of_equal_sizes_is_the_assignment_and_counts_each_unit_alike() -> None:
    strength = np.random.default_rng(0).uniform(size=(6, 6))
    assert soft_matching(strength) == pytest.approx(strength[range(6), assigned(strength)].mean())
    # each of two halves of a doubled system finds its original
    assert soft_matching(np.repeat(np.eye(3), 2, axis=1)) == pytest.approx(1.0)
    # one of two has to share what fits only one of them
    assert soft_matching(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])) == pytest.approx(5 / 6)
    with pytest.raises(OptionError, match="match them one to one"):
        soft_matching(np.zeros((997, 991)))


def test_pairs_are_tested_on_images_that_did_not_choose_them() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 30)), random.normal(size=(60, 30))
    found = matched_units(x, y, np.arange(30), np.arange(30, 60), n_rotations=20)
    # noise is matched with noise on the images that choose, and with nothing on the others
    assert np.abs(found.chosen_by).mean() > 0.35
    assert np.abs(found.correlations).mean() < 0.2
    assert (np.abs(found.correlations) > np.quantile(found.permuted, 0.95)).sum() <= 1
    assert np.mean(found.rotated) == pytest.approx(np.abs(found.correlations).mean(), abs=0.03)


def test_twins_pass_both_controls_and_rotated_ones_only_that_of_permuted_images() -> None:
    # 16 units of one kind each: a space that both share, and axes that only one of them shares
    first, second, truth = planted_twins(200, 16, noise=0.3, alike=0.0)
    choosing, testing = np.arange(0, 200, 2), np.arange(1, 200, 2)
    found = matched_units(first, second, choosing, testing)
    assert (found.partners == truth).all() and (found.margins > 0.3).all()
    assert (found.correlations > found.rotated.max(0)).all()
    assert (found.correlations > found.permuted.max()).all()
    turned = second / second.std(0) @ rotation(16, np.random.default_rng(1))
    found = matched_units(first, turned, choosing, testing)
    beaten = np.abs(found.correlations) > found.rotated.max(0)
    assert beaten.mean() < 0.3
    assert np.abs(found.correlations).mean() > found.permuted_mean.max()


def test_too_few_images_are_refused() -> None:
    with pytest.raises(OptionError, match="4 images or more"):
        matched_units(np.zeros((6, 2)), np.zeros((6, 2)), np.arange(3), np.arange(3, 6))
