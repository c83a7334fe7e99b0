"""Which few units tell a word from the other words of a list, by what they add to its score?

The rows are texts (a word in a prompt), their features the units' weights in its score, and the
answer is whether the text has the word: an L1 logistic regression, with the word's texts and all
others weighing the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from neurons.sparse.features import Features
from neurons.sparse.path import Strengths, follow
from neurons.sparse.problem import Problem

Weights = NDArray[np.float32]
Progress = Callable[[int, int], None]

_LEAST = 1e-30


@dataclass(frozen=True)
class FittedWord:
    """A word's equations along a path of strengths.

    Parameters
    ----------
    strengths : tuple of float
        Descending, in shares of the first: the smallest at which no unit is used.
    first : float
        That strength.
    coefficients : ndarray of float32, (strengths, units)
        Change of the log odds that a text has the word, for one standard deviation (of all
        weights of all texts) more in the unit's weight.
    gaps : tuple of float
        Duality gaps, in shares of the objective.
    """

    strengths: tuple[float, ...]
    first: float
    coefficients: NDArray[np.float32]
    gaps: tuple[float, ...]


def fit_word(weights: Weights, word: int, shares: Sequence[float]) -> FittedWord:
    """Fit the equation of one word, with a certificate of how close it is to the best.

    Parameters
    ----------
    weights : ndarray of float32, (words, prompts, units)
        What each unit adds to each text's score.
    word : int
    shares : sequence of float in (0, 1]
        Strengths, descending, in shares of the smallest at which no unit is used.
    """
    table = _Rows.of(weights, word)
    alike = torch.from_numpy(table.shares)
    features = Features(table.rows, weights=alike, standardise=False)
    problem = Problem(features, torch.from_numpy(table.labels), 2, alike)
    first = max(problem.strongest(), _LEAST)
    found, gaps = [], []
    for _, step in follow(problem, [first * each for each in shares]):
        found.append((step.weights[:, 1] - step.weights[:, 0]).numpy())
        gaps.append(step.relative_gap)
    return FittedWord(tuple(shares), first, np.stack(found), tuple(gaps))


def fit_quickly(
    weights: Weights,
    word: int,
    *,
    strength: float | None = None,
    share: float = 1.0,
    counts: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> NDArray[np.float64]:
    """Fit the same equation at one strength without a certificate, (units,).

    It is ten times as fast on so few rows, and serves for fits that are only counted.

    Parameters
    ----------
    weights : ndarray of float32, (words, prompts, units)
    word : int
    strength : float, optional
        As it is; default: ``share`` of the smallest at which no unit is used.
    share : float in (0, 1)
    counts : tuple of ndarray, (words,) and (prompts,), optional
        How often each word and each prompt was drawn; default: once.
    """
    table = _Rows.of(weights, word, counts)
    at = share * table.first() if strength is None else strength
    # liblinear shrinks the intercept, too, unless it is counted in large steps
    fitted = LogisticRegression(
        l1_ratio=1.0,
        solver="liblinear",
        C=1 / max(at, _LEAST),
        intercept_scaling=100.0,
        max_iter=5000,
        tol=1e-3,
        random_state=0,
    ).fit(table.rows.astype(np.float64), table.labels, sample_weight=table.shares)
    found: NDArray[np.float64] = fitted.coef_[0]
    return found


@dataclass(frozen=True)
class _Rows:
    """The texts of a list as rows of a regression: those with the word, and all others."""

    rows: Weights
    labels: NDArray[np.int64]
    shares: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        weights: Weights,
        word: int,
        counts: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    ) -> _Rows:
        words, prompts = counts or (np.ones(weights.shape[0]), np.ones(weights.shape[1]))
        told = weights[words > 0][:, prompts > 0]
        drawn, said = words[words > 0], prompts[prompts > 0]
        others = np.arange(len(words))[words > 0] != word
        # what a sentence has in common is no word's
        mean = np.einsum("wpu,w->pu", told[others], drawn[others] / drawn[others].sum())
        rows = ((told - mean) / max(float(weights.std()), _LEAST)).reshape(-1, weights.shape[2])
        labels = np.repeat(~others, len(said)).astype(np.int64)
        shares = np.outer(drawn, said).ravel()
        for side in (0, 1):
            shares[labels == side] /= 2 * shares[labels == side].sum()
        return cls(np.ascontiguousarray(rows, np.float32), labels, shares)

    def first(self) -> float:
        """Give the smallest strength at which no unit is used."""
        # at no weights the intercept makes both sides equally likely
        residuals = self.shares * (self.labels - 0.5)
        return float(np.abs(self.rows.T.astype(np.float64) @ residuals).max())


def shares_of_resamples(
    weights: Weights,
    word: int,
    strength: float,
    signs: NDArray[np.floating],
    *,
    n_resamples: int,
    seed: int,
    progress: Progress,
) -> NDArray[np.float64]:
    """Give in which share of resamples each unit has a coefficient of its sign, (units,).

    Other words are drawn anew with replacement, and so are prompts; the word itself stays.

    Parameters
    ----------
    weights : ndarray of float32, (words, prompts, units)
    word : int
    strength : float
        As it is, not as a share.
    signs : ndarray, (units,)
        Of the coefficients of all words and prompts; 0 for units without.
    n_resamples : int
    seed : int
    progress : callable

    References
    ----------
    Meinshausen and Buehlmann, "Stability selection", JRSS B 2010.
    """
    random = np.random.default_rng(seed)
    n_words, n_prompts = weights.shape[:2]
    others = np.setdiff1d(np.arange(n_words), [word])
    came_back = np.zeros(weights.shape[2])
    for done in range(n_resamples):
        words = np.bincount(random.choice(others, len(others)), minlength=n_words).astype(float)
        words[word] = 1
        prompts = np.bincount(random.integers(0, n_prompts, n_prompts), minlength=n_prompts)
        again = fit_quickly(weights, word, strength=strength, counts=(words, prompts.astype(float)))
        came_back += (np.sign(again) == np.sign(signs)) & (signs != 0)
        progress(done + 1, n_resamples)
    return came_back / n_resamples


def held_out_auc(weights: Weights, word: int, share: float, *, seed: int) -> float:
    """Ask whether an equation finds its word in a prompt it has not seen, among words it has not.

    Each prompt in turn, and each half of the other words, is held out; a word's prompts are never
    parted between what fits and what tests.

    Returns
    -------
    float in [0, 1]
        Share of held-out words whose score in the held-out prompt is lower; 0.5 is chance.
    """
    n_words, n_prompts = weights.shape[:2]
    others = np.random.default_rng(seed).permutation(np.setdiff1d(np.arange(n_words), [word]))
    halves = others[::2], others[1::2]
    found = []
    for prompt in range(n_prompts):
        said = (np.arange(n_prompts) != prompt).astype(float)
        for fits, tests in (halves, halves[::-1]):
            words = np.zeros(n_words)
            words[[word, *fits]] = 1
            scores = weights[:, prompt] @ fit_quickly(
                weights, word, share=share, counts=(words, said)
            )
            below, equal = scores[tests] < scores[word], scores[tests] == scores[word]
            found.append(float((below + 0.5 * equal).mean()))
    return float(np.mean(found))


def mixed_words(weights: Weights, word: int, count: int, *, seed: int) -> list[Weights]:
    """Make lists in which the word is none: in each prompt it is another word of the list.

    Returns
    -------
    list of ndarray of float32, (words, prompts, units)
        With the mixed word in the word's place; the words that it is made of are left out.
    """
    random = np.random.default_rng(seed)
    n_words, n_prompts = weights.shape[:2]
    others = np.setdiff1d(np.arange(n_words), [word])
    made = []
    for _ in range(count):
        drawn = random.choice(others, n_prompts, replace=False)
        mixed = weights.copy()
        mixed[word] = weights[drawn, np.arange(n_prompts)]
        # the word itself takes the place of the first one, so that as many are left
        mixed[drawn[0]] = weights[word]
        kept = np.setdiff1d(np.arange(n_words), drawn[1:])
        # the mixed word stays where it was, first of all
        order = np.concatenate([[word], kept[kept != word]])
        made.append(mixed[order])
    return made


@dataclass(frozen=True)
class ListStep:
    """All equations of a list at one strength.

    Parameters
    ----------
    strength : float
        In shares of the smallest at which no word has a unit.
    units_per_word : float
        Mean number of units with a coefficient.
    share_negative : float in [0, 1]
        Share of coefficients below 0; nan where there is none.
    gap : float
        Duality gap, in shares of the objective.
    """

    strength: float
    units_per_word: float
    share_negative: float
    gap: float


def list_path(
    weights: Weights, *, count: int = 12, span: float = 0.05, most_units: float = 5.0
) -> tuple[ListStep, ...]:
    """Fit all words of a list at once, along a path that ends where words have many units.

    Parameters
    ----------
    weights : ndarray of float32, (words, prompts, units)
    count : int
        Strengths.
    span : float in (0, 1)
        The last one, in shares of the first.
    most_units : float
        Units a word at which the path ends.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021: multinomial
    logistic regression with an L1 penalty.
    """
    n_words, n_prompts, n_units = weights.shape
    rows = (weights - weights.mean(0, keepdims=True)) / max(float(weights.std()), 1e-30)
    features = Features(rows.reshape(-1, n_units).astype(np.float32), standardise=False)
    labels = torch.from_numpy(np.repeat(np.arange(n_words), n_prompts).astype(np.int64))
    problem = Problem(features, labels, n_words)
    strengths = Strengths(count, span).of(problem, 1.0)
    steps = []
    for i, solution in follow(problem, strengths):
        used = solution.weights != 0
        n_used = int(used.sum())
        negative = float((solution.weights < 0).sum()) / n_used if n_used else float("nan")
        steps.append(
            ListStep(strengths[i] / strengths[0], n_used / n_words, negative, solution.relative_gap)
        )
        if n_used >= most_units * n_words:
            break
    return tuple(steps)
