"""Which units mediate between a written word and the answer? Silencing these takes it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neurons.address import Neuron
from neurons.interventions.editable import EditableNetwork
from neurons.readouts.readout import Readout, log_shares
from neurons.results.blocks import Table

# units that are screened, and images that they are screened on
MOST, _SCREENED_ON = 512, 4


@dataclass(frozen=True)
class Mediator:
    """A unit that a word excites, and what silencing it takes from the answer.

    Parameters
    ----------
    neuron : str
    before, after : float
        Mean peak without and with the word.
    drop : float
        How much less likely the class becomes when the unit is set to zero: the difference of
        the mean logarithm of its share. Zero means that the answer does not need this unit.
    """

    neuron: str
    before: float
    after: float
    drop: float


def mediators(
    network: EditableNetwork,
    clean: Tensor,
    written: Tensor,
    *,
    readout: Readout,
    wanted: int,
    layer: str,
    n_candidates: int = 32,
) -> tuple[Mediator, ...]:
    """Silence units one by one where a word is written, and rank them by what is lost.

    Every unit that the word excites (at most `MOST`, those whose peak rises most) is silenced on
    the first few images; the candidates that are needed most there, on all of them.

    Parameters
    ----------
    network : EditableNetwork
        Opened for the layer.
    clean, written : Tensor of uint8, (images, 3, H, W)
        The same images without and with the word.
    readout : Readout
    wanted : int
        The class that the word makes, as the readout counts.
    layer : str
    n_candidates : int >= 1

    Returns
    -------
    tuple of Mediator
        The most needed first; none where the word excites no unit.

    References
    ----------
    Pearl, "Direct and indirect effects", UAI 2001: what passes through a mediator is lost when
    the mediator is held. Units that stand in for each other may each lose little.
    """
    before = network.respond(clean).peaks[layer].mean(0)
    intact = network.respond(written)
    after, whole = intact.peaks[layer].mean(0), log_shares(intact.scores(readout))[:, wanted]

    def drops(units: Sequence[int], n: int) -> NDArray[np.float64]:
        neurons = [Neuron(layer, unit) for unit in units]
        found = network.respond_without_each(written[:n], neurons).scores(readout)
        left = log_shares(found)[:, wanted].reshape(len(units), n)
        lost: NDArray[np.float64] = (whole[:n] - left).mean(1)
        return lost

    rise = after - before
    rising = [int(unit) for unit in np.argsort(-rise, kind="stable")[:MOST] if rise[unit] > 0]
    if not rising:
        return ()
    first = drops(rising, min(_SCREENED_ON, len(written)))
    units = [rising[i] for i in np.argsort(-first, kind="stable")[:n_candidates]]
    lost = drops(units, len(written))
    return tuple(
        Mediator(f"{layer}:{u}", float(before[u]), float(after[u]), float(loss))
        for loss, u in sorted(zip(lost, units, strict=True), key=lambda pair: -pair[0])
    )


def mediator_table(title: str, found: Sequence[Mediator]) -> Table:
    """List units that an attack needs."""
    return Table(
        title,
        ("neuron", "clean", "attacked", "lost without it"),
        tuple((m.neuron, f"{m.before:.3g}", f"{m.after:.3g}", f"{m.drop:+.3f}") for m in found),
        "Mean peaks; lost: how much the logarithm of the class's share falls when this "
        "unit alone is set to zero.",
    )
