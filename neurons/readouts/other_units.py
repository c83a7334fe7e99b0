"""Which other units does a text ask for?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurons.readouts.text_candidates import TextCandidates, Vectors
from neurons.readouts.unit_directions import UnitDirections


def other_units(
    directions: UnitDirections,
    candidates: TextCandidates,
    vectors: Vectors,
    *,
    without: int,
    count: int = 3,
) -> Sequence[tuple[tuple[int, float], ...]]:
    """Name the units in whose direction texts lie furthest, each in its own unit of measure.

    Parameters
    ----------
    directions : UnitDirections
    candidates : TextCandidates
        Their scores give each unit's standard deviation: a unit with large weights is not first
        for every text.
    vectors : ndarray of float32, (texts, embedding)
        Unit embeddings minus the candidates' mean.
    without : int
        The unit that was asked.
    count : int >= 1

    Returns
    -------
    sequence of tuples of (int, float)
        Of each text, units and standard deviations over the candidates.
    """
    mine, units = candidates.vectors, directions.vectors
    shared = mine.T @ mine / len(mine)
    spread = np.sqrt(np.maximum(((units @ shared) * units).sum(1), 0))
    z = vectors @ units.T / np.maximum(spread, 1e-12)
    z[:, spread == 0] = -np.inf
    z[:, without] = -np.inf
    best = np.argsort(-z, axis=1, kind="stable")[:, : min(count, len(units) - 1)]
    return [
        tuple((k, float(row[k])) for k in ks.tolist() if np.isfinite(row[k]))
        for row, ks in zip(z, best, strict=True)
    ]
