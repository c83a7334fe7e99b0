"""How is the spectrum of a layer drawn, beside the power law that was fitted to it?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from neurons.alignment.eigenspectrum import PowerLaw
from neurons.results.blocks import Lines, Stroke


def spectrum_lines(
    variances: Sequence[float], naive: Sequence[float], law: PowerLaw, *, repeated: bool
) -> Lines:
    """Draw variances over ranks, both on logarithmic axes.

    Parameters
    ----------
    variances, naive : sequence of float
        Shares of the variance by rank, on what did not fit the components and on what did.
    law : PowerLaw
        Its constant as a share of the variance.
    repeated : bool
        Whether two repeats were compared, not other images.
    """
    ranks = _log_steps(len(variances))
    own = "two repeats" if repeated else "other images"
    same = "one repeat" if repeated else "the same images"
    line = [law.constant * rank**-law.exponent for rank in ranks]
    inside = [
        value if law.first <= rank <= law.last else 0.0
        for rank, value in zip(ranks, line, strict=True)
    ]
    strokes = (
        Stroke(own, _logs([variances[rank - 1] for rank in ranks])),
        Stroke(same, _logs([naive[rank - 1] for rank in ranks])),
        Stroke(f"rank to the power of -{law.exponent:.2f}", _logs(inside)),
    )
    return Lines(
        "Variance by rank",
        tuple(f"{rank:,}" for rank in ranks),
        strokes,
        "rank, at equal ratios",
        "share of the variance, log10",
    )


def _log_steps(n: int) -> tuple[int, ...]:
    """Give ranks at about equal ratios, the first and the last among them."""
    return tuple(np.unique(np.geomspace(1, n, 25).round().astype(int)).tolist())


def _logs(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(math.log10(value) if value > 0 else float("nan") for value in values)
