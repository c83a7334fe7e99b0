"""How sure is a number? Intervals, resampling, p values and many tests, each with its source."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

# how often is resampled, and the quantiles of what that gives: 95 %
_N_RESAMPLES, _TAILS = 2000, (0.025, 0.975)


@dataclass(frozen=True)
class Interval:
    """A two-sided confidence interval.

    Parameters
    ----------
    low, high : float
        The bounds, in the unit of the number that they belong to.
    confidence : float in (0, 1)
        The nominal coverage.
    """

    low: float
    high: float
    confidence: float = 0.95

    def scaled(self, factor: float) -> Interval:
        """Give the interval of the number times ``factor`` (>= 0)."""
        return Interval(self.low * factor, self.high * factor, self.confidence)

    def beside(self, value: float, form: str = ".2f") -> str:
        """Write a number with its interval, as in ``0.41 (0.37 to 0.45)``; 0 has no sign."""
        told, low, high = (_unsigned(f"{each:{form}}") for each in (value, self.low, self.high))
        return f"{told} ({low} to {high})"


def _unsigned(told: str) -> str:
    # what rounds to zero has no sign
    return told.lstrip("+-") if not re.search("[1-9a-z]", told) else told


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Interval of a proportion by Wilson's score method.

    Parameters
    ----------
    successes, n : int
        ``0 <= successes <= n``, ``n >= 1``.
    confidence : float in (0, 1)

    Returns
    -------
    Interval
        Bounds in [0, 1].

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    bounds = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return Interval(float(bounds.low), float(bounds.high), confidence)


def wilson_bounds(
    successes: NDArray[np.integer], n: NDArray[np.integer] | int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the bounds of `wilson` at 95 % for many proportions at once.

    Parameters
    ----------
    successes : ndarray of int
    n : int or ndarray of int, >= 1

    Returns
    -------
    ndarray of float64, ndarray of float64
        Lower and upper bounds, in [0, 1].
    """
    z = float(stats.norm.ppf(_TAILS[1]))
    share = np.asarray(successes, np.float64) / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(middle - reach, 0.0), np.minimum(middle + reach, 1.0)


@dataclass(frozen=True)
class Share:
    """How many of how many, with Wilson's 95 % interval."""

    successes: int
    n: int

    @property
    def value(self) -> float:
        """In [0, 1]; nan of none."""
        return self.successes / self.n if self.n else float("nan")

    @property
    def interval(self) -> Interval:
        """Of the value; nan of none."""
        return wilson(self.successes, self.n) if self.n else Interval(float("nan"), float("nan"))

    def __str__(self) -> str:
        if not self.n:
            return "-"
        low, high = self.interval.low, self.interval.high
        return f"{self.value:.3f} ({low:.3f} to {high:.3f}, n = {self.n:,})"


def skewness(values: NDArray[np.floating]) -> float:
    """Third standardised moment (Fisher-Pearson, biased); nan where all values are equal.

    Large and positive says that a few images drive the unit far above the rest. It does not say
    that those images have anything in common.
    """
    values = np.asarray(values, dtype=np.float64)
    # equal values have no shape; asking scipy for it warns about cancellation
    if values.size == 0 or np.ptp(values) == 0:
        return float("nan")
    return float(stats.skew(values))


def auc(
    positive: NDArray[np.floating], negative: NDArray[np.floating], *, confidence: float = 0.95
) -> tuple[float, Interval]:
    """Area under the ROC curve, with DeLong's interval.

    Parameters
    ----------
    positive, negative : ndarray of float
        Scores of either kind, two or more each.
    confidence : float in (0, 1)

    Returns
    -------
    float, Interval
        In [0, 1]; ties count half. The interval is cut at 0 and 1, and empty where every positive
        score is above every negative one.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson, "Comparing the areas under two or more correlated receiver
    operating characteristic curves", Biometrics 1988; by ranks, Sun and Xu 2014.
    """
    m, n = len(positive), len(negative)
    ranks = stats.rankdata(np.concatenate([positive, negative]))
    within_positive, within_negative = stats.rankdata(positive), stats.rankdata(negative)
    above = (ranks[:m] - within_positive) / n
    below = 1 - (ranks[m:] - within_negative) / m
    area = float(above.mean())
    error = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    reach = float(stats.norm.ppf(0.5 + confidence / 2)) * error
    return area, Interval(max(0.0, area - reach), min(1.0, area + reach), confidence)


def resampled(draw: Callable[[np.random.Generator], float], seed: int) -> Interval:
    """Give the 95 % interval of a number by the percentile bootstrap, from 2,000 resamples.

    Parameters
    ----------
    draw : callable
        Resamples with the generator that it is given, and measures; nan where a resample has no
        such number, such as a correlation of equal values: those are left out.
    seed : int

    Returns
    -------
    Interval
        nan if no resample had a number. Of few or skewed values it is too narrow.

    References
    ----------
    Efron and Tibshirani, "An introduction to the bootstrap", 1993, section 13.3.
    """
    random = np.random.default_rng(seed)
    drawn = np.array([draw(random) for _ in range(_N_RESAMPLES)])
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(known, _TAILS)
    return Interval(float(low), float(high))


def difference_of_means(
    first: NDArray[np.floating], second: NDArray[np.floating]
) -> tuple[float, Interval]:
    """Compare the means of two independent samples, which may be as small as two.

    Parameters
    ----------
    first, second : ndarray of float, (n,) and (m,)

    Returns
    -------
    float, Interval
        First minus second, and its interval: 95 % or more by Student's t with the degrees of
        freedom of the smaller sample; nan of a sample of one, which does not say how much such
        values differ. A bootstrap of two values covers 66 %.

    References
    ----------
    Welch, "The generalization of 'Student's' problem when several different population variances
    are involved", Biometrika 1947: his degrees of freedom are these or more.
    """
    value, fewest = float(first.mean() - second.mean()), min(len(first), len(second))
    if fewest < 2:
        return value, Interval(float("nan"), float("nan"))
    error = np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))
    reach = float(stats.t.ppf(_TAILS[1], fewest - 1)) * float(error)
    return value, Interval(value - reach, value + reach)


def rank_correlation(
    x: NDArray[np.floating], y: NDArray[np.floating], seed: int
) -> tuple[float, Interval]:
    """Give Spearman's correlation of pairs, with its 95 % interval by resampling pairs.

    Parameters
    ----------
    x, y : ndarray of float, (pairs,)
    seed : int

    Returns
    -------
    float in [-1, 1], Interval
        nan where all values of one of them are equal: these have no ranks.

    References
    ----------
    Spearman, "The proof and measurement of association between two things", American Journal of
    Psychology 1904.
    """
    random = np.random.default_rng(seed)
    n = len(x)
    rows = np.stack([np.arange(n), *(random.integers(0, n, n) for _ in range(_N_RESAMPLES))])
    ways = [stats.rankdata(each[rows], axis=1) - (n + 1) / 2 for each in (x, y)]
    lengths = np.prod([np.linalg.norm(each, axis=1) for each in ways], axis=0)
    products = (ways[0] * ways[1]).sum(1)
    # equal values have no ranks to go together
    found = np.divide(products, lengths, out=np.full(len(rows), np.nan), where=lengths > 0)
    if np.isnan(found[0]):
        return float("nan"), Interval(float("nan"), float("nan"))
    low, high = np.nanquantile(found[1:], _TAILS)
    return float(found[0]), Interval(float(low), float(high))


def p_of_draws(found: float, draws: Sequence[float] | NDArray[np.number]) -> float:
    """Give the one-sided p value of a number among what chance draws give.

    Parameters
    ----------
    found : float
    draws : sequence of float
        The same number of draws where nothing is to be found: shuffled labels, random units.

    Returns
    -------
    float in (0, 1]
        The share of the draws, this number counted in, that are as large: never below
        ``1 / (1 + len(draws))``.

    References
    ----------
    Phipson and Smyth, "Permutation p-values should never be zero", Statistical Applications in
    Genetics and Molecular Biology 2010.
    """
    return float((1 + int((np.asarray(draws) >= found).sum())) / (1 + len(draws)))


def holm(p_values: Sequence[float] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Adjust p values of several tests: below 0.05, the chance of one false finding is too.

    Parameters
    ----------
    p_values : sequence of float in [0, 1]
        Of tests that may depend on each other in any way.

    Returns
    -------
    ndarray of float64, (tests,)
        In [0, 1], in the order given.

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 1979.
    """
    values = np.asarray(p_values, np.float64)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty(len(values))
    # the k-th smallest is one of so many that are still to be tested
    steps = values[order] * np.arange(len(values), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def benjamini_hochberg(p_values: Sequence[float] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Adjust p values of many tests: of those below 0.05, on average 5 % at most are false.

    Parameters
    ----------
    p_values : sequence of float in [0, 1]
        Of tests that are independent, or depend on each other positively.

    Returns
    -------
    ndarray of float64, (tests,)
        In [0, 1], in the order given.

    References
    ----------
    Benjamini and Hochberg, "Controlling the false discovery rate", Journal of the Royal Statistical
    Society B 1995.
    """
    values = np.asarray(p_values, np.float64)
    adjusted: NDArray[np.float64] = stats.false_discovery_control(values)
    return adjusted


def benjamini_yekutieli(p_values: Sequence[float] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Adjust p values as `benjamini_hochberg`, of tests that may depend on each other in any way.

    Parameters
    ----------
    p_values : sequence of float in [0, 1]

    Returns
    -------
    ndarray of float64, (tests,)
        In [0, 1], in the order given; larger than those of `benjamini_hochberg`.

    References
    ----------
    Benjamini and Yekutieli, "The control of the false discovery rate in multiple testing under
    dependency", Annals of Statistics 2001.
    """
    values = np.asarray(p_values, np.float64)
    adjusted: NDArray[np.float64] = stats.false_discovery_control(values, method="by")
    return adjusted


@dataclass(frozen=True)
class Excess:
    """How far the effect of one intervention lies above that of control interventions.

    Parameters
    ----------
    value : float
        The effect minus what controls would do, in the effect's unit.
    interval : Interval
        95 %, of the value: an intervention that is no other than its controls lies outside of it,
        on either side of 0, in about 5 % of cases. nan of fewer than two controls.
    p_value : float in (0, 1]
        One-sided: the share of controls, this intervention counted in, with as large an effect.
    """

    value: float
    interval: Interval
    p_value: float


def excess_over_controls(
    own: NDArray[np.floating],
    controls: NDArray[np.floating],
    activity: NDArray[np.floating] | None = None,
) -> Excess:
    """Compare an intervention with controls, which differ among themselves too.

    The interval is a prediction interval: it takes in how much one control differs from another,
    and is never narrower than the images alone make it. An interval of the controls' mean would
    call every second control an effect.

    Parameters
    ----------
    own : ndarray of float, (images,)
        What the intervention does to each image.
    controls : ndarray of float, (draws, images)
        What each control does to the same images; no control twice.
    activity : ndarray of float, (1 + draws,), optional
        How active what is intervened on is, the intervention's own first. Given, what a control of
        the own activity would do is read off a line through the controls: outside of their range
        that is an extrapolation, and the interval widens with the distance. Not used where all
        controls are equally active.

    Returns
    -------
    Excess

    References
    ----------
    Prediction interval of a new observation, without and with a regressor: Montgomery, Peck,
    Vining, "Introduction to linear regression analysis", 2012, section 2.5. That effects of
    controls are about normal is assumed by the interval, not by the p value.
    """
    effects = np.concatenate([[own.mean()], controls.mean(1)]).astype(np.float64)
    k, others = len(controls), effects[1:]
    design = np.ones((1 + k, 1))
    if activity is not None and k > 2 and np.ptp(activity[1:]) > 0:
        design = np.column_stack([design, np.asarray(activity, np.float64)])
    line, *_ = np.linalg.lstsq(design[1:], others, rcond=None)
    value, free = float(effects[0] - design[0] @ line), k - design.shape[1]
    p_value = _p_of_residuals(design, effects)
    if free < 1:
        return Excess(value, Interval(float("nan"), float("nan")), p_value)
    leverage = float(design[0] @ np.linalg.pinv(design[1:].T @ design[1:]) @ design[0])
    left = others - design[1:] @ line
    by_controls = float(left @ left) / free * (1 + leverage)
    by_images = float(np.var(own - controls.mean(0), ddof=1)) / len(own) if len(own) > 1 else 0.0
    reach = float(stats.t.ppf(_TAILS[1], free)) * float(np.sqrt(max(by_controls, by_images)))
    return Excess(value, Interval(value - reach, value + reach), p_value)


def _p_of_residuals(design: NDArray[np.float64], effects: NDArray[np.float64]) -> float:
    """Rank the first effect among all by its distance from a line (or the mean) of all of them."""
    hat = design @ np.linalg.pinv(design)
    # one that lies far aside pulls the line to itself: each distance is scaled by its own pull
    free = np.sqrt(np.maximum(1 - np.diag(hat), 1e-12))
    distances = (effects - hat @ effects) / free
    return p_of_draws(float(distances[0]), distances[1:] + 1e-12)
