"""Does an attack need these units, more than it needs others that are as active?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.attacks.conditions import AttackTarget, accuracy
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.errors import OptionError
from neurons.interventions.controls import SILENT, matched_draws
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


def knock_out(
    attack: RepeatableAttack,
    target: AttackTarget,
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
    attack : RepeatableAttack
    target : AttackTarget
    units : sequence of Neuron
        Of one layer.
    activity : ndarray of float32, (units of the layer,)
        What the random units are matched by: mean peaks on attacked images.
    n_random : int >= 1
    seed : int
        Of the draws.
    progress : callable
        Called after each repetition.

    Raises
    ------
    OptionError
        If every image is read as the class already, or the layer has too few other units.
    """
    wanted = attack.index_of(target)
    before, truth = attack.answers(), attack.ready.truth(attack.readout.class_names)
    at_risk = before != wanted
    if not at_risk.any():
        raise OptionError(
            f"every image is read as {target.class_name!r} already: there is nothing to attack; "
            f"give other images"
        )
    edits = dict.fromkeys(units, SILENT)
    intact, silenced = attack.hits(target)[at_risk], attack.hits(target, edits)[at_risk]
    right = accuracy(attack.answers(edits), truth)
    progress()
    drawn = []
    for other in matched_draws(units, activity, n_random, seed):
        drawn.append(attack.hits(target, dict.fromkeys(other, SILENT))[at_risk])
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


def knock_out_rows(knock_outs: Sequence[KnockOut]) -> list[dict[str, object]]:
    """Give one row per knock-out; of the random units the mean and the range of their drops."""
    return [
        {
            "neurons": each.neurons,
            "success_intact": each.intact,
            "success_silenced": each.silenced,
            "accuracy_intact": each.accuracy_intact,
            "accuracy_silenced": each.accuracy_silenced,
            "drop": each.drop,
            "n_draws": len(each.random_drops),
            "random_drop_mean": float(np.mean(each.random_drops)),
            "random_drop_min": min(each.random_drops),
            "random_drop_max": max(each.random_drops),
            "excess": each.excess,
            "excess_interval": each.interval,
            "p_value": each.p_value,
        }
        for each in knock_outs
    ]
