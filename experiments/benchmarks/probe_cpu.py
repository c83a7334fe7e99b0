"""How much faster is the sparse probe than scikit-learn's SAGA, and than FISTA, on this CPU?

Ours takes a whole path in float32, each strength to a duality gap of 1e-3 of the objective,
certified in float64. At a few of the strengths the others start from our solution of the strength
before, as on a path of theirs, and run until they reach the same objective, within 1e-5 of it; they
certify nothing. SAGA is given ``--epochs``; where it has not arrived, its time is a lower bound of
what it needs. No other library was found that solves this problem (adelie groups a unit's
weights over all classes; celer and skglm take two classes): FISTA with line search and restarts,
on the same products as ours, stands for the method that one would write.

    python -m experiments.benchmarks.probe_cpu --model local-dir:PATH --images train.parquet
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

import neurons
from neurons import Activations
from neurons.sparse.features import Features
from neurons.sparse.newton import Solution
from neurons.sparse.path import Strengths, follow
from neurons.sparse.problem import Penalty, Problem

LAYER = "visual.layer4"
TOLERANCE = 1e-3
TARGET = 15.0
SAME = 1e-5


def ours(problem: Problem, strengths: tuple[float, ...]) -> tuple[list[Solution], list[float]]:
    solutions, seconds = [], []
    since = time.perf_counter()
    for _, solution in follow(problem, strengths, tolerance=TOLERANCE):
        solutions.append(solution)
        seconds.append(time.perf_counter() - since)
        since = time.perf_counter()
        print(
            f"{len(solutions):>3} strength {solution.penalty.l1:.5f}: {seconds[-1]:6.2f} s, gap "
            f"{solution.relative_gap:.1e}, {solution.passes} passes, "
            f"{float((solution.weights != 0).sum()) / problem.n_classes:.1f} units per class",
            flush=True,
        )
    return solutions, seconds


def by_saga(
    values: np.ndarray,
    labels: np.ndarray,
    start: Solution,
    penalty: Penalty,
    epochs: int,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Give the seconds of so many epochs, and the weights and intercepts that they end at."""
    saga = LogisticRegression(
        l1_ratio=1.0,
        C=1 / (penalty.l1 * len(labels)),
        solver="saga",
        tol=1e-12,
        max_iter=epochs,
        warm_start=True,
        random_state=0,
    )
    # what a warm start takes: the solution of a fit before
    saga.classes_ = np.unique(labels)
    saga.coef_ = start.weights.numpy().T.astype(values.dtype).copy()
    saga.intercept_ = start.intercepts.numpy().astype(values.dtype).copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        since = time.perf_counter()
        saga.fit(values, labels)
        seconds = time.perf_counter() - since
    return seconds, saga.coef_.T, saga.intercept_


def by_fista(
    problem: Problem,
    start: Solution,
    penalty: Penalty,
    arrived: Callable[[np.ndarray, np.ndarray], bool],
    most_passes: int,
) -> tuple[float, int, bool]:
    """Run FISTA with line search and restarts on our products; seconds without the checks."""
    weights, intercepts = start.weights, start.intercepts
    ahead, ahead_b, momentum, bound = weights, intercepts, 1.0, 1.0
    seconds, passes = 0.0, 0
    while passes < most_passes:
        since = time.perf_counter()
        point = problem.at(ahead, ahead_b)
        shift = (point.shares - problem.prior).to(weights.dtype)
        passes += 1
        while True:
            step = ahead - point.gradient / bound
            new = step - step.clamp(-penalty.l1 / bound, penalty.l1 / bound)
            new_b = ahead_b - shift / bound
            change, change_b = new - ahead, new_b - ahead_b
            moves = problem.moves(change, change_b)
            loss = problem.loss_along(point, moves, 1.0)
            passes += 1
            allowed = point.loss + float((point.gradient * change).sum() + shift @ change_b)
            allowed += bound / 2 * float(change.square().sum() + change_b.square().sum())
            if loss <= allowed * (1 + 1e-7):
                break
            bound *= 2
        restart = float(((ahead - new) * (new - weights)).sum()) > 0
        after = 1.0 if restart else (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        share = 0.0 if restart else (momentum - 1) / after
        ahead, ahead_b = new + share * (new - weights), new_b + share * (new_b - intercepts)
        weights, intercepts, momentum, bound = new, new_b, after, bound * 0.9
        seconds += time.perf_counter() - since
        if passes % 20 < 2 and arrived(weights.numpy(), intercepts.numpy()):
            return seconds, passes, True
    return seconds, passes, arrived(weights.numpy(), intercepts.numpy())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--span", type=float, default=0.02)
    parser.add_argument("--at", type=int, nargs="+", default=[4, 9, 14], help="strengths compared")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--most-passes", type=int, default=400)
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    asked = parser.parse_args()
    clip, images = neurons.load(asked.model, device="cpu"), neurons.images(asked.images)
    with tempfile.TemporaryDirectory() as folder:
        neurons.scan(clip, images, [LAYER], Path(folder) / "run", embeddings=False)
        run = Activations.open(Path(folder) / "run")
        values = np.asarray(run.array(LAYER, "peak")[:], np.float32)
    labels = np.asarray(images.require_labels(), np.int64)
    print(f"{values.shape[0]:,} x {values.shape[1]} x {labels.max() + 1}")
    since = time.perf_counter()
    problem = Problem(Features(values), torch.from_numpy(labels), int(labels.max()) + 1)
    strengths = Strengths(20, asked.span).of(problem, 1.0)
    prepared = time.perf_counter() - since
    solutions, seconds = ours(problem, strengths)
    print(f"ours: {prepared + sum(seconds):.1f} s for the path, {prepared:.1f} s of it to begin")
    scaled = ((values - problem.features.mean.numpy()) / problem.features.scale.numpy()).astype(
        np.float32
    )
    figures: dict[str, Any] = {"path_seconds": prepared + sum(seconds), "strengths": {}}
    for at in asked.at:
        solution = solutions[at]

        def above(
            weights: np.ndarray, intercepts: np.ndarray, solution: Solution = solution
        ) -> float:
            objective, _ = problem.certify(
                torch.from_numpy(np.ascontiguousarray(weights)),
                torch.from_numpy(np.ascontiguousarray(intercepts)),
                solution.penalty,
            )
            return objective / solution.objective - 1

        print(f"strength {at + 1} of 20: ours {seconds[at]:.2f} s", flush=True)
        before = solutions[at - 1]
        slow, *ended = by_saga(scaled, labels, before, solution.penalty, asked.epochs)
        left = above(*ended)
        other, passes, there = by_fista(
            problem, before, solution.penalty, lambda *a: above(*a) <= SAME, asked.most_passes
        )
        figures["strengths"][at] = {
            "ours": seconds[at],
            "saga": slow,
            "saga_epochs": asked.epochs,
            "saga_above": left,
            "fista": other,
            "fista_passes": passes,
            "fista_arrived": there,
        }
        print(
            f"  SAGA {'' if left <= SAME else 'more than '}{slow / seconds[at]:.0f}x ours: "
            f"{asked.epochs} epochs in {slow:.0f} s end {left:.1e} above our objective; FISTA "
            f"{'' if there else 'more than '}{other / seconds[at]:.1f}x ours, {passes} passes",
            flush=True,
        )
    kept = figures["strengths"].values()
    ratio = sum(each["saga"] for each in kept) / sum(each["ours"] for each in kept)
    figures["ratio"] = ratio
    verdict = "met" if ratio >= TARGET else "missed"
    print(f"SAGA over ours, these strengths together: {ratio:.1f}x; target {TARGET:g}x {verdict}")
    if asked.out is not None:
        asked.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
