"""Is an order of units or places right? Take them out, or put them back, one after the other.

An order that is right takes a score down sooner than others do, and brings it back sooner. The
network itself runs, with nothing held fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.errors import OptionError
from neurons.interventions.after_layer import AfterLayer
from neurons.interventions.controls import SILENT, ControlActivity, activity_of, matched_draws
from neurons.interventions.editable import Edits
from neurons.results.blocks import Lines, Stroke
from neurons.stats import Interval, excess_over_controls

Scores = NDArray[np.float64]
# below that no order can have a p of 0.05
FEWEST_DRAWS = 19
_ALPHA = 0.05
# units of a layer
_TESTED, _PART = 32, 8
TAKEN_OUT, PUT_BACK, COVERED = "units set to zero", "units put back", "places covered"


@dataclass(frozen=True)
class OrderTest:
    """A score along an order, beside other orders.

    Parameters
    ----------
    what : str
        `TAKEN_OUT`, `PUT_BACK` or `COVERED`.
    steps : tuple of int
        How many units or places; the first is 0.
    own : tuple of float
        The score at each step, mean over images.
    controls : tuple of tuple of float
        The same of each control draw.
    n : int
        Images.
    area : float
        How much further the score goes than with controls as active, mean over the steps: the area
        between the curves. Above 0 if the order is better.
    interval : Interval
        Of the area, 95 %, over images and control draws: see `excess_over_controls`.
    p_value : float
        Share of the draws, this order counted in, that go as far.
    activity : ControlActivity, optional
        Mean activation of the units, and of each draw of controls; none of places.
    """

    what: str
    steps: tuple[int, ...]
    own: tuple[float, ...]
    controls: tuple[tuple[float, ...], ...]
    n: int
    area: float
    interval: Interval
    p_value: float
    activity: ControlActivity | None

    @property
    def holds(self) -> bool:
        """Whether the order is better than its controls: by its interval, and p of 0.05 or less.

        The interval takes effects of controls as about normal. They are not where a few units do
        most: then only the rank tells that another draw went as far.
        """
        return bool(self.interval.low > 0 and self.p_value <= _ALPHA)


def most_tested(n_units: int) -> int:
    """Give how many of a layer's units to test at most: an eighth, since controls are needed."""
    return min(_TESTED, max(1, n_units // _PART))


def units_taken_out(
    images: AfterLayer,
    direction: NDArray[np.float32],
    order: Sequence[Neuron],
    *,
    n_draws: int = 20,
    seed: int = 0,
) -> OrderTest:
    """Set units to zero in an order, and others that are as active: the deletion curve.

    Parameters
    ----------
    images : AfterLayer
        Of the units' layer.
    direction : ndarray of float32, (embedding,)
        The score is its product with an embedding of length 1.
    order : sequence of Neuron
        The first to go first.
    n_draws : int >= 19
        Control draws; in each, the k-th unit is replaced by another one as active.
    seed : int

    Raises
    ------
    OptionError
        If there are no units or too few draws, or the layer has too few other units.
    """

    def edits(chosen: Sequence[Neuron], k: int) -> Edits:
        return dict.fromkeys(chosen[:k], SILENT)

    return _of_units(images, direction, order, edits, TAKEN_OUT, -1, n_draws, seed)


def units_put_back(
    images: AfterLayer,
    direction: NDArray[np.float32],
    order: Sequence[Neuron],
    *,
    n_draws: int = 20,
    seed: int = 0,
) -> OrderTest:
    """Set the whole layer to zero but for the first units of an order: the insertion curve.

    Parameters and errors are those of `units_taken_out`.
    """
    everything = [Neuron(images.layer, unit) for unit in range(images.means.shape[1])]

    def edits(chosen: Sequence[Neuron], k: int) -> Edits:
        kept = set(chosen[:k])
        return {each: SILENT for each in everything if each not in kept}

    return _of_units(images, direction, order, edits, PUT_BACK, 1, n_draws, seed)


def steps_up_to(n: int) -> tuple[int, ...]:
    """Give 0, the powers of two below ``n``, and ``n``."""
    powers = [2**i for i in range(n.bit_length()) if 2**i < n]
    return (0, *powers, n)


def _of_units(
    images: AfterLayer,
    direction: NDArray[np.float32],
    order: Sequence[Neuron],
    edits: Callable[[Sequence[Neuron], int], Edits],
    what: str,
    way: int,
    n_draws: int,
    seed: int,
) -> OrderTest:
    if not order or n_draws < FEWEST_DRAWS:
        raise OptionError(
            f"{len(order)} units, {n_draws} draws of others: 1 and {FEWEST_DRAWS} or more"
        )
    activity = images.means.mean(0)
    draws = matched_draws(order, activity, n_draws, seed)
    steps = steps_up_to(len(order))
    scores = [
        scores_along(images.embeddings([edits(chosen, k) for k in steps]), direction)
        for chosen in (list(order), *draws)
    ]
    return compared_orders(what, steps, np.stack(scores), way, activity_of(order, draws, activity))


def scores_along(embeddings: NDArray[np.float32], direction: NDArray[np.float32]) -> Scores:
    """Give scores, (...,), of embeddings, (..., embedding), taken at length 1."""
    precise = embeddings.astype(np.float64)
    found: Scores = precise @ direction / np.maximum(np.linalg.norm(precise, axis=-1), 1e-12)
    return found


def compared_orders(
    what: str, steps: tuple[int, ...], scores: Scores, way: int, activity: ControlActivity | None
) -> OrderTest:
    """Compare scores, (1 + draws, steps, images), of which the first row is the order's own."""
    # how far the score goes, mean over steps, from where it begins
    moved = way * (scores[:, 1:] - scores[:, :1]).mean(1)
    unlike = activity is not None and not activity.matched
    excess = excess_over_controls(
        moved[0], moved[1:], activity.values() if activity is not None and unlike else None
    )
    means = scores.mean(2)
    return OrderTest(
        what,
        steps,
        tuple(means[0].tolist()),
        tuple(tuple(row) for row in means[1:].tolist()),
        scores.shape[2],
        excess.value,
        excess.interval,
        excess.p_value,
        activity,
    )


def lines_of(test: OrderTest, title: str) -> Lines:
    """Draw a score along an order, beside the range of its controls."""
    drawn = np.array(test.controls)
    others = "places elsewhere, as connected" if test.activity is None else "other units, as active"
    if test.activity is not None and not test.activity.matched:
        others = "other units, nearest in activity"
    active = f" Mean activation: {test.activity}." if test.activity is not None else ""
    return Lines(
        title,
        tuple(map(str, test.steps)),
        (
            Stroke("in this order", test.own),
            Stroke(
                f"{others} (mean and range of {len(drawn)})",
                tuple(drawn.mean(0).tolist()),
                tuple(drawn.min(0).tolist()),
                tuple(drawn.max(0).tolist()),
            ),
        ),
        test.what,
        "score",
        f"Area between the curves: {told_area(test)}.{active}",
    )


def told_area(test: OrderTest) -> str:
    """Say in a few words how far an order lies beyond its controls."""
    low, high = test.interval.low, test.interval.high
    return f"{test.area:+.3f} ({low:+.3f} to {high:+.3f}, p = {test.p_value:.2g})"
