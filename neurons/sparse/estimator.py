"""How is a sparse probe fitted by those who know scikit-learn?"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from torch import Tensor

from neurons.errors import OptionError
from neurons.sparse.features import Features
from neurons.sparse.newton import Solution
from neurons.sparse.path import (
    Choose,
    PathStep,
    Strengths,
    first_strength,
    follow,
    judge,
    one_standard_error,
    penalty_of,
)
from neurons.sparse.problem import Problem


class SparseProbe(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Multinomial logistic regression with few weights, certified by a duality gap.

    Minimises the mean logarithmic loss + strength * (l1_ratio |W|_1 + (1 - l1_ratio) / 2 |W|_2^2)
    over standardised features, the intercept free: scikit-learn's ``LogisticRegression`` with
    ``C = 1 / (strength * sum of sample weights)``.

    Parameters
    ----------
    strength : float > 0, optional
        Default: a path of strengths, one chosen on held-out samples.
    n_strengths : int >= 2
        On the path, evenly spaced on a logarithmic scale, from the smallest at which no feature
        is used.
    span : float in (0, 1)
        The path's last strength, in shares of its first.
    choose : callable
        `one_standard_error`, `best` or ``UnitsPerClass(3)``: takes the path's steps, gives one's
        index.
    held_out : float in (0, 1)
        Share of the samples to choose by, stratified. They take no part in the fit.
    l1_ratio : float in (0, 1]
    standardise : bool
        Whether the penalty counts features in their standard deviations.
    tolerance : float
        Of the duality gap, in shares of the objective.
    most_passes : int
    random_state : int
        Which samples are held out.

    Attributes
    ----------
    classes_ : ndarray
    coef_ : ndarray, (classes, features)
        Of features as they come: a row for each class, also if there are two.
    intercept_ : ndarray, (classes,)
    scale_ : ndarray, (features,)
        Standard deviations; ``coef_ * scale_`` compares features, infinite where one is constant.
    strength_ : float
    steps_ : tuple of PathStep
        The path, empty if ``strength`` was given.
    gap_ : float
        The chosen solution's relative duality gap, in float64.
    n_iter_ : int
        Passes over the data, of the whole path.
    n_features_in_ : int

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021; Wong, Santurkar,
    Madry, "Leveraging sparse linear layers for debuggable deep networks", 2021.
    """

    def __init__(
        self,
        *,
        strength: float | None = None,
        n_strengths: int = 20,
        span: float = 0.02,
        choose: Choose = one_standard_error,
        held_out: float = 0.2,
        l1_ratio: float = 1.0,
        standardise: bool = True,
        tolerance: float = 1e-3,
        most_passes: int = 200,
        random_state: int = 0,
    ) -> None:
        self.strength = strength
        self.n_strengths = n_strengths
        self.span = span
        self.choose = choose
        self.held_out = held_out
        self.l1_ratio = l1_ratio
        self.standardise = standardise
        self.tolerance = tolerance
        self.most_passes = most_passes
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit.

        Parameters
        ----------
        X : ndarray or Tensor of float, (samples, features)
            A tensor is computed on where it lies.
        y : ndarray, (samples,)
        sample_weight : ndarray, (samples,), optional
            Counts where the probe is fitted and where its strength is chosen; a sample of weight 0
            takes part in neither.

        Raises
        ------
        OptionError
            If there are fewer than two classes, or a class has too few samples with a weight above
            0 to hold one out.
        """
        given = X if isinstance(X, Tensor) else None
        X, y = validate_data(
            self, X if given is None else given.detach().cpu().numpy(), y, dtype=_FLOATS
        )
        values = X if given is None else given.detach()
        check_classification_targets(y)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        self.classes_, labels = np.unique(y, return_inverse=True)
        present = np.bincount(labels, weights, len(self.classes_)) > 0
        if present.sum() < 2 or not present.all():
            raise OptionError(
                f"a probe tells classes apart: y has {len(present)}, and {int(present.sum())} of "
                f"them with a sample weight above 0 (one class is too few, an empty class cannot "
                f"be fitted)"
            )
        if self.strength is not None:
            problem = self._problem(values, labels, weights, np.arange(len(labels)))
            solution = self._last(problem, self.strength)
            self.strength_, self.n_iter_ = self.strength, solution.passes
            self.steps_: tuple[PathStep, ...] = ()
        else:
            problem, solution = self._along_path(values, labels, weights)
        if not solution.converged:
            warnings.warn(
                f"the duality gap is {solution.relative_gap:.1e} of the objective after "
                f"{solution.passes} passes, not {self.tolerance:.1e}; raise most_passes or "
                f"tolerance, or give float64",
                ConvergenceWarning,
                stacklevel=2,
            )
        scale = problem.features.scale.cpu().numpy()
        raw, intercepts = problem.features.unscaled(solution.weights, solution.intercepts)
        self.coef_ = raw.cpu().numpy().astype(X.dtype)
        self.intercept_ = intercepts.cpu().numpy().astype(X.dtype)
        self.scale_, self.gap_ = scale, solution.relative_gap
        return self

    def decision_function(self, X: Any) -> NDArray[np.floating]:
        """Give the logits: (samples, classes); with two classes the second minus the first."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: Any) -> NDArray[np.floating]:
        """Give the probability of each class: (samples, classes)."""
        logits = self._logits(X)
        chances = np.exp(logits - logits.max(1, keepdims=True))
        shares: NDArray[np.floating] = chances / chances.sum(1, keepdims=True)
        return shares

    def predict(self, X: Any) -> NDArray[Any]:
        """Give the most probable class: (samples,)."""
        best = self._logits(X).argmax(1)
        found: NDArray[Any] = self.classes_[best]
        return found

    def _logits(self, X: Any) -> NDArray[np.floating]:
        check_is_fitted(self)
        values = X.detach().cpu().numpy() if isinstance(X, Tensor) else X
        values = validate_data(self, values, dtype=_FLOATS, reset=False)
        logits: NDArray[np.floating] = values @ self.coef_.T + self.intercept_
        return logits

    def _problem(
        self,
        values: Any,
        labels: NDArray[np.intp],
        weights: NDArray[np.float64],
        rows: NDArray[np.intp],
    ) -> Problem:
        chosen = torch.from_numpy(weights[rows])
        features = Features(values, rows=rows, weights=chosen, standardise=self.standardise)
        return Problem(
            features, torch.from_numpy(labels[rows].astype(np.int64)), len(self.classes_), chosen
        )

    def _last(self, problem: Problem, strength: float) -> Solution:
        """Solve at one strength by a short path down to it, which is quicker than at once."""
        penalty_of(strength, self.l1_ratio)
        first = first_strength(problem, self.l1_ratio)
        n_between = 0 if strength >= first else int(np.ceil(np.log2(first / strength)))
        steps = np.geomspace(min(first, strength * 2**n_between), strength, n_between + 1)
        strengths = (*steps[:-1].tolist(), strength)
        found = [solution for _, solution in self._follow(problem, strengths)]
        return replace(found[-1], passes=sum(solution.passes for solution in found))

    def _follow(
        self, problem: Problem, strengths: Sequence[float]
    ) -> Iterator[tuple[int, Solution]]:
        return follow(
            problem,
            strengths,
            l1_ratio=self.l1_ratio,
            tolerance=self.tolerance,
            most_passes=self.most_passes,
        )

    def _along_path(
        self, values: Any, labels: NDArray[np.intp], weights: NDArray[np.float64]
    ) -> tuple[Problem, Solution]:
        rows, held = self._split(labels, weights)
        problem = self._problem(values, labels, weights, rows)
        # the held-out samples in the same scale
        chosen = Features(values, rows=held, moments=False)
        chosen.mean, chosen.scale = problem.features.mean, problem.features.scale
        strengths = Strengths(self.n_strengths, self.span).of(problem, self.l1_ratio)
        steps, solutions = [], []
        for i, solution in self._follow(problem, strengths):
            logits = torch.cat(
                [
                    chosen.times(block, solution.weights) + solution.intercepts
                    for _, block in chosen.blocks()
                ]
            )
            found = logits.double().cpu().numpy()
            steps.append(judge(strengths[i], solution, found, labels[held], weights[held]))
            solutions.append(solution)
        index = self.choose(steps)
        self.strength_, self.steps_ = strengths[index], tuple(steps)
        self.n_iter_ = sum(step.passes for step in steps)
        return problem, solutions[index]

    def _split(
        self, labels: NDArray[np.intp], weights: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Give the samples to fit to and those to choose by, of those that weigh anything."""
        used = np.flatnonzero(weights > 0)
        asked = f"cannot hold out {self.held_out:.0%} of {len(used)} samples of "
        mend = "to choose a strength by: {}; give more, or a strength"
        try:
            rows, held = train_test_split(
                used,
                test_size=self.held_out,
                stratify=labels[used],
                random_state=self.random_state,
            )
        except ValueError as error:
            raise OptionError(f"{asked}{len(self.classes_)} classes {mend.format(error)}") from None
        lost = np.setdiff1d(np.arange(len(self.classes_)), labels[rows])
        if len(lost):
            told = f"no sample of class {self.classes_[lost[0]]!r} is left to fit to"
            raise OptionError(f"{asked}{len(self.classes_)} classes {mend.format(told)}")
        return np.sort(rows), np.sort(held)


_FLOATS = [np.float64, np.float32]
