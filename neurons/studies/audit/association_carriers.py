"""Which units carry an association: without which of them is most of it gone?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.address import EMBEDDING
from neurons.data.images import ImageSet
from neurons.data.prepared import prepare
from neurons.errors import OptionError
from neurons.interventions.carriers import (
    MOST,
    Carrier,
    Elsewhere,
    Groups,
    Removal,
    fewest_for_most,
    rank_carriers,
    removal,
)
from neurons.interventions.editable import open_editable
from neurons.lettering.lettering import Lettering
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.association import directions
from neurons.readouts.item_sets import AssociationTest, ItemSet, PairedTest, Pictures, WrittenWords
from neurons.readouts.item_vectors import Place, item_vectors, pixels_of, written_words
from neurons.readouts.partitions import FEWEST_PAIRS, pair_test, partition_test
from neurons.readouts.prompts import ALONE
from neurons.readouts.readout import ZeroShot
from neurons.results.blocks import Block, Dots, Note, Panel, Table
from neurons.results.result import Result
from neurons.results.table import Row

_FEWEST_RANDOM = 20
_SHOWN, _ALONE = 12, 3
_ALPHA = 0.05


def association_carriers(
    clip: Clip,
    test: AssociationTest,
    layer: str,
    *,
    elsewhere: ImageSet | None = None,
    readout: ZeroShot | None = None,
    templates: Sequence[str] = ALONE,
    lettering: Lettering | None = None,
    most_units: int = 10,
    n_random: int = 20,
    n_elsewhere: int = 200,
    precision: Precision = exact,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> AssociationCarriers:
    """Find the units of a layer that an association needs, and set them to zero.

    Half of the targets, drawn at random, chooses the units: the fewest whose removal takes half of
    the difference. On the other half they are set to zero, together and alone, and so are other
    units of the layer that are as active. The attributes stay where the whole network puts them.

    Parameters
    ----------
    clip : Clip
    test : AssociationTest
        With two sets of targets, of pictures or written words, eight or more of each.
    layer : str
        Of the image tower.
    elsewhere : ImageSet, optional
        Labelled images, to tell what the removal costs; the test's own pictures among them are
        left out.
    readout : ZeroShot, optional
        What reads the classes of these; needed with them.
    templates : sequence of str
        Sentences in which text stands, with one ``{}`` each.
    lettering : Lettering, optional
        How words are written; default: chosen by the input's size.
    most_units : int >= 1
        Units to set to zero together at most.
    n_random : int >= 20
        Draws of control units.
    n_elsewhere : int >= 1
        Images to take of ``elsewhere``, at most.
    precision : Precision
    seed : int
        Of halves and draws.
    progress : callable
        Takes how many of how many edits are done.

    Returns
    -------
    AssociationCarriers

    Raises
    ------
    OptionError
        If the targets are text, which no layer of the image tower reads, or too few, or a number
        makes no sense.
    LayerNotFoundError
        If the model has no such layer.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021, found units that
    answer to a group of people and to a crime alike, and showed no number; the choosing half and
    the matched controls are ours.
    """
    first, second = _targets(test, layer)
    if most_units < 1 or n_random < _FEWEST_RANDOM:
        raise OptionError(
            f"{most_units} units, {n_random} random draws: at least 1 and {_FEWEST_RANDOM}"
        )
    place = Place(EMBEDDING, None, tuple(templates), lettering, precision)
    groups = _groups(clip, test, first, second, place)
    choosing, held = groups.halves(seed)
    other = _elsewhere(clip, test, elsewhere, readout, n_elsewhere, seed)
    done = 0
    with open_editable(
        clip, [layer], readouts=() if other is None else (other.readout,), precision=precision
    ) as network:
        ranked = rank_carriers(network, choosing, layer)
        chosen = fewest_for_most(network, choosing, ranked, most_units)
        sets = [chosen, *([unit] for unit in chosen[:_ALONE] if len(chosen) > 1)] if chosen else []
        activity = network.respond(choosing.pixels).peaks[layer].mean(0)
        total = (n_random + 1) * len(sets)

        def step() -> None:
            nonlocal done
            done += 1
            progress(done, total)

        removals = [
            removal(
                network, held, units, activity,
                elsewhere=other, n_random=n_random, seed=seed + i, progress=step,
            )
            for i, units in enumerate(sets)
        ]  # fmt: skip
        difference, p_value = _on_held(network.respond(held.pixels).embeddings, held, test)
    return AssociationCarriers(
        provenance={
            "model": clip.provenance(),
            **({"elsewhere": elsewhere.provenance()} if elsewhere is not None else {}),
            "n_random": n_random,
            "seed": seed,
            "templates": list(templates),
        },
        test=test.name,
        layer=layer,
        x=test.x.name,
        y=second.name,
        a=test.a.name,
        b=test.b.name,
        n_choosing=len(choosing.x),
        n=len(held.x),
        difference=difference,
        p_value=p_value,
        carriers=ranked[:_SHOWN],
        removals=tuple(removals),
    )


@dataclass(frozen=True)
class AssociationCarriers(Result):
    """The units that an association needs; not the only ones that could carry it.

    Parameters
    ----------
    test, layer : str
    x, y, a, b : str
        What the sets are called.
    n_choosing, n : int
        Items of each group that chose the units, and others that they were tested on.
    difference : float
        Of the intact network, on the testing items.
    p_value : float
        Two-sided, of that difference, by exchanging these items.
    carriers : tuple of Carrier
        The most needed first, on the choosing items.
    removals : tuple of Removal
        The chosen units together, then the first of them alone; none where no unit carries it.
    """

    test: str
    layer: str
    x: str
    y: str
    a: str
    b: str
    n_choosing: int
    n: int
    difference: float
    p_value: float
    carriers: tuple[Carrier, ...]
    removals: tuple[Removal, ...]

    @property
    def title(self) -> str:
        """The test and the layer."""
        return f"Units of {self.layer} that carry {self.test}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the units and what is lost without them."""
        if not self.removals:
            return (("units", "none"),)
        together = self.removals[0]
        return (
            ("units", ", ".join(together.neurons[:_SHOWN])),
            ("lost without them", _percent(together.share)),
            ("lost without others", _percent(together.random_share)),
        )

    def verdict(self) -> str:
        """Say which units carry it; first, if so, that none is seen to."""
        weak = (
            f"On the {self.n} items of each group that test the units, {self.x!r} and {self.y!r} "
            f"are not shown to differ (p = {self.p_value:.2g}): what is lost of it means little. "
            if self.p_value > _ALPHA
            else ""
        )
        if not self.removals:
            return f"{weak}No unit of {self.layer} is seen to carry {self.test!r}."
        together = self.removals[0]
        interval = together.interval
        return (
            f"{weak}{self._head(together)} without {', '.join(together.neurons)} the difference "
            f"goes from {together.intact:+.4f} to {together.without:+.4f} "
            f"({_percent(together.share)} lost; without other units {_activity(together)} "
            f"{_percent(together.random_share)}): excess {together.excess:+.4f} "
            f"({interval.low:+.4f} to {interval.high:+.4f}, p = {together.p_value:.2g} of "
            f"{len(together.random_drops)} draws), on {self.n} items of each group that did not "
            f"choose them.{self._cost()}"
        )

    def _head(self, together: Removal) -> str:
        n, which = len(together.neurons), f"{self.layer} carr"
        if not together.needed:
            return f"No units of {self.layer} are seen to carry {self.test!r} more than others do:"
        if together.share < MOST:
            return f"No {n} units of {which}y most of {self.test!r}:"
        many = f"{n} units of {which}y" if n > 1 else f"One unit of {which}ies"
        return f"{many} most of {self.test!r}:"

    def _cost(self) -> str:
        together = self.removals[0]
        if not together.accuracy.n:
            return " What it costs elsewhere was not measured: there are no other labelled images."
        return (
            f" Elsewhere zero-shot accuracy goes from {together.accuracy_intact} to "
            f"{together.accuracy}; without other units to {together.random_accuracy:.3f}."
        )

    def rows(self) -> Sequence[Row]:
        """One row per set of units that was set to zero."""
        return [
            {
                "neurons": each.neurons,
                "intact": each.intact,
                "without": each.without,
                "share_lost": each.share,
                "random_share_lost": each.random_share,
                "excess": each.excess,
                "excess_interval": each.interval,
                "p_value": each.p_value,
                "n_draws": len(each.random_drops),
                "activity": each.activity.own,
                "control_activity": each.activity.mean,
                "controls_match": each.activity.matched,
                "accuracy_intact": each.accuracy_intact,
                "accuracy": each.accuracy,
                "random_accuracy": each.random_accuracy,
            }
            for each in self.removals
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Draw what each removal takes beside its controls; list removals and single units."""
        if not self.removals:
            return (Note("No unit takes anything of the difference when it is set to zero."),)
        return (self._chart(), self._removals(), self._carriers())

    def _chart(self) -> Dots:
        return Dots(
            f"What {self.test} loses without units of {self.layer}",
            tuple(_label(each) for each in self.removals),
            (
                Panel(
                    "set to zero",
                    "share of the difference lost",
                    tuple(each.share for each in self.removals),
                    controls=tuple(
                        tuple(drop / abs(each.intact) for drop in each.random_drops)
                        for each in self.removals
                    ),
                    reference=0.0,
                ),
                Panel(
                    "beyond controls",
                    "excess, cosine",
                    tuple(each.excess for each in self.removals),
                    tuple(each.interval.low for each in self.removals),
                    tuple(each.interval.high for each in self.removals),
                    reference=0.0,
                ),
            ),
            controls="other units as active",
        )

    def _removals(self) -> Table:
        return Table(
            "Set to zero",
            ("units", "difference", "without", "lost", "lost without others", "activity; of "
             "controls (range)", "excess", "p", "accuracy elsewhere", "without", "without others"),
            tuple(
                (
                    ", ".join(each.neurons),
                    f"{each.intact:+.4f}",
                    f"{each.without:+.4f}",
                    _percent(each.share),
                    _percent(each.random_share),
                    str(each.activity) + ("" if each.activity.matched else " *"),
                    f"{each.excess:+.4f} ({each.interval.low:+.4f} to {each.interval.high:+.4f})",
                    f"{each.p_value:.2g}",
                    str(each.accuracy_intact),
                    str(each.accuracy),
                    f"{each.random_accuracy:.3f}" if each.accuracy.n else "-",
                )
                for each in self.removals
            ),
            f"On {self.n} items of each group that did not choose the units. Others: units of the "
            f"layer nearest in activity (mean peak on these pictures), none twice. * Activity more "
            f"than a tenth off: the excess is taken from a line through them. What is lost "
            f"says that the difference needs these units here; other units may carry it when these "
            f"are gone in training, and these carry other things too.",
        )  # fmt: skip

    def _carriers(self) -> Table:
        return Table(
            "Units one by one",
            ("neuron", f"mean peak, {self.x}", f"mean peak, {self.y}", "lost without it alone"),
            tuple(
                (each.neuron, f"{each.peak_x:.3g}", f"{each.peak_y:.3g}", _percent(each.share))
                for each in self.carriers
            ),
            f"On the {self.n_choosing} items of each group that chose: too high for the first.",
        )


def _targets(test: AssociationTest, layer: str) -> tuple[ItemSet, ItemSet]:
    """Give the two groups of targets, if units of the image tower can carry their difference."""
    test.check()
    if test.y is None:
        raise OptionError(
            f"{test.name!r} has one group of targets: what carries a difference is asked of two"
        )
    for side in (test.x, test.y):
        if not isinstance(side, (Pictures, WrittenWords)):
            raise OptionError(
                f"{side.name!r} is text, which {layer!r} does not read: write the words, or give "
                f"pictures"
            )
    return test.x, test.y


def _groups(
    clip: Clip, test: AssociationTest, first: ItemSet, second: ItemSet, place: Place
) -> Groups:
    a, b = item_vectors(clip, [test.a, test.b], place)
    direction: NDArray[np.float64] = directions(a).mean(0) - directions(b).mean(0)
    return Groups(_shown(clip, first, place), _shown(clip, second, place), direction)


def _shown(clip: Clip, side: ItemSet, place: Place) -> Tensor:
    """Give an item's pictures, (items, pictures of each, 3, H, W)."""
    if isinstance(side, Pictures):
        return pixels_of(clip, side).unsqueeze(1)
    return written_words(clip.preprocess.size, side.words, place.writing(clip))


def _elsewhere(
    clip: Clip,
    test: AssociationTest,
    images: ImageSet | None,
    readout: ZeroShot | None,
    n: int,
    seed: int,
) -> Elsewhere | None:
    """Take other labelled images, none of them a picture of the test; None if there are none."""
    if images is None:
        return None
    if readout is None:
        raise OptionError("say what reads the classes of the other images: a zero-shot readout")
    labels, own = images.require_labels(), images.provenance()["fingerprint"]
    taken = {
        row
        for side in test.sides
        if isinstance(side, Pictures) and side.images.provenance()["fingerprint"] == own
        for row in side.rows
    }
    rows = [row for row in np.flatnonzero(labels >= 0).tolist() if row not in taken]
    if not rows:
        return None
    ready = prepare(clip.preprocess, images, rows=rows, n=n, seed=seed)
    truth = ready.truth(readout.class_names)
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        raise OptionError(f"no image of {images.name!r} is of a class that the readout knows")
    return Elsewhere(ready.pixels[torch.from_numpy(known)], truth[known], readout)


def _on_held(
    embeddings: NDArray[np.float32], held: Groups, test: AssociationTest
) -> tuple[float, float]:
    """Test the difference on the items that test the units."""
    apart = embeddings.reshape(2, len(held.x), held.x.shape[1], -1).astype(np.float64)
    ways = apart / np.maximum(np.linalg.norm(apart, axis=3, keepdims=True), 1e-12)
    x, y = (ways @ held.direction).mean(2)
    if isinstance(test, PairedTest) and len(x) >= FEWEST_PAIRS:
        return float(x.mean() - y.mean()), pair_test(x, y, n_draws=9_999).p_value
    return float(x.mean() - y.mean()), partition_test(x, y, n_draws=9_999).p_value


def _percent(share: float) -> str:
    """Give a share without a minus before 0."""
    return f"{round(share, 2) + 0.0:.0%}"


def _label(found: Removal) -> str:
    more = f" and {len(found.neurons) - 1} more" if len(found.neurons) > 1 else ""
    return f"{found.neurons[0]}{more}"


def _activity(found: Removal) -> str:
    if found.activity.matched:
        return "that are as active"
    return f"(activity {found.activity}; allowed for by a line)"
