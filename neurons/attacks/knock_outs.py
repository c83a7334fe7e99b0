"""Does an attack need these units, more than it needs others that are as active?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.attacks.conditions import SUCCESS_OF, AttackTarget, accuracy
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.interventions.controls import SILENT, ControlActivity, activity_of, matched_draws
from neurons.results.blocks import Table
from neurons.stats import Interval, Share, excess_over_controls


@dataclass(frozen=True)
class KnockOut:
    """What is left of an attack when units are set to zero.

    Parameters
    ----------
    neurons : tuple of str
    intact, silenced : Share
        Success of the attack, on images that the whole network did not read as the class before,
        and that do not show it.
    accuracy_intact, accuracy_silenced : Share
        On the clean images.
    drop : float
        Success lost, in [-1, 1].
    random_drops : tuple of float
        The same for control units of the layer, as many at a time, none twice.
    activity : ControlActivity
        Mean peak on attacked images, of the units and of each draw of controls.
    excess : float
        The drop minus that of controls as active: minus the controls' mean where they match, else
        minus what a line through the controls gives at the units' own activity.
    interval : Interval
        Of the excess, 95 %: a prediction interval, see `excess_over_controls`.
    p_value : float
        Share of the draws, this one counted in, whose drop is as large; where controls do not
        match, as far above the line.
    """

    neurons: tuple[str, ...]
    intact: Share
    silenced: Share
    accuracy_intact: Share
    accuracy_silenced: Share
    drop: float
    random_drops: tuple[float, ...]
    activity: ControlActivity
    excess: float
    interval: Interval
    p_value: float

    @property
    def needed(self) -> bool:
        """Whether the attack is seen to need these units more than it needs their controls."""
        return bool(self.interval.low > 0)

    def controls_told(self) -> str:
        """Say in a few words what the units are compared with."""
        if self.activity.matched:
            return "than without other units that are as active"
        way = "less" if self.activity.mean < self.activity.own else "more"
        return (
            f"than without other units, which are {way} active ({self.activity.mean:.3g} against "
            f"{self.activity.own:.3g}; allowed for by a line through the controls)"
        )


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
    """Set units to zero and repeat the attack; the same with other units that are as active.

    Parameters
    ----------
    attack : RepeatableAttack
    target : AttackTarget
    units : sequence of Neuron
        Of one layer.
    activity : ndarray of float32, (units of the layer,)
        What the controls are matched by: mean peaks on attacked images.
    n_random : int >= 1
    seed : int
        Of the draws.
    progress : callable
        Called after each repetition.

    Raises
    ------
    OptionError
        If no image is at risk, or the layer has too few other units.
    """
    before, truth = attack.answers(), attack.ready.truth(attack.readout.class_names)
    possible = attack.possible(target, before)
    edits = dict.fromkeys(units, SILENT)
    intact, silenced = attack.hits(target)[possible], attack.hits(target, edits)[possible]
    right = accuracy(attack.answers(edits), truth)
    progress()
    draws, drawn = matched_draws(units, activity, n_random, seed), []
    for other in draws:
        drawn.append(attack.hits(target, dict.fromkeys(other, SILENT))[possible])
        progress()
    lost = intact.astype(np.float64) - np.array([silenced, *drawn])
    compared = activity_of(units, draws, activity)
    excess = excess_over_controls(
        lost[0], lost[1:], None if compared.matched else compared.values()
    )
    return KnockOut(
        tuple(str(neuron) for neuron in units),
        Share(int(intact.sum()), len(intact)),
        Share(int(silenced.sum()), len(silenced)),
        accuracy(before, truth),
        right,
        float(lost[0].mean()),
        tuple(float(each) for each in lost[1:].mean(1)),
        compared,
        excess.value,
        excess.interval,
        excess.p_value,
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
            "drop of controls (range)",
            "activity; of controls (range)",
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
                str(k.activity) + ("" if k.activity.matched else " *"),
                f"{k.excess:+.3f} ({k.interval.low:+.3f} to {k.interval.high:+.3f})",
                f"{k.p_value:.2g}",
                str(k.accuracy_intact),
                str(k.accuracy_silenced),
            )
            for k in knock_outs
        ),
        f"On {n:,} images that chose nothing. {SUCCESS_OF} Controls: other units of the layer, "
        f"those nearest in activity (mean peak on attacked images), none twice. * Their activity "
        f"is more than a tenth off: the excess is taken from a line through the controls. The "
        f"interval of the excess takes in how much the controls differ among themselves. A large "
        f"drop says that this attack needs these units; it does not say that no other attack "
        f"would work.",
    )


def knock_out_rows(knock_outs: Sequence[KnockOut]) -> list[dict[str, object]]:
    """Give one row per knock-out; of the controls the mean and the range of their drops."""
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
            "activity": each.activity.own,
            "control_activity": each.activity.mean,
            "controls_match": each.activity.matched,
            "excess": each.excess,
            "excess_interval": each.interval,
            "p_value": each.p_value,
        }
        for each in knock_outs
    ]
