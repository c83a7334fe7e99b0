from __future__ import annotations

import numpy as np
import pytest
import torch

from neurons.errors import OptionError
from neurons.sparse.features import Features
from neurons.sparse.newton import Solution
from neurons.sparse.path import (
    PathStep,
    Strengths,
    UnitsPerClass,
    best,
    first_strength,
    follow,
    judge,
    one_standard_error,
    penalty_of,
)
from neurons.sparse.problem import Penalty, Problem
from tests.sparse.planted import planted


def problem(seed: int = 0) -> Problem:
    data = planted(400, 12, 3, 2, seed)
    return Problem(Features(data.X), torch.from_numpy(data.y), 3)


def step(loss: float, units: float, error: float = 0.1) -> PathStep:
    return PathStep(1.0, 0.0, True, 1, units, 1, loss, error, 0.5)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_no_unit_is_used_at_the_first_strength_and_one_just_below_it(l1_ratio: float) -> None:
    given = problem()
    first = first_strength(given, l1_ratio)
    found = dict(follow(given, [first * 1.0001, first * 0.97], l1_ratio=l1_ratio, tolerance=1e-8))
    assert int((found[0].weights != 0).sum()) == 0
    assert int((found[1].weights != 0).sum()) >= 1


def test_strengths_fall_by_equal_factors_from_the_first_to_their_span() -> None:
    given = problem()
    strengths = Strengths(5, 0.01).of(given, 1.0)
    assert strengths[0] == first_strength(given, 1.0)
    assert strengths[-1] == pytest.approx(0.01 * strengths[0])
    ratios = np.divide(strengths[1:], strengths[:-1])
    assert np.allclose(ratios, 0.01**0.25)


def test_a_strength_is_split_as_scikit_learn_splits_it() -> None:
    assert penalty_of(2.0, 0.25) == Penalty(0.5, 1.5)
    assert penalty_of(2.0, 1.0) == Penalty(2.0, 0.0)
    for strength, ratio in ((0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (1.0, 1.5)):
        with pytest.raises(OptionError):
            penalty_of(strength, ratio)


def test_a_path_that_goes_on_ends_in_the_same_bits() -> None:
    given = problem()
    strengths = Strengths(5, 0.05).of(given, 1.0)
    whole = dict(follow(given, strengths))
    done = {i: (whole[i].weights, whole[i].intercepts) for i in range(3)}
    rest = dict(follow(given, strengths, stored=done.get))
    assert list(rest) == [3, 4]
    for i in rest:
        assert torch.equal(rest[i].weights, whole[i].weights)
        assert torch.equal(rest[i].intercepts, whole[i].intercepts)


def test_a_step_is_judged_as_by_hand() -> None:
    weights = torch.tensor([[0.0, 2.0], [0.0, 0.0], [1.0, -1.0]])
    solution = Solution(weights, torch.zeros(2), Penalty(0.1), 2.0, 0.02, True, 7)
    logits = np.array([[0.0, 0.0], [np.log(3), 0.0], [0.0, np.log(3)]])
    found = judge(0.1, solution, logits, np.array([0, 0, 0]))
    losses = np.log([2, 4 / 3, 4])
    assert found.loss == pytest.approx(losses.mean())
    assert found.loss_error == pytest.approx(losses.std(ddof=1) / np.sqrt(3))
    # of equal logits the first class counts
    assert found.accuracy == pytest.approx(2 / 3)
    assert (found.units_per_class, found.n_units) == (1.5, 2)
    assert (found.gap, found.converged, found.passes) == (0.01, True, 7)


def test_a_weight_is_as_many_images() -> None:
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(5, 3)), np.array([0, 1, 2, 0, 1])
    times = np.array([1, 3, 0, 2, 4])
    solution = Solution(torch.zeros(2, 3), torch.zeros(3), Penalty(0.1), 2.0, 0.02, True, 7)
    weighed = judge(0.1, solution, logits, labels, times)
    repeated = judge(0.1, solution, np.repeat(logits, times, 0), np.repeat(labels, times))
    assert weighed.loss == pytest.approx(repeated.loss)
    assert weighed.accuracy == pytest.approx(repeated.accuracy)
    # five images that are copied are no more than five
    assert weighed.loss_error > repeated.loss_error
    equal = judge(0.1, solution, logits, labels, np.full(5, 7.0))
    assert equal == judge(0.1, solution, logits, labels)


def test_a_loss_that_is_no_number_is_told() -> None:
    for rule in (best, one_standard_error):
        with pytest.raises(OptionError, match="1 of 2 strengths is not a finite number"):
            rule([step(1.0, 0), step(float("nan"), 3)])


def test_the_sparsest_within_one_standard_error_of_the_best_is_chosen() -> None:
    steps = [step(1.3, 0), step(1.1, 1, 0.5), step(1.0, 4, 0.1), step(1.05, 9)]
    assert best(steps) == 2
    # the error of the best counts, not that of the candidate
    assert one_standard_error(steps) == 1
    assert one_standard_error([step(1.3, 0), step(1.2, 1, 0.5), step(1.0, 4, 0.1)]) == 2


def test_of_two_equally_near_numbers_of_units_the_sparser_is_chosen() -> None:
    assert UnitsPerClass(3)([step(1, 0), step(1, 2), step(1, 4), step(1, 9)]) == 1
