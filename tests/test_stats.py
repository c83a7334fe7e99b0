"""The statistics are those of their sources."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, norm, spearmanr
from sklearn.metrics import roc_auc_score

from neurons.stats import (
    Interval,
    auc,
    benjamini_hochberg,
    benjamini_yekutieli,
    difference_of_means,
    excess_over_controls,
    holm,
    p_of_draws,
    rank_correlation,
    resampled,
    skewness,
    wilson,
)


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


def test_a_bootstrap_of_a_mean_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(1).normal(5, 2, 400)
    found = resampled(lambda random: float(random.choice(values, 400).mean()), seed=0)
    assert found.low < values.mean() < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.06)
    # the same seed, the same resamples
    assert found == resampled(lambda random: float(random.choice(values, 400).mean()), seed=0)
    nothing = resampled(lambda random: math.nan, seed=0)
    assert math.isnan(nothing.low) and math.isnan(nothing.high)


def exchangeable(
    rng: np.random.Generator, shape: str, n_draws: int = 20
) -> tuple[np.ndarray, np.ndarray]:
    """Give effects, (images,) and (draws, images), of units of which none is special."""
    units = {"normal": rng.normal(0, 0.3, n_draws + 1), "skewed": rng.exponential(0.3, n_draws + 1)}
    images = rng.normal(0, 1, 40)
    found = images + units[shape][:, None] + rng.normal(0, 0.5, (n_draws + 1, 40))
    return found[0], found[1:]


@pytest.mark.parametrize("shape", ["normal", "skewed"])
def test_units_that_are_no_other_than_their_controls_are_called_so(shape: str) -> None:
    rng = np.random.default_rng(0)
    found = [excess_over_controls(*exchangeable(rng, shape)) for _ in range(1500)]
    outside = np.mean([each.interval.low > 0 or each.interval.high < 0 for each in found])
    # an interval of the controls' mean leaves 0 out in most cases
    assert 0.03 < outside < 0.075
    p_values = np.array([each.p_value for each in found])
    assert np.mean(p_values <= 1 / 21) == pytest.approx(1 / 21, abs=0.017)
    assert np.mean(p_values <= 0.5) == pytest.approx(10 / 21, abs=0.04)
    # uniform over its 21 values; where it lies between two of these is drawn
    assert kstest(p_values - rng.uniform(size=1500) / 21, "uniform").pvalue > 0.01


def test_an_interval_of_an_excess_covers_a_true_effect() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(400):
        own, controls = exchangeable(rng, "normal")
        found = excess_over_controls(own + 0.8, controls)
        held += found.interval.low <= 0.8 <= found.interval.high
    assert 0.92 < held / 400 < 0.98


def test_what_activity_alone_explains_is_no_excess() -> None:
    rng, outside, blamed = np.random.default_rng(0), [], []
    for _ in range(800):
        # the unit is the most active one, and what is lost grows with activity
        activity = np.array([1.1, *rng.uniform(0.5, 0.9, 20)])
        effects = activity[:, None] + rng.normal(0, 0.05, (21, 1)) + rng.normal(0, 0.1, (21, 30))
        found = excess_over_controls(effects[0], effects[1:], activity)
        outside.append(found.interval.low > 0 or found.interval.high < 0)
        blamed.append(excess_over_controls(effects[0], effects[1:]).interval.low > 0)
    assert np.mean(outside) < 0.075 and np.mean(blamed) > 0.9
    real = excess_over_controls(effects[0] + 1, effects[1:], activity)
    assert real.value == pytest.approx(1, abs=0.3) and real.interval.low > 0
    assert real.p_value == pytest.approx(1 / 21)


def test_an_excess_that_every_image_and_draw_agrees_on_has_no_width() -> None:
    found = excess_over_controls(np.full(7, 1.5), np.full((5, 7), 0.5), np.zeros(6))
    assert (found.value, found.interval.low, found.interval.high) == (1.0, 1.0, 1.0)
    # one control says nothing of how much controls differ
    lonely = excess_over_controls(np.full(7, 1.5), np.full((1, 7), 0.5))
    assert lonely.value == 1 and math.isnan(lonely.interval.low)


@pytest.mark.parametrize("n", [2, 5, 50])
def test_the_difference_of_means_covers_the_truth_however_few_there_are(n: int) -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(400):
        found, interval = difference_of_means(rng.normal(1, 1, n), rng.normal(0, 2, 40))
        assert interval.low < found < interval.high
        held += interval.low <= 1 <= interval.high
    assert held / 400 > 0.92


def test_one_value_has_no_interval_and_equal_ones_no_width() -> None:
    found, interval = difference_of_means(np.array([3.0]), np.arange(5.0))
    assert found == 1 and math.isnan(interval.low) and math.isnan(interval.high)
    assert difference_of_means(np.ones(3), np.zeros(4)) == (1, Interval(1, 1))


def test_ranks_are_spearmans_and_equal_values_have_none() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    y = x + rng.normal(size=60)
    found, interval = rank_correlation(x, y, seed=0)
    assert found == pytest.approx(spearmanr(x, y).statistic)
    assert 0 < interval.low < found < interval.high < 1
    # any growing change of scale leaves ranks as they are
    assert rank_correlation(np.exp(x), y, seed=0) == (found, interval)
    nothing, unknown = rank_correlation(np.ones(9), np.arange(9.0), seed=0)
    assert math.isnan(nothing) and math.isnan(unknown.low)
    # most resamples of one odd value out of five have it; those without are left out
    rare, _ = rank_correlation(np.arange(5.0), np.array([0, 0, 0, 0, 1.0]), seed=0)
    assert rare > 0


def test_p_values_are_uniform_where_nothing_is_to_be_found() -> None:
    rng = np.random.default_rng(0)
    found = np.array([p_of_draws(*_null(rng, 99)) for _ in range(4000)])
    for level in (0.01, 0.05, 0.2, 0.5):
        assert (found <= level).mean() == pytest.approx(level, abs=3 * math.sqrt(level / 4000))
    assert p_of_draws(3.0, [1.0, 2.0, 3.0]) == 2 / 4
    assert p_of_draws(9.0, [1.0, 2.0, 3.0]) == 1 / 4


def _null(rng: np.random.Generator, n: int) -> tuple[float, np.ndarray]:
    drawn = rng.normal(size=n + 1)
    return float(drawn[0]), drawn[1:]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7), st.floats(0.001, 0.999))
def test_holm_rejects_what_the_step_down_procedure_rejects(
    p_values: list[float], level: float
) -> None:
    adjusted = holm(p_values)
    # brute force: test the smallest of those left against level / left, and stop at the first miss
    rejected: set[int] = set()
    left = list(range(len(p_values)))
    while left:
        smallest = min(left, key=lambda i: p_values[i])
        if p_values[smallest] * len(left) > level:
            break
        rejected.add(smallest)
        left.remove(smallest)
    assert {i for i in range(len(p_values)) if adjusted[i] <= level} == rejected


def test_holm_keeps_the_chance_of_one_false_finding() -> None:
    rng = np.random.default_rng(0)
    false = [holm(rng.uniform(size=12)).min() <= 0.05 for _ in range(3000)]
    assert np.mean(false) == pytest.approx(0.05, abs=0.015)


def test_benjamini_hochberg_keeps_the_share_of_false_findings() -> None:
    rng, shares, power = np.random.default_rng(0), [], []
    for _ in range(600):
        # 30 tests of nothing, and 20 of a clear effect
        z = rng.normal(size=50) + 3 * (np.arange(50) >= 30)
        found = benjamini_hochberg(norm.sf(z)) <= 0.1
        shares.append(found[:30].sum() / max(found.sum(), 1))
        power.append(found[30:].mean())
    # its bound is the level times the share of tests of nothing
    assert np.mean(shares) == pytest.approx(0.06, abs=0.01)
    assert np.mean(power) > 0.8
    assert benjamini_hochberg([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.04, 0.04])
    factor = 1 + 1 / 2 + 1 / 3
    any_way = benjamini_yekutieli([0.01, 0.04, 0.03]).tolist()
    assert any_way == pytest.approx([0.03 * factor, 0.04 * factor, 0.04 * factor])


def test_a_number_is_told_with_its_interval_and_what_rounds_to_zero_has_no_sign() -> None:
    assert Interval(-0.004, 0.126).beside(0.05) == "0.05 (0.00 to 0.13)"
    assert Interval(-0.2, 0.12).beside(-0.001, ".0%") == "0% (-20% to 12%)"
    assert Interval(-10.04, float("nan")).beside(-float("inf"), ".1f") == "-inf (-10.0 to nan)"
