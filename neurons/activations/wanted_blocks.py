"""What is known of a unit that a text asks for, and how is it shown?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurons.activations.mean_activations import MeanActivations
from neurons.activations.told_units import ToldUnit
from neurons.readouts.text_weights import TextWeights
from neurons.results.blocks import Table

WANTED_ALPHA = 0.05


@dataclass(frozen=True)
class WantedUnit:
    """A unit, and how much a text asks for it.

    Parameters
    ----------
    unit : ToldUnit
    cosine : float in [-1, 1]
        Between its direction and the text's.
    p_value : float in (0, 1]
        Share of random directions, this text counted in, for which the best of all units has as
        large a cosine.
    z : float
        Standard deviations above the cosine that words have with the unit on average.
    weight : float
        What one more in its mean activation adds to the score, before the embedding is normalised.
    contribution : float
        The weight times its mean activation over the run's images.
    percentile : float in [0, 100]
        Of the contribution among the layer's units: how many have a smaller one.
    """

    unit: ToldUnit
    cosine: float
    p_value: float
    z: float
    weight: float
    contribution: float
    percentile: float

    @property
    def passes(self) -> bool:
        """Whether random directions hardly ever have a unit as near."""
        return self.p_value <= WANTED_ALPHA


def wanted_unit(
    told: ToldUnit, unit: int, weights: TextWeights, activity: MeanActivations
) -> WantedUnit:
    """Gather what is known of a unit and a text.

    Parameters
    ----------
    told : ToldUnit
    unit : int
        Its number.
    weights : TextWeights
        Of the text, for all units of the layer.
    activity : MeanActivations
    """
    added = weights.weights * activity.mean
    return WantedUnit(
        told,
        float(weights.cosines[unit]),
        float(weights.p_values[unit]),
        float(weights.z[unit]),
        float(weights.weights[unit]),
        float(added[unit]),
        100 * float(np.mean(added[np.isfinite(added)] < added[unit])),
    )


def wanted_table(units: Sequence[WantedUnit], words: str, against: str, n_directions: int) -> Table:
    """List the units that a text asks for.

    Parameters
    ----------
    units : sequence of WantedUnit
    words : str
        What the text is compared with.
    against : str
        The other text; empty if there is none.
    n_directions : int
        Random directions that p is of.
    """
    return Table(
        "Units that it asks for",
        ("neuron", "name", "cosine", "p", "z", "weight", "x mean", "%", "words for it"),
        tuple(
            (
                each.unit.neuron,
                each.unit.name or "-",
                f"{each.cosine:.2f}",
                f"{each.p_value:.2g}",
                f"{each.z:.1f}",
                f"{each.weight:.3g}",
                f"{each.contribution:.3g}",
                f"{each.percentile:.0f}",
                ", ".join(each.unit.words),
            )
            for each in units
        ),
        f"Cosine of the unit's direction and the text's, less "
        f"{'that of the other text' if against else 'the mean of words'}. p: among the "
        f"best units for {n_directions:,} random mixtures of {words}. z: over "
        f"{'pairs of these words' if against else 'these words'}. Weight: what one more "
        f"in the unit's mean adds to the score; x mean: times its mean activation; %: of the "
        f"units have less of that.",
    )
