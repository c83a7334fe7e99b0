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
from neurons.interventions.class_effects import (
    Effect,
    effect_rows,
    effects_chart,
    effects_table,
)
from neurons.interventions.controls import SILENT, activity_of, matched_draws
from neurons.interventions.editable import Edits, Responses, open_editable
from neurons.network.clip import Clip
from neurons.readouts.class_names import ids_for_names, shown_names
from neurons.readouts.margins import Margins, change, fall, margins, share_ahead
from neurons.readouts.probe import Probe
from neurons.readouts.readout import ZeroShot, zero_shot
from neurons.results.blocks import Block
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Share

# an excess that random units reach more often than this says nothing
_SIGNIFICANT = 0.05


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
    words : tuple of str
        What zero-shot chose from: the names of the probe's classes, each once.
    effects : tuple of Effect
        All the units together first, then each alone.
    """

    name: str
    n: int
    probe: Share
    zero_shot: Share
    words: tuple[str, ...]
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
        """Say whether its units, at zero, cost more than others; first, if so, what is in doubt."""
        first = self.effects[0]
        change = first.zero_shot
        needed = change.p_value <= _SIGNIFICANT
        found = (
            "Zero-shot answers need its units"
            if needed
            else "Zero-shot answers lose no more without its units than without others"
        )
        matched = (
            "that are as active"
            if first.activity.matched
            else f"(activity {first.activity}; allowed for by a line)"
        )
        return " ".join(
            (
                *self.warnings(),
                f"{found}: with {', '.join(first.neurons)} set to {first.value}, the margin of "
                f"{self.name!r} falls by {change.margin_drop:.2f}; with other units {matched} by "
                f"{np.mean(change.random_drops):.2f} (excess {change.excess:+.2f}, "
                f"{change.interval.low:+.2f} to {change.interval.high:+.2f}; p = "
                f"{change.p_value:.2g} of {len(change.random_drops)} draws). The probe's own "
                f"margin falls by {first.probe.margin_drop:.2f}: it must, since these units have "
                f"its largest weights. On {self.n} images of the class that were not fitted to, "
                f"the intact network gives {self.zero_shot} zero-shot and {self.probe} by the "
                f"probe.",
            )
        )

    def warnings(self) -> tuple[str, ...]:
        """Say what makes the check mean less than it seems: a sentence each."""
        guess = 1 / len(self.words)
        unread = (
            f"Zero-shot does not know this class: {self.zero_shot} of its images are given to it, "
            f"and guessing gives {guess:.3f}; its margin says little."
            if self.zero_shot.interval.low <= guess
            else ""
        )
        told = (ids_for_names(self.words), unread)
        return tuple(sentence for sentence in told if sentence)

    def rows(self) -> Sequence[Row]:
        """Two rows per edit, zero-shot beside controls, and by the probe."""
        return effect_rows(self.effects, self.name, self.probe, self.zero_shot)

    def blocks(self) -> tuple[Block, ...]:
        """Draw what each edit costs, and list it."""
        return (effects_chart(self.effects), effects_table(self.effects))


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
    asked = _asked(probe, clip, images, name)
    held = np.isin(probe.split, (CHOOSE, TEST))
    rows = np.flatnonzero(held & (probe.labels_of(images) == asked.own))
    pictures = prepare(clip.preprocess, images, rows=rows.tolist(), n=n_images, seed=seed)
    usual = _usual(run, probe.layer)
    # all the units together first, then each alone
    groups = [units, *([unit] for unit in units)] if len(units) > 1 else [units]
    todo = [(group, value) for group in groups for value in ("zero", "mean")]
    effects: list[Effect] = []
    with open_editable(clip, [probe.layer], readouts=(probe, asked.by_name)) as network:
        intact = network.respond(pictures.pixels)
        before = asked.margins(intact)
        activity = intact.peaks[probe.layer].mean(0)
        for group, value in todo:
            draws = matched_draws(group, activity, n_random, seed, never=asked.weighted)
            edits = [_edits(chosen, value, usual) for chosen in (group, *draws)]
            after = asked.margins(network.respond_to_each(pictures.pixels, edits))
            compared = activity_of(group, draws, activity)
            effects.append(
                Effect(
                    tuple(map(str, group)),
                    value,
                    compared,
                    fall(before.probe, after.probe[: len(pictures)]),
                    change(
                        before.by_name,
                        after.by_name,
                        None if compared.matched else compared.values(),
                    ),
                )
            )
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
        probe=share_ahead(before.probe),
        zero_shot=share_ahead(before.by_name),
        words=asked.by_name.class_names,
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
class _Margins:
    """A class's score above the best other's by either readout, (images,) each."""

    probe: Margins
    by_name: Margins


@dataclass(frozen=True)
class _Asked:
    """A class, by its place in the probe and in zero-shot's words, and the two readouts."""

    own: int
    own_by_name: int
    probe: Probe
    by_name: ZeroShot

    @property
    def weighted(self) -> list[int]:
        """The units with any weight in the class: none of them is a control for another."""
        return [int(unit) for unit in np.flatnonzero(self.probe.weights[self.own])]

    def margins(self, responses: Responses) -> _Margins:
        return _Margins(
            margins(responses.scores(self.probe), self.own),
            margins(responses.scores(self.by_name), self.own_by_name),
        )


def _asked(probe: Probe, clip: Clip, images: ImageSet, name: str) -> _Asked:
    """Ask the probe and zero-shot for a class; two classes of one word are one to zero-shot."""
    word_of = dict(zip(shown_names(images), images.class_names, strict=True))
    words = [word_of.get(each, each) for each in probe.class_names]
    by_name = zero_shot(clip, tuple(dict.fromkeys(words)))
    own = probe.index_of(name)
    return _Asked(own, by_name.class_names.index(words[own]), probe, by_name)


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
