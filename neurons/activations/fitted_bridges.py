"""How much does each kind of linear map carry from one system to another?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.common_tables import CommonTables
from neurons.alignment.bridges import (
    LinearMap,
    RidgeMaps,
    explained,
    procrustes,
    random_projection,
)
from neurons.alignment.hyperalignment import hyperalign
from neurons.readouts.bridged import LabelledRows
from neurons.stats import Interval, Share, p_of_draws

Rows = NDArray[np.intp]
Fit = Callable[[Rows], LinearMap]

PROCRUSTES, RIDGE = "procrustes", "ridge"
HYPERALIGNMENT, PROJECTION = "hyperalignment", "random projection"
_RESAMPLES = 1000


@dataclass(frozen=True)
class BridgeOutcome:
    """One map, and what it carries to images that did not fit it.

    Parameters
    ----------
    method : str
    map : LinearMap
        From rows of the source to rows of the target.
    r2 : float
        Variance of the target that it explains, all units together; 0 for their mean.
    interval : Interval
        95 %, by resampling images.
    r2_permuted : float
        Mean of the same, fitted to images in another order.
    p_r2 : float in (0, 1]
        Share of these orders that explain as much.
    right : Share
        Images whose mapped row the target's readout gives to their class; of none without one.
    right_permuted : tuple of float
        The same share for each order.
    p_right : float in (0, 1]
    """

    method: str
    map: LinearMap
    r2: float
    interval: Interval
    r2_permuted: float
    p_r2: float
    right: Share
    right_permuted: tuple[float, ...]
    p_right: float


def fitted_bridges(
    both: CommonTables,
    asked: LabelledRows,
    *,
    width: int,
    n_permutations: int,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[BridgeOutcome, ...]:
    """Fit every kind of map on the fitting images, and judge it on the testing images.

    Parameters
    ----------
    both : CommonTables
        Source, target, and what hyperalignment goes through: of two systems it is Procrustes, and
        left out.
    asked : LabelledRows
        Of the testing images.
    width : int
        Of the random projection.
    n_permutations : int
        Orders of the target's fitting images.
    seed : int
    progress : callable
        Takes how many of how many fits are done.

    Returns
    -------
    tuple of BridgeOutcome
    """
    fitting, testing = both.halves.fitting, both.halves.testing
    x, y = (table[testing] for table in both.tables[:2])
    found, fits = [], _fits(both, width, seed)
    for i, (name, fit) in enumerate(fits.items()):
        # the same orders for every kind
        random = np.random.default_rng(seed)
        orders = [fitting, *(random.permutation(fitting) for _ in range(n_permutations))]
        own, r2, right = fit(fitting), [], []
        for k, order in enumerate(orders):
            predicted = (fit(order) if k else own)(x)
            r2.append(explained(y, predicted))
            right.append(asked.right(predicted))
            progress(i * len(orders) + k + 1, len(fits) * len(orders))
        values = tuple(each.value for each in right[1:])
        found.append(
            BridgeOutcome(
                method=name,
                map=own,
                r2=r2[0],
                interval=_interval(y, own(x), seed),
                r2_permuted=float(np.mean(r2[1:])),
                p_r2=p_of_draws(r2[0], r2[1:]),
                right=right[0],
                right_permuted=values,
                p_right=p_of_draws(right[0].value, values) if right[0].n else 1.0,
            )
        )
    return tuple(found)


def _fits(both: CommonTables, width: int, seed: int) -> dict[str, Fit]:
    """Give ways to fit a map from the source's fitting rows to the target's in some order."""
    fitting = both.halves.fitting
    x, y = both.tables[0][fitting], both.tables[1]
    others = [each[fitting] for each in both.tables[2:]]
    ridge = RidgeMaps(x)

    def through(order: Rows) -> LinearMap:
        return hyperalign([x, y[order], *others]).between(0, 1, x, y[order])

    fits: dict[str, Fit] = {
        PROCRUSTES: lambda order: procrustes(x, y[order]),
        RIDGE: lambda order: ridge(y[order]),
    }
    if others:
        fits[HYPERALIGNMENT] = through
    fits[PROJECTION] = lambda order: random_projection(x, y[order], width=width, seed=seed)
    return fits


def _interval(y: NDArray[np.float32], predicted: NDArray[np.float32], seed: int) -> Interval:
    """Resample images; the mean that R2 compares with is that of each resample."""
    wide = y.astype(np.float64)
    errors, squares = ((wide - predicted) ** 2).sum(1), (wide**2).sum(1)
    random, n = np.random.default_rng(seed), len(y)
    counts = [np.bincount(random.integers(0, n, n), minlength=n) for _ in range(_RESAMPLES)]
    shares: NDArray[np.float64] = np.stack(counts) / n
    spread = shares @ squares - ((shares @ wide) ** 2).sum(1)
    # the mean square of what is left of equal rows is rounding
    good = spread > 1e-9 * float(squares.mean())
    if not good.any():
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(1 - (shares @ errors)[good] / spread[good], (0.025, 0.975))
    return Interval(float(low), float(high))
