"""Data whose sparse weights are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Planted:
    X: NDArray[np.float64]
    y: NDArray[np.int64]
    weights: NDArray[np.float64]


def planted(
    n: int = 3000, n_units: int = 40, n_classes: int = 6, per_class: int = 3, seed: int = 0
) -> Planted:
    """Draw images whose class follows a few units each, every unit used by one class at most."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((n_classes, n_units))
    order = rng.permutation(n_units)
    for k in range(n_classes):
        units = order[k * per_class : (k + 1) * per_class]
        weights[k, units] = rng.choice([-3.0, 3.0], per_class)
    X = rng.normal(size=(n, n_units))
    logits = X @ weights.T + rng.gumbel(size=(n, n_classes))
    scales, means = rng.uniform(0.5, 4, n_units), rng.normal(0, 5, n_units)
    return Planted(X * scales + means, logits.argmax(1), weights)
