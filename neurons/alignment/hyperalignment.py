"""Which rotations bring several systems into one common space?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.bridges import (
    Array,
    Float,
    LinearMap,
    best_scale,
    centred,
    check_rows,
    map_of,
)
from neurons.alignment.rotations import polar
from neurons.errors import OptionError

_MOST_ROUNDS, _ENOUGH = 100, 1e-7


@dataclass(frozen=True, eq=False)
class CommonSpace:
    """A space into which several systems are turned; made by `hyperalign`.

    Parameters
    ----------
    turns : tuple of ndarray of float64, (units of each, dimensions)
        Rotations of the directions in which the images differ, and 0 of all others; the space is
        as wide as the widest system.
    means : tuple of ndarray of float64, (units of each,)
    sizes : tuple of float
        The length of each centred table: each counts alike.
    n_rounds : int
    agreement : float in [-1, 1]
        Mean product of two tables in the space, each of length 1, over all pairs, on the images
        that were fitted.
    """

    turns: tuple[Float, ...]
    means: tuple[Float, ...]
    sizes: tuple[float, ...]
    n_rounds: int
    agreement: float

    def into(self, system: int, rows: Array) -> Float:
        """Turn a system's rows into the space: (images, dimensions), without unit."""
        found: Float = (rows - self.means[system]) / self.sizes[system] @ self.turns[system]
        return found

    def between(self, source: int, target: int, x: Array, y: Array) -> LinearMap:
        """Map one system's rows through the space to another's.

        Parameters
        ----------
        source, target : int
            Systems, in the order in which they were aligned.
        x, y : ndarray of float, (images, units of each)
            The rows that the space was fitted on: they give the means, and the one scale.
        """
        turn = self.turns[source] @ self.turns[target].T
        return map_of(turn * best_scale(centred(x) @ turn, centred(y)), x, y)


def hyperalign(tables: Sequence[Array]) -> CommonSpace:
    """Turn several systems so that their rows agree, each with the sum of all others.

    Parameters
    ----------
    tables : sequence of ndarray of float, (images, units of each)
        Two or more; the same images in the same order.

    Returns
    -------
    CommonSpace

    Raises
    ------
    OptionError
        If there are fewer than two tables, they are of different lengths, or one says the same of
        every image.

    Notes
    -----
    What agrees on the images that were fitted need not agree on others: judge it on others.

    References
    ----------
    Gower, "Generalized Procrustes analysis", Psychometrika 1975; ten Berge, "Orthogonal Procrustes
    rotation for two or more matrices", Psychometrika 1977: each round makes the agreement larger.
    Haxby et al., "A common, high-dimensional model of the representational space in human ventral
    temporal cortex", Neuron 2011: hyperalignment.
    """
    if len(tables) < 2:
        raise OptionError(f"{len(tables)} table needs no aligning; give 2 or more")
    check_rows(tables, 2)
    means: list[Float] = [np.asarray(each, np.float64).mean(0) for each in tables]
    shifted = [centred(each) for each in tables]
    sizes = [float(np.linalg.norm(each)) for each in shifted]
    if min(sizes) == 0:
        raise OptionError(
            f"table {int(np.argmin(sizes)) + 1} of {len(tables)} says the same of every image; "
            f"leave it out"
        )
    unit = [each / size for each, size in zip(shifted, sizes, strict=True)]
    turns, n_rounds, agreement = _turned(unit)
    return CommonSpace(tuple(turns), tuple(means), tuple(sizes), n_rounds, agreement)


def _turned(unit: Sequence[Float]) -> tuple[list[Float], int, float]:
    widest = max(range(len(unit)), key=lambda i: unit[i].shape[1])
    turns = [polar(each.T @ unit[widest]) for each in unit]
    placed = [each @ turn for each, turn in zip(unit, turns, strict=True)]
    agreement, n_rounds, n = -np.inf, 0, len(unit)
    while n_rounds < _MOST_ROUNDS:
        n_rounds, before = n_rounds + 1, agreement
        whole = np.sum(placed, 0)
        for i, each in enumerate(unit):
            whole = whole - placed[i]
            turns[i] = polar(each.T @ whole)
            placed[i] = each @ turns[i]
            whole = whole + placed[i]
        # the sum over pairs, from the square of the sum of all
        both = float((whole * whole).sum()) - sum(float((p * p).sum()) for p in placed)
        agreement = both / (n * (n - 1))
        if agreement - before < _ENOUGH:
            break
    return turns, n_rounds, agreement


def agreement(space: CommonSpace, tables: Sequence[Array]) -> NDArray[np.float64]:
    """Correlate systems in the space on any images: (systems, systems).

    Parameters
    ----------
    space : CommonSpace
    tables : sequence of ndarray of float, (images, units of each)
        In the order in which the systems were aligned; images that were not fitted.

    Returns
    -------
    ndarray of float64, (systems, systems)
        Of all numbers of two centred tables together, in [-1, 1].
    """
    placed = [centred(space.into(i, each)).ravel() for i, each in enumerate(tables)]
    stacked = np.stack([each / max(np.linalg.norm(each), np.finfo(float).tiny) for each in placed])
    found: NDArray[np.float64] = stacked @ stacked.T
    return found
