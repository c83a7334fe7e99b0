"""Scores equal those of scikit-learn and scipy, and notice missing and extra labels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from sklearn.metrics import f1_score

from neurons.activations.average_precision import average_precision, places
from neurons.activations.concept_scores import (
    best_thresholds,
    f1,
    over_chance,
    pearson,
    rank_sum_p,
)
from neurons.stats import auc

# of the images show the concept in the sanity checks; half as many, or twice, are labelled
GAMMA, N = 0.01, 40_000


@pytest.fixture(scope="module")
def some() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    shows = random.random(300) < 0.2
    # ties, as a ReLU gives
    peaks = np.maximum(random.normal(size=(300, 6)) + shows[:, None] * np.arange(6) / 2, 0)
    return np.round(peaks, 1).astype(np.float32), shows


def test_correlation_and_rank_sum_are_those_of_the_libraries(
    some: tuple[np.ndarray, np.ndarray],
) -> None:
    peaks, shows = some
    for i, column in enumerate(peaks.T):
        assert pearson(peaks, shows)[i] == pytest.approx(np.corrcoef(column, shows)[0, 1])
        theirs = mannwhitneyu(column[shows], column[~shows], alternative="greater")
        assert rank_sum_p(peaks, shows)[i] == pytest.approx(theirs.pvalue, rel=1e-4)


def test_a_silent_unit_knows_nothing() -> None:
    silent, shows = np.full((50, 1), 0.1, np.float32), np.arange(50) < 10
    assert pearson(silent, shows)[0] == 0 and rank_sum_p(silent, shows)[0] == 1
    assert over_chance(average_precision(places(silent)[shows]), 0.2)[0] == pytest.approx(0)


def test_the_threshold_is_the_best_there_is(some: tuple[np.ndarray, np.ndarray]) -> None:
    peaks, shows = some
    found = best_thresholds(peaks, shows)
    for i, column in enumerate(peaks.T):
        every = [f1_score(shows, column >= t) for t in np.unique(column)]
        reached = f1(peaks, shows, found)[i]
        assert reached == pytest.approx(max(every))
        assert reached == pytest.approx(f1_score(shows, column >= found[i]))


def test_p_values_of_units_that_know_nothing_are_uniform() -> None:
    random = np.random.default_rng(1)
    shows = np.arange(400) < 30
    p_values = rank_sum_p(random.normal(size=(400, 3000)).astype(np.float32), shows)
    for at in (0.01, 0.05, 0.5):
        assert (p_values <= at).mean() == pytest.approx(at, abs=3 * np.sqrt(at / 3000))


def checked(n_labelled: int) -> tuple[np.ndarray, np.ndarray]:
    """A concept and a unit that says where it is, with labels that lack half or are doubled."""
    truth = np.zeros(N, np.float32)
    truth[: int(GAMMA * N)] = 1
    labels = np.zeros(N, np.float32)
    labels[:n_labelled] = 1
    return truth, labels


def auprc(scores: np.ndarray, shows: np.ndarray) -> float:
    return float(average_precision(places(scores[:, None])[shows > 0])[0])


def test_missing_and_extra_labels_are_noticed_though_the_concept_is_rare() -> None:
    # table 2 of Oikarinen et al. 2025: the change against a perfect unit, with the unit as truth
    half, double = int(GAMMA * N) // 2, int(GAMMA * N) * 2
    for n_labelled, of_pearson, of_auprc in ((half, -0.147, -0.495), (double, -0.148, -0.500)):
        unit, labels = checked(n_labelled)
        # they map a correlation to [0, 1]
        changed = (pearson(unit[:, None], labels > 0)[0] - 1) / 2
        assert changed == pytest.approx(of_pearson, abs=6e-4)
        assert auprc(labels, unit) - 1 == pytest.approx(of_auprc, abs=6e-4)
        score = f1(labels[:, None], unit > 0, np.array([0.5]))[0]
        assert score - 1 == pytest.approx(-1 / 3, abs=1e-3)
        # ours runs the other way, from the unit to the concept, and notices both as well
        assert auprc(unit, labels) - 1 < -0.48
        assert f1(unit[:, None], labels > 0, np.array([0.5]))[0] - 1 == pytest.approx(
            -1 / 3, abs=0.01
        )


def test_auc_and_accuracy_do_not_notice_extra_labels() -> None:
    # the reason why neither is an exam here
    unit, labels = checked(int(GAMMA * N) * 2)
    area, _ = auc(labels[unit > 0], labels[unit == 0])
    assert area > 0.99
    assert (unit == labels).mean() > 0.98
