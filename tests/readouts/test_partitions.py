"""Every equal partition counts once, ties count, and what is drawn is drawn once."""

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from scipy import stats

from neurons.errors import OptionError
from neurons.readouts.partitions import pair_test, partition_test, smallest_p


def brute_force(first, second) -> tuple[float, float]:
    scores, n = np.concatenate([first, second]), len(first)
    found = np.mean(first) - np.mean(second)
    differences = []
    for chosen in combinations(range(2 * n), n):
        inside = np.isin(np.arange(2 * n), chosen)
        differences.append(scores[inside].mean() - scores[~inside].mean())
    differences = np.array(differences)
    return (
        float((np.abs(differences) >= abs(found) - 1e-9).mean()),
        float((differences >= found - 1e-9).mean()),
    )


@pytest.mark.parametrize("seed", range(4))
def test_p_is_that_of_every_partition_tried_one_by_one(seed: int) -> None:
    # whole numbers tie often
    first, second = np.random.default_rng(seed).integers(0, 5, (2, 5)).astype(float)
    found = partition_test(first, second)
    assert (found.p_value, found.p_greater) == pytest.approx(brute_force(first, second))
    assert (found.exact, found.n_partitions) == (True, 252)


def test_p_is_scipys_where_scipy_counts_all_partitions() -> None:
    first, second = np.random.default_rng(1).normal(size=(2, 7)) + [[0.6], [0]]
    theirs = stats.permutation_test(
        (first, second),
        lambda x, y, axis: x.mean(axis) - y.mean(axis),
        vectorized=True,
        n_resamples=comb(14, 7),
        alternative="greater",
    )
    assert partition_test(first, second).p_greater == pytest.approx(theirs.pvalue)


def test_equal_groups_differ_as_much_in_every_partition() -> None:
    same = np.array([1.0, 2, 3, 4])
    assert partition_test(same, same[::-1]).p_value == 1
    assert partition_test(same, same).p_greater > 0.5


def test_groups_of_twenty_are_counted_to_the_last_of_137_billion_partitions() -> None:
    apart = partition_test(np.arange(20) + 100.0, np.arange(20.0))
    assert apart.exact and apart.p_greater == 1 / comb(40, 20)
    assert apart.p_value == apart.smallest == 2 / comb(40, 20)


def test_of_more_items_partitions_are_drawn_once_each_and_p_is_never_below_its_floor() -> None:
    random = np.random.default_rng(2)
    apart = partition_test(random.normal(3, 1, 25), random.normal(0, 1, 25), n_draws=999)
    assert (apart.exact, apart.n_counted, apart.p_value) == (False, 1000, 0.001)
    assert apart.smallest == 0.001 and "none twice" in apart.told()
    near, far = random.normal(0.3, 1, 25), random.normal(0, 1, 25)
    drawn = partition_test(near, far, n_draws=20_000)
    student = stats.ttest_ind(near, far).pvalue
    assert drawn.p_value == pytest.approx(student, abs=0.02)


def test_groups_that_are_unequal_or_too_small_are_refused_with_the_smallest_p() -> None:
    with pytest.raises(OptionError, match="as many of each"):
        partition_test(np.arange(4.0), np.arange(5.0))
    with pytest.raises(OptionError, match=r"smallest p that is possible is 0\.1;"):
        partition_test(np.arange(3.0), np.arange(3.0))
    with pytest.raises(OptionError, match="at least 99"):
        partition_test(np.arange(4.0), np.arange(4.0), n_draws=10)
    assert smallest_p(4) == 2 / 70


@pytest.mark.parametrize("seed", range(3))
def test_p_of_pairs_is_that_of_every_exchange_tried_one_by_one(seed: int) -> None:
    first, second = np.random.default_rng(seed).integers(0, 4, (2, 7)).astype(float)
    apart = first - second
    signs = np.array(list(product((1, -1), repeat=7)))
    sums = signs @ apart
    found = pair_test(first, second)
    assert found.p_value == pytest.approx((np.abs(sums) >= abs(apart.sum()) - 1e-9).mean())
    assert found.p_greater == pytest.approx((sums >= apart.sum() - 1e-9).mean())
    assert found.n_partitions == 128 and "within pairs" in found.told()


def test_what_pairs_have_in_common_hides_nothing_from_a_test_of_pairs() -> None:
    random = np.random.default_rng(0)
    scene = random.normal(0, 10, 50)
    first, second = scene + 0.5 + random.normal(0, 0.5, 50), scene + random.normal(0, 0.5, 50)
    drawn = pair_test(first, second, n_draws=999)
    assert (drawn.p_value, drawn.exact) == (0.001, False)
    assert partition_test(first, second, n_draws=999).p_value > 0.5
    with pytest.raises(OptionError, match=r"smallest p that is possible is 0\.062"):
        pair_test(first[:5], second[:5])
