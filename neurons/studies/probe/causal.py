"""Does the network need the units that a probe makes a class of?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.address import EMBEDDING, Neuron
from neurons.data.images import ImageSet
from neurons.data.prepared import prepare
from neurons.data.split import CHOOSE, TEST
from neurons.errors import OptionError
from neurons.interventions.controls import SILENT, matched_draws
from neurons.interventions.editable import Edits, Responses, open_editable
from neurons.network.clip import Clip
from neurons.readouts.margins import Change, change, margins, share_ahead
from neurons.readouts.probe import Probe
from neurons.readouts.readout import Readout, ZeroShot, zero_shot
from neurons.results.blocks import Block, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Share

# an excess that random units reach more often than this says nothing
_SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Effect:
    """Units that were set to a value.

    Parameters
    ----------
    neurons : tuple of str
    value : str
        ``zero``, or ``mean``: the unit's mean over all images and places.
    probe, zero_shot : Change
    """

    neurons: tuple[str, ...]
    value: str
    probe: Change
    zero_shot: Change


@dataclass(frozen=True)
class CausalCheck(Result):
    """What becomes of a class when its units are set to zero, or to their mean.

    Parameters
    ----------
    name : str
    n : int
        Images of the class that were not fitted to.
    probe, zero_shot : Share
        Given to the class by the intact network.
    effects : tuple of Effect
        All the units together first, then each alone.
    """

    name: str
    n: int
    probe: Share
    zero_shot: Share
    effects: tuple[Effect, ...]

    @property
    def title(self) -> str:
        """The class that was checked."""
        return f"Causal check of {self.name}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Images, and what the intact network makes of them."""
        return (
            ("images", f"{self.n:,}"),
            ("right by the probe", f"{self.probe.value:.1%}"),
            ("right zero-shot", f"{self.zero_shot.value:.1%}"),
            ("edits", f"{len(self.effects):,}"),
        )

    def verdict(self) -> str:
        """Say whether its units, at zero, cost more than random ones; and where that was seen."""
        first = self.effects[0]
        change = first.probe
        matters = change.p_value <= _SIGNIFICANT
        found = "The probe needs its units" if matters else "Random units matter as much"
        return (
            f"{found}: with {', '.join(first.neurons)} set to {first.value}, the margin of "
            f"{self.name!r} by the probe falls by {change.margin_drop:.2f}; with random units by "
            f"{np.mean(change.random_drops):.2f} (p = {change.p_value:.2g}). On {self.n} images of "
            f"the class that were not fitted to, the intact network gives {self.probe} by the "
            f"probe and {self.zero_shot} zero-shot. Random units are drawn among those that are as "
            f"active on these images and have no weight in the class."
        )

    def rows(self) -> Sequence[Row]:
        """One row per edit and readout, beside what random units do."""
        return [
            {
                "class": self.name,
                "neurons": effect.neurons,
                "value": effect.value,
                "readout": readout,
                "right": change.right,
                "right_intact": intact,
                "margin_drop": change.margin_drop,
                "random_drop": float(np.mean(change.random_drops)),
                "n_random": len(change.random_drops),
                "excess": change.excess,
                "interval": change.interval,
                "p_value": change.p_value,
            }
            for effect in self.effects
            for readout, change, intact in (
                ("probe", effect.probe, self.probe),
                ("zero-shot", effect.zero_shot, self.zero_shot),
            )
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Draw one row per edit, for each readout."""
        return (
            self._table("By the probe", [effect.probe for effect in self.effects]),
            self._table(
                "Zero-shot, through the rest of the network",
                [effect.zero_shot for effect in self.effects],
            ),
        )

    def _table(self, title: str, changes: Sequence[Change]) -> Table:
        return Table(
            title,
            ("set", "to", "still right", "margin lost", "random units", "excess", "p"),
            tuple(
                (
                    ", ".join(effect.neurons),
                    effect.value,
                    str(change.right),
                    f"{change.margin_drop:+.2f}",
                    f"{np.mean(change.random_drops):+.2f} ({min(change.random_drops):+.2f} to "
                    f"{max(change.random_drops):+.2f})",
                    f"{change.excess:+.2f} ({change.interval.low:+.2f} to "
                    f"{change.interval.high:+.2f})",
                    f"{change.p_value:.2g}",
                )
                for effect, change in zip(self.effects, changes, strict=True)
            ),
            "Margin: the class's score above the best other, in logits. A large loss says that "
            "this readout needs the unit for these images, not that it is the class's only way.",
        )


def causal_check(
    probe: Probe,
    clip: Clip,
    run: Activations,
    images: ImageSet,
    name: str,
    *,
    n_units: int = 5,
    n_random: int = 20,
    n_images: int = 64,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CausalCheck:
    """Set a class's units to zero, and to their mean, and measure what its images lose.

    Parameters
    ----------
    probe : Probe
        On a layer of the network, not on the embedding.
    clip : Clip
        The model of the run.
    run : Activations
    images : ImageSet
    name : str
        A class of the probe.
    n_units : int >= 1
        Units with the largest positive weights.
    n_random : int >= 20
        Draws of random units for each edit.
    n_images : int >= 1
        At most so many of the class's images.
    seed : int
    progress : callable
        Takes the number of edits done, and of all.

    Raises
    ------
    OptionError
        If the probe reads the embedding, has no such class or no unit for it, or fewer than 20
        draws are asked for.
    StaleActivationsError
        If model or images are not those of the run.
    """
    _check(probe, n_units, n_random, n_images)
    units = _units(probe, name, n_units)
    run.check_images(images)
    run.check_clip(clip)
    asked = _Asked(probe.index_of(name), probe, zero_shot(clip, probe.class_names))
    held = np.isin(probe.split, (CHOOSE, TEST))
    rows = np.flatnonzero(held & (probe.labels_of(images) == asked.own))
    pictures = prepare(clip.preprocess, images, rows=rows.tolist(), n=n_images, seed=seed)
    usual = _usual(run, probe.layer)
    # all the units together first, then each alone
    groups = [units, *([unit] for unit in units)] if len(units) > 1 else [units]
    todo = [(group, value) for group in groups for value in ("zero", "mean")]
    effects = []
    with open_editable(clip, [probe.layer], readouts=asked.readouts) as network:
        intact = network.respond(pictures.pixels)
        before = asked.margins(intact)
        activity = intact.peaks[probe.layer].mean(0)
        for group, value in todo:
            draws = matched_draws(group, activity, n_random, seed, never=asked.weighted)
            variants = [_edits(chosen, value, usual) for chosen in (group, *draws)]
            responses = network.respond_to_each(pictures.pixels, variants)
            after = asked.margins(responses)
            changes = [change(a, b) for a, b in zip(before, after, strict=True)]
            effects.append(Effect(tuple(map(str, group)), value, *changes))
            progress(len(effects), len(todo))
    return CausalCheck(
        provenance={
            "probe": probe.provenance,
            "n_random": n_random,
            "seed": seed,
            "templates": list(asked.by_name.templates),
        },
        name=name,
        n=len(pictures),
        probe=share_ahead(before[0]),
        zero_shot=share_ahead(before[1]),
        effects=tuple(effects),
    )


def _check(probe: Probe, n_units: int, n_random: int, n_images: int) -> None:
    if probe.layer == EMBEDDING:
        raise OptionError("an embedding has no units to edit; probe a layer, such as visual.layer4")
    if n_units < 1 or n_random < 20 or n_images < 1:
        raise OptionError(
            f"a causal check takes 1 unit or more (asked: {n_units}), 20 random draws or more "
            f"(asked: {n_random}) and 1 image or more (asked: {n_images})"
        )


def _units(probe: Probe, name: str, n_units: int) -> list[Neuron]:
    """Give the units with the largest positive weights in a class."""
    found = [Neuron(probe.layer, each.unit) for each in probe.units_of(name) if each.weight > 0]
    if not found:
        raise OptionError(f"no unit speaks for {name!r} in this probe; choose a weaker strength")
    return found[:n_units]


@dataclass(frozen=True)
class _Asked:
    """A class, by its place in the probe, and the two readouts that are asked for it."""

    own: int
    probe: Probe
    by_name: ZeroShot

    @property
    def readouts(self) -> tuple[Readout, Readout]:
        """The probe, and zero-shot among the same classes."""
        return self.probe, self.by_name

    @property
    def weighted(self) -> list[int]:
        """The units with any weight in the class: none of them is a control for another."""
        return [int(unit) for unit in np.flatnonzero(self.probe.weights[self.own])]

    def margins(self, responses: Responses) -> list[NDArray[np.float64]]:
        """Give the class's score above the best other's by either readout, (images,) each."""
        return [margins(responses.scores(readout), self.own) for readout in self.readouts]


def _edits(units: Sequence[Neuron], value: str, usual: NDArray[np.float64]) -> Edits:
    """Set units to zero, or each to its mean."""
    return {unit: float(usual[unit.unit]) if value == "mean" else SILENT for unit in units}


def _usual(run: Activations, layer: str) -> NDArray[np.float64]:
    """Give the mean of each unit over images and places, (units,)."""
    means = run.array(layer, "mean")
    total, rows = np.zeros(means.shape[1]), run.good_rows()
    for start in range(0, means.shape[0], 8192):
        total += np.nansum(np.asarray(means[start : start + 8192], np.float64), axis=0)
    return total / len(rows)
