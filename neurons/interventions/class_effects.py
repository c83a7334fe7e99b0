"""What do a class's images lose when units are set to a value, and how is that shown?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurons.interventions.controls import ControlActivity
from neurons.readouts.margins import Change, Fall
from neurons.results.blocks import Dots, Panel, Table
from neurons.results.table import Row
from neurons.stats import Share


@dataclass(frozen=True)
class Effect:
    """Units that were set to a value.

    Parameters
    ----------
    neurons : tuple of str
    value : str
        ``zero``, or ``mean``: the unit's mean over all images and places.
    activity : ControlActivity
        Mean peak on the images, of the units and of each draw of controls.
    probe : Fall
        By the probe that the units were taken from: it must fall, since they have its largest
        weights. There is no control for it, and no p.
    zero_shot : Change
        Through the rest of the network, beside what controls lose.
    """

    neurons: tuple[str, ...]
    value: str
    activity: ControlActivity
    probe: Fall
    zero_shot: Change

    @property
    def label(self) -> str:
        """What was set to what, in short."""
        first = self.neurons[0]
        more = f" and {len(self.neurons) - 1} more" if len(self.neurons) > 1 else ""
        return f"{first}{more} to {self.value}"


def effects_chart(effects: Sequence[Effect]) -> Dots:
    """Draw what each edit costs: zero-shot beside its controls, beyond them, and by the probe."""
    changes = [effect.zero_shot for effect in effects]
    return Dots(
        "What the class's images lose",
        tuple(effect.label for effect in effects),
        (
            Panel(
                "zero-shot",
                "margin lost, logits",
                tuple(change.margin_drop for change in changes),
                controls=tuple(change.random_drops for change in changes),
                reference=0.0,
            ),
            Panel(
                "zero-shot, beyond controls",
                "excess, logits",
                tuple(change.excess for change in changes),
                tuple(change.interval.low for change in changes),
                tuple(change.interval.high for change in changes),
                reference=0.0,
            ),
            Panel(
                "by the probe, which must fall",
                "margin lost, logits",
                tuple(effect.probe.margin_drop for effect in effects),
                reference=0.0,
            ),
        ),
        controls="other units as active",
        note="Margin: the class's score above the best other's. Zero-shot reads the end of the "
        "network, and is compared with other units of the layer, set likewise. By the probe the "
        "fall is arithmetic: weights times what was taken away.",
    )


def effects_table(effects: Sequence[Effect]) -> Table:
    """List what each edit costs, zero-shot, beside its controls, and by the probe."""
    return Table(
        "Zero-shot, through the rest of the network",
        (
            "set",
            "to",
            "still right",
            "margin lost",
            "controls (range)",
            "activity; of controls (range)",
            "excess",
            "p",
            "by the probe: still right",
            "margin lost",
        ),
        tuple(
            (
                ", ".join(effect.neurons),
                effect.value,
                str(effect.zero_shot.right),
                f"{effect.zero_shot.margin_drop:+.2f}",
                f"{np.mean(effect.zero_shot.random_drops):+.2f} "
                f"({min(effect.zero_shot.random_drops):+.2f} to "
                f"{max(effect.zero_shot.random_drops):+.2f})",
                str(effect.activity) + ("" if effect.activity.matched else " *"),
                f"{effect.zero_shot.excess:+.2f} ({effect.zero_shot.interval.low:+.2f} to "
                f"{effect.zero_shot.interval.high:+.2f})",
                f"{effect.zero_shot.p_value:.2g}",
                str(effect.probe.right),
                f"{effect.probe.margin_drop:+.2f}",
            )
            for effect in effects
        ),
        "Controls: the units of the layer without a weight in the class that are nearest in "
        "activity (mean peak on these images), none twice. * Their activity is more than a tenth "
        "off: the excess is taken from a line through the controls. The interval of the excess "
        "takes in how much the controls differ among themselves; p is not corrected for several "
        "edits or classes. A large loss says that this readout needs the unit for these images, "
        "not that it is the class's only way. The probe's own fall has no control: its units were "
        "chosen for their weights.",
    )


def effect_rows(effects: Sequence[Effect], name: str, probe: Share, zero_shot: Share) -> list[Row]:
    """Give two rows per edit, zero-shot and by the probe; the probe's has no controls.

    Parameters
    ----------
    effects : sequence of Effect
    name : str
        The class.
    probe, zero_shot : Share
        Given to the class by the intact network.
    """
    found: list[Row] = []
    for effect in effects:
        change, edit = effect.zero_shot, {"class": name, "neurons": effect.neurons}
        edit["value"] = effect.value
        found.append(
            {
                **edit,
                "readout": "zero-shot",
                "right": change.right,
                "right_intact": zero_shot,
                "margin_drop": change.margin_drop,
                "random_drop": float(np.mean(change.random_drops)),
                "n_random": len(change.random_drops),
                "activity": effect.activity.own,
                "control_activity": effect.activity.mean,
                "controls_match": effect.activity.matched,
                "excess": change.excess,
                "interval": change.interval,
                "p_value": change.p_value,
            }
        )
        found.append(
            {
                **edit,
                "readout": "probe",
                "right": effect.probe.right,
                "right_intact": probe,
                "margin_drop": effect.probe.margin_drop,
            }
        )
    return found
