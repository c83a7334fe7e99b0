"""How is the spectrum of a layer measured on images, or repeats, that did not fit it?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.eigenspectrum import (
    FEWEST_RANKS,
    cross_validated_spectrum,
    held_out_spectrum,
    participation_ratio,
)

Rows = NDArray[np.intp]
# Stringer et al. fit ranks 11 to 500; of few ranks the last half is left out
_FIRST, _LAST = 11, 500


def fitted_ranks(n_ranks: int, first: int | None, last: int | None) -> tuple[int, int]:
    """Give the first and the last rank to which a power law is fitted; those asked for, if any."""
    # a line takes three ranks
    stop = min(_LAST, max(FEWEST_RANKS, n_ranks // 2)) if last is None else last
    # a fit needs a range: a quarter of it is left out at the start where ranks are few
    start = min(_FIRST, max(1, stop // 4)) if first is None else first
    return start, stop


def two_repeats(trials: NDArray[np.float32] | None) -> NDArray[np.float64] | None:
    """Average odd and even trials: (2, images, units), nan where an image lacks one."""
    if trials is None:
        return None
    found = []
    for part in (trials[:, ::2], trials[:, 1::2]):
        known = np.isfinite(part)
        n = known.sum(1)
        total = np.where(known, part, 0).sum(1, dtype=np.float64)
        found.append(np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0))
    return np.stack(found)


def variances_of(
    table: NDArray[np.float32],
    repeats: NDArray[np.float64] | None,
    second: NDArray[np.bool_],
    rows: Rows,
) -> NDArray[np.float64]:
    """Give the variances by rank on some rows, measured on what did not fit the components.

    Parameters
    ----------
    table : ndarray of float32, (images, units)
    repeats : ndarray of float64, (2, images, units), optional
        Instead of the table: cvPCA.
    second : ndarray of bool, (images,)
        Which images are in the second half.
    rows : ndarray of int
    """
    if repeats is not None:
        return cross_validated_spectrum(repeats[:, rows])
    first, other = table[rows[~second[rows]]], table[rows[second[rows]]]
    one, two = held_out_spectrum(first, other), held_out_spectrum(other, first)
    n = min(len(one), len(two))
    return (one[:n] + two[:n]) / 2


def participation_of(
    table: NDArray[np.float32],
    repeats: NDArray[np.float64] | None,
    second: NDArray[np.bool_],
    rows: Rows,
) -> float:
    """Give the participation ratio of some rows; as `variances_of`."""
    first, other = rows[~second[rows]], rows[second[rows]]
    if repeats is not None:
        return participation_ratio(repeats[:, first], repeats[:, other])
    return participation_ratio(table[first], table[other])


def reliable_share(variances: NDArray[np.float64], repeats: NDArray[np.float64]) -> float:
    """Give the share of one repeat's variance that is in the other; nan of none."""
    total = float(repeats.var(1, ddof=1).sum()) / len(repeats)
    return float(variances.sum()) / total if total > 0 else float("nan")
