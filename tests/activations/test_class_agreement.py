"""Groups agree where they do, not where a unit is silent; chance is what shuffles give."""

from __future__ import annotations

import numpy as np
from scipy.stats import kstest

from neurons.activations.class_agreement import (
    NONE,
    agreeing,
    certainty,
    counts_by_chance,
    leads_of,
)
from neurons.activations.class_means import class_means
from neurons.stats import p_of_draws


def groups(n_units: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two groups of 40 images of 10 classes, and units that know none."""
    random = np.random.default_rng(seed)
    labels = np.tile(np.arange(10, dtype=np.int32), 4)
    return [(random.normal(size=(40, n_units)).astype(np.float32), labels) for _ in range(2)]


def test_a_unit_that_is_silent_agrees_with_nothing() -> None:
    tops = np.array([[0, 3, NONE], [0, 4, NONE]])
    assert agreeing(tops).tolist() == [True, False, False]


def test_every_group_that_is_not_kept_is_shuffled() -> None:
    parts, alive = groups(500), np.ones((2, 500), bool)
    # all 500 units agree: the second group has the peaks of the first
    same = [parts[0], parts[0]]
    apart = counts_by_chance(same, [False, False], 10, alive, 20, 0)
    one_kept = counts_by_chance(same, [True, False], 10, alive, 20, 0)
    assert 30 < np.mean(apart) < 70 and 30 < np.mean(one_kept) < 70
    assert counts_by_chance(same, [True, True], 10, alive, 20, 0) == [500] * 20
    dead = np.zeros((2, 500), bool)
    assert counts_by_chance(same, [False, False], 10, dead, 20, 0) == [0] * 20


def test_p_values_of_units_that_know_no_class_are_uniform() -> None:
    random, p_values = np.random.default_rng(0), []
    for seed in range(60):
        parts, alive = groups(400, seed), np.ones((2, 400), bool)
        tops = np.stack([class_means(*part, 10).argmax(0) for part in parts])
        chance = counts_by_chance(parts, [False, False], 10, alive, 19, seed)
        # of equal counts the one that is larger is drawn: a count is a whole number
        draws = chance + random.uniform(size=19)
        p_values.append(p_of_draws(agreeing(tops).sum() + random.uniform(), draws))
    spread = np.array(p_values) - random.uniform(size=60) / 20
    assert kstest(spread, "uniform").pvalue > 0.01, sorted(p_values)


def test_certainty_falls_where_classes_are_close() -> None:
    parts = groups(2)
    for peaks, labels in parts:
        peaks[labels == 7, 0] += 100
        peaks[:, 1] = 0
        # two classes, each with one strong image of four: a resample may miss it
        peaks[np.flatnonzero(labels == 3)[0], 1] = 1.0
        peaks[np.flatnonzero(labels == 4)[0], 1] = 0.9
    found = certainty(parts, np.array([[7, 3], [7, 3]]), 10, 200, 0)
    assert found[0] == 1.0 and 0.1 < found[1] < 0.8
    assert certainty(parts, np.array([[7, 3], [7, 4]]), 10, 20, 0)[1] == 0


def test_a_lead_is_over_the_mean_of_all_classes() -> None:
    means = np.array([[[1.0], [2.0], [6.0]]])
    # not over the smallest: the largest is 3 above the mean, 5 above the smallest
    assert np.isclose(leads_of(means)[0, 0], 3 / np.std([1, 2, 6]))
