"""The statistics are those of their sources."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurons.stats import Interval, skewness, wilson


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
