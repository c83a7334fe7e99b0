"""Into how many nonnegative factors does a table fall, and do the same ones come back?"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

Numbers = NDArray[np.float64]


def factors(table: Numbers, count: int) -> tuple[Numbers, Numbers]:
    """Write a table as a product of two that have no number below 0.

    Parameters
    ----------
    table : ndarray of float, (rows, columns), >= 0
    count : int
        Factors.

    Returns
    -------
    ndarray, (rows, count) and ndarray, (count, columns)
        The second's rows have length 1.
    """
    model = NMF(count, init="nndsvda", random_state=0, max_iter=300, tol=1e-3)
    with warnings.catch_warnings():
        # a factor that moves a little further is the same factor, which is what is counted here
        warnings.simplefilter("ignore", ConvergenceWarning)
        loads = model.fit_transform(table)
    lengths = np.maximum(np.linalg.norm(model.components_, axis=1), 1e-12)
    return loads * lengths, model.components_ / lengths[:, None]


def agreement(first: Numbers, second: Numbers) -> float:
    """Give the mean cosine of factors with those that they are paired with, best overall.

    Parameters
    ----------
    first, second : ndarray, (count, columns)
        Rows of length 1.
    """
    cosines = first @ second.T
    rows, columns = linear_sum_assignment(-cosines)
    return float(cosines[rows, columns].mean())


def explained_share(table: Numbers, loads: Numbers, parts: Numbers) -> float:
    """Give the share of a table's squares that the factors explain, in [0, 1]."""
    left = float(np.square(table - loads @ parts).sum())
    return 1 - left / max(float(np.square(table).sum()), 1e-30)


def shuffled_columns(table: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """Give the same numbers with each column in an order of its own: no rows go together.

    Parameters
    ----------
    table : ndarray, (rows, ..., columns)
        What lies between, such as prompts, stays with its row.
    random : Generator
    """
    orders = random.permuted(np.tile(np.arange(len(table)), (table.shape[-1], 1)), axis=1).T
    between = (1,) * (table.ndim - 2)
    places = orders.reshape(len(table), *between, table.shape[-1])
    return np.take_along_axis(table, np.broadcast_to(places, table.shape), axis=0)
