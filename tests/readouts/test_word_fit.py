"""A word's equation comes back with its signs, and its exam is held by words it has not seen."""

from __future__ import annotations

import numpy as np

from neurons.readouts.word_fit import (
    fit_quickly,
    fit_word,
    held_out_auc,
    list_path,
    mixed_words,
    shares_of_resamples,
)
from tests.readouts.planted_words import BORED, EQUATION, UNITS, directions, nothing_shared, wired

SHARES = (0.5, 0.2, 0.1)


def signs(coefficients: np.ndarray) -> dict[int, int]:
    return {int(i): int(np.sign(coefficients[i])) for i in np.flatnonzero(coefficients)}


def test_a_wired_equation_comes_back_with_its_signs_and_least_squares_does_not() -> None:
    n_found, n_squares, n_largest = 0, 0, 0
    for seed in range(5):
        weights = wired(seed=seed).unit_weights(directions())
        fitted = fit_word(weights, BORED, SHARES)
        assert max(fitted.gaps) < 2e-3
        n_found += signs(fitted.coefficients[-1]) == EQUATION
        rows = weights.reshape(-1, UNITS)
        labels = np.repeat(np.arange(len(weights)) == BORED, 3).astype(float)
        squares, *_ = np.linalg.lstsq(rows - rows.mean(0), labels - labels.mean(), rcond=None)
        n_squares += signs(squares) == EQUATION
        largest = set(np.argsort(-np.abs(squares))[:3].tolist())
        n_largest += largest == set(EQUATION)
    assert (n_found, n_squares) == (5, 0)
    # nor do the largest of its coefficients say which units were wired
    assert n_largest <= 1


def test_the_quick_fit_is_the_certified_one() -> None:
    weights = wired().unit_weights(directions())
    fitted = fit_word(weights, BORED, (0.3, 0.1))
    for share, certified in zip(fitted.strengths, fitted.coefficients, strict=True):
        quick = fit_quickly(weights, BORED, share=share)
        np.testing.assert_allclose(quick, certified, atol=0.02)
        assert set(np.flatnonzero(np.abs(quick) > 0.02)) == set(np.flatnonzero(certified))


def test_coefficients_of_a_wired_equation_come_back_in_resamples_and_random_ones_do_not() -> None:
    for texts, most in ((wired(), True), (nothing_shared(), False)):
        weights = texts.unit_weights(directions())
        fitted = fit_word(weights, BORED, (0.1,))
        found = shares_of_resamples(
            weights,
            BORED,
            0.1 * fitted.first,
            fitted.coefficients[0],
            n_resamples=40,
            seed=0,
            progress=lambda done, total: None,
        )
        assert (found.max() >= 0.9) == most, found.max()
        assert (found[fitted.coefficients[0] == 0] == 0).all()


def test_held_out_words_are_whole_words() -> None:
    # a word whose prompts share nothing is found at chance, which it is not among words that the
    # equation was fitted to reject
    found = []
    for seed in range(6):
        weights = nothing_shared(seed=seed).unit_weights(directions())
        found.append(held_out_auc(weights, BORED, 0.2, seed=seed))
    assert 0.3 < np.mean(found) < 0.66, found
    # each other word has a unit of its own: were it fitted, it would be known by heart
    for seed in range(6):
        random = np.random.default_rng(seed)
        own = 3 * np.repeat(np.eye(20)[:, None], 3, axis=1)
        own[BORED] = 0
        own += 0.1 * random.standard_normal(own.shape)
        found.append(held_out_auc(own.astype(np.float32), BORED, 0.1, seed=seed))
    assert 0.4 < np.mean(found[6:]) < 0.6, found
    assert held_out_auc(wired().unit_weights(directions()), BORED, 0.1, seed=0) > 0.85


def test_a_mixed_word_is_another_word_in_each_prompt_and_those_are_left_out() -> None:
    weights = wired(noise=0).unit_weights(directions())
    (mixed,) = mixed_words(weights, 3, 1, seed=0)
    assert len(mixed) == len(weights) - 2
    sources = [
        [i for i in range(len(weights)) if np.array_equal(weights[i, p], mixed[0, p])]
        for p in range(3)
    ]
    drawn = {i for each in sources for i in each}
    assert len(drawn) == 3 and 3 not in drawn
    for rows in mixed[1:]:
        whole = [i for i in range(len(weights)) if np.array_equal(weights[i], rows)]
        assert len(whole) == 1 and whole[0] not in drawn


def test_a_list_has_more_units_a_word_as_the_strength_falls() -> None:
    steps = list_path(wired().unit_weights(directions()), count=5, span=0.05)
    assert steps[0].units_per_word == 0 and np.isnan(steps[0].share_negative)
    assert 1 < steps[-1].units_per_word and 0 <= steps[-1].share_negative < 0.5
    assert max(step.gap for step in steps) < 2e-3
