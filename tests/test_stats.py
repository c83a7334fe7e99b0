"""The statistics are those of their sources."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from neurons.stats import Interval, auc, skewness, wilson


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_the_textbook_formula(counts: tuple[int, int]) -> None:
    k, n = counts
    z, p = 1.959963984540054, k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    found = wilson(k, n)
    assert found.low == pytest.approx(max(0, centre - half), abs=1e-9)
    assert found.high == pytest.approx(min(1, centre + half), abs=1e-9)
    assert found.scaled(3) == Interval(found.low * 3, found.high * 3)


def test_wilson_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = [wilson(int(k), 60) for k in rng.binomial(60, 0.2, 2000)]
    covered = np.mean([interval.low <= 0.2 <= interval.high for interval in hits])
    assert 0.93 < covered < 0.98


def test_skewness_is_the_third_moment_and_nan_without_spread() -> None:
    values = np.random.default_rng(0).exponential(size=500)
    centred = values - values.mean()
    assert skewness(values) == pytest.approx((centred**3).mean() / (centred**2).mean() ** 1.5)
    assert math.isnan(skewness(np.ones(5)))
    assert math.isnan(skewness(np.array([])))


@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=30),
    st.lists(st.integers(0, 9), min_size=2, max_size=30),
)
def test_auc_is_that_of_scikit_learn_with_ties(above: list[int], below: list[int]) -> None:
    area, interval = auc(np.array(above, float), np.array(below, float))
    truth = roc_auc_score([1] * len(above) + [0] * len(below), [*above, *below])
    assert area == pytest.approx(truth, abs=1e-12)
    assert 0 <= interval.low <= area + 1e-12 and area - 1e-12 <= interval.high <= 1


def test_aucs_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng, truth = np.random.default_rng(0), norm.cdf(1 / math.sqrt(2))
    held = 0
    for _ in range(600):
        _, interval = auc(rng.normal(1, 1, 40), rng.normal(0, 1, 40))
        held += interval.low <= truth <= interval.high
    assert 0.92 < held / 600 < 0.98
