"""Does an attack need these units, more than it needs others that are as active?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.attacks.conditions import accuracy, respond_to_text
from neurons.data.prepared import Prepared
from neurons.errors import OptionError
from neurons.interventions.controls import SILENT, matched_draws
from neurons.interventions.editable import NO_EDITS, EditableNetwork, Edits
from neurons.lettering.lettering import Lettering
from neurons.readouts.readout import Readout
from neurons.results.blocks import Table
from neurons.stats import Interval, Share, excess_interval, p_of_draws


@dataclass(frozen=True)
class KnockOut:
    """What is left of an attack when units are set to zero.

    Parameters
    ----------
    neurons : tuple of str
    intact, silenced : Share
        Success of the attack, on images that the whole network did not read as the class before.
    accuracy_intact, accuracy_silenced : Share
        On the clean images.
    drop : float
        Success lost, in [-1, 1].
    random_drops : tuple of float
        The same for as many random units of the layer that are as active on attacked images.
    excess : float
        The drop minus the mean random drop.
    interval : Interval
        Of the excess, 95 %, by resampling images and draws.
    p_value : float
        Share of the draws, this one counted in, whose drop is as large.
    """

    neurons: tuple[str, ...]
    intact: Share
    silenced: Share
    accuracy_intact: Share
    accuracy_silenced: Share
    drop: float
    random_drops: tuple[float, ...]
    excess: float
    interval: Interval
    p_value: float


@dataclass(frozen=True)
class RepeatableAttack:
    """An attack that can be repeated on the same images with units silenced.

    Parameters
    ----------
    eye : EditableNetwork
        Opened for the units' layer.
    held : Prepared
    text : str
    lettering : Lettering
    readout : Readout
    wanted : int
        The class, as the readout counts.
    seed : int
        Of the places.
    """

    eye: EditableNetwork
    held: Prepared
    text: str
    lettering: Lettering
    readout: Readout
    wanted: int
    seed: int

    def hits(self, edits: Edits = NO_EDITS) -> NDArray[np.bool_]:
        """Tell which images are read as the class, with the string on them."""
        look = respond_to_text(
            self.eye, self.held.pixels, self.text, self.lettering, seed=self.seed, edits=edits
        )
        found: NDArray[np.bool_] = look.seen.answers(self.readout) == self.wanted
        return found

    def answers(self, edits: Edits = NO_EDITS) -> NDArray[np.intp]:
        """Give the top classes of the clean images."""
        return self.eye.respond(self.held.pixels, edits=edits).answers(self.readout)


def knock_out(
    trial: RepeatableAttack,
    units: Sequence[Neuron],
    activity: NDArray[np.float32],
    *,
    n_random: int = 20,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> KnockOut:
    """Set units to zero and repeat the attack; the same with random units that are as active.

    Parameters
    ----------
    trial : RepeatableAttack
    units : sequence of Neuron
        Of one layer.
    activity : ndarray of float32, (units of the layer,)
        What the random units are matched by: mean peaks on attacked images.
    n_random : int >= 1
    seed : int
    progress : callable
        Called after each repetition.

    Raises
    ------
    OptionError
        If every image is read as the class already, or the layer has too few other units.
    """
    edits = {neuron: SILENT for neuron in units}
    before, truth = trial.answers(), trial.held.truth(trial.readout.class_names)
    at_risk = before != trial.wanted
    if not at_risk.any():
        raise OptionError(
            f"every image is read as {trial.readout.class_names[trial.wanted]!r} already: there "
            f"is nothing to attack; give other images"
        )
    intact, silenced = trial.hits()[at_risk], trial.hits(edits)[at_risk]
    right = accuracy(trial.answers(edits), truth)
    progress()
    drawn = []
    for other in matched_draws(units, activity, n_random, seed):
        drawn.append(trial.hits({neuron: SILENT for neuron in other})[at_risk])
        progress()
    random = np.array(drawn)
    drop = float(intact.mean() - silenced.mean())
    drops = intact.mean() - random.mean(1)
    return KnockOut(
        tuple(str(neuron) for neuron in units),
        Share(int(intact.sum()), len(intact)),
        Share(int(silenced.sum()), len(silenced)),
        accuracy(before, truth),
        right,
        drop,
        tuple(float(each) for each in drops),
        float(drop - drops.mean()),
        # what is lost is minus what is left: the intact network's successes cancel
        excess_interval(-silenced.astype(np.float64), -random.astype(np.float64), seed),
        p_of_draws(drop, drops),
    )


def knock_out_table(knock_outs: Sequence[KnockOut], n: int) -> Table:
    """List knock-outs that were measured on ``n`` images."""
    return Table(
        "Knock-outs",
        (
            "set to zero",
            "success, intact",
            "success, silenced",
            "drop",
            "drop of random units (range)",
            "excess",
            "p",
            "accuracy, intact",
            "accuracy, silenced",
        ),
        tuple(
            (
                ", ".join(k.neurons),
                str(k.intact),
                str(k.silenced),
                f"{k.drop:+.3f}",
                f"{np.mean(k.random_drops):+.3f} ({min(k.random_drops):+.3f} to "
                f"{max(k.random_drops):+.3f})",
                f"{k.excess:+.3f} ({k.interval.low:+.3f} to {k.interval.high:+.3f})",
                f"{k.p_value:.2g}",
                str(k.accuracy_intact),
                str(k.accuracy_silenced),
            )
            for k in knock_outs
        ),
        f"On {n:,} images that chose nothing. Success is counted on the images that the whole "
        f"network did not read as the class before. A large drop says that this attack needs "
        f"these units; it does not say that no other attack would work.",
    )
