"""The few statistics that every study shares, each with its source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats


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
