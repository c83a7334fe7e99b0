"""How well could any model do with these responses, given that they do not repeat exactly?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.aligned_layers import BACK, AlignedLayers
from neurons.activations.system_side import Side
from neurons.alignment.ceilings import ceiling_corrected, reliability, rsa_ceiling
from neurons.alignment.predictivity import Ridge, predictivity
from neurons.alignment.responses import FEWEST_IMAGES, Responses
from neurons.stats import Interval


@dataclass(frozen=True)
class LayerCeiling:
    """What noise allows on one layer of repeated responses.

    Parameters
    ----------
    layer : str
    n_repeats, n : int
        Trials per image, and images that have as many.
    rsa_low, rsa_high : float
        Between these the best possible model's RSA with single repeats lies. It is no bound for
        RSA with the mean of repeats, which has less noise.
    r : float
        The highest mean correlation that a prediction of the mean responses can have.
    predicted_by : str
        The layer of the other system that ridge predicts it from best, on the same images; empty
        if ridge was not measured.
    corrected : float
        Its mean r over units, divided by what noise allows; nan if ridge was not measured.
    interval : Interval
        95 %, by resampling units; the search for the best layer is not in it.
    n_units, n_noisy : int
        Units that this counts, and units left out since less than a tenth of them repeats.
    """

    layer: str
    n_repeats: int
    n: int
    rsa_low: float
    rsa_high: float
    r: float
    predicted_by: str
    corrected: float
    interval: Interval
    n_units: int
    n_noisy: int


def response_ceilings(
    side: Side,
    ys: Sequence[Responses],
    xs: Sequence[Responses],
    tables: Sequence[AlignedLayers],
    *,
    first: bool = False,
) -> tuple[LayerCeiling, ...]:
    """Measure the noise ceiling of each layer of repeated responses; none of averaged ones.

    Parameters
    ----------
    side : Side
        The responses.
    ys, xs : sequence of Responses
        Their layers, and those of the system that predicts them.
    tables : sequence of AlignedLayers
        What was measured; ridge among it says which layer predicts best.
    first : bool
        Whether the responses are the first system of these tables: its layers are the rows, and
        ridge that predicts them goes back.
    """
    wanted = f"ridge{BACK}" if first else "ridge"
    ridge = next((each for each in tables if each.measure == wanted), None)
    best = () if ridge is None else ridge.matches if first else ridge.back
    found = []
    for k, table in enumerate(ys):
        trials = side.repeats(table.name)
        if trials is None:
            return ()
        rows, complete = _complete(trials)
        if len(rows) < FEWEST_IMAGES:
            continue
        found.append(_ceiling(table, xs, rows, complete, best[k].other if best else ""))
    return tuple(found)


def _complete(trials: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Take images with as many trials as half of them have, two at least: (repeats, images, units).

    Which images are shown more often than others differs from study to study.
    """
    there: NDArray[np.bool_] = np.asarray(~np.isnan(trials).all(2))
    n_there = there.sum(1)
    most = max(2, int(np.median(n_there)))
    rows = np.flatnonzero(n_there >= most)
    # trials that are there come first
    order = np.argsort(~there[rows], axis=1, kind="stable")[:, :most]
    taken = np.take_along_axis(trials[rows], order[:, :, None], 1)
    return rows, taken.transpose(1, 0, 2)


def _ceiling(
    table: Responses,
    xs: Sequence[Responses],
    rows: NDArray[np.intp],
    trials: NDArray[np.float32],
    predicted_by: str,
) -> LayerCeiling:
    rsa = rsa_ceiling([Responses(f"{table.name}, a repeat", each) for each in trials])
    repeats = reliability(trials)
    nothing = float("nan")
    corrected, interval, n_units, n_noisy = nothing, Interval(nothing, nothing), 0, 0
    if predicted_by:
        x = next(each for each in xs if each.name == predicted_by)
        # reliability of the mean of these trials, predicted on the images that have them
        mean = Responses(table.name, trials.mean(0))
        found = ceiling_corrected(predictivity(Ridge(), x.taken(rows), mean).r, repeats)
        corrected, interval = found.r, found.interval
        n_units, n_noisy = found.n_units, found.n_noisy
    return LayerCeiling(
        table.name,
        len(trials),
        len(rows),
        rsa.lower,
        rsa.upper,
        float(np.sqrt(repeats).mean()),
        predicted_by,
        corrected,
        interval,
        n_units,
        n_noisy,
    )
