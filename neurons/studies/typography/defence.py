"""Which units vary with written words and not with pictures, and what if they are silenced?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurons.address import Neuron
from neurons.attacks.conditions import SUCCESS_OF
from neurons.attacks.doubts import doubts_of_names, first_of_all
from neurons.attacks.frontier import (
    N_SIZES,
    Aim,
    ChosenSet,
    FrontierPoint,
    WrongWords,
    chosen_set,
    points_table,
    sizes_to_try,
)
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.attacks.sample import Sample
from neurons.attacks.steps import Progress, stepper
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.interventions.controls import SILENT
from neurons.interventions.editable import open_editable
from neurons.lettering.default import chosen_writing, legibility
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.network.layers import stages
from neurons.readouts.readout import Readout, class_index
from neurons.results.blocks import Bars, Block, Curve
from neurons.results.result import Result
from neurons.results.table import Row

_SAMPLE = Sample(n=200)
_FEWEST_WORDS = 4


def defend(
    clip: Clip,
    images: ImageSet,
    *,
    readout: Readout,
    words: Sequence[str] | None = None,
    layers: Sequence[str] | None = None,
    wanted: float = 0.1,
    max_cost: float = 0.02,
    lettering: Lettering | None = None,
    sample: Sample = _SAMPLE,
    n_random: int = 20,
    precision: Precision = exact,
    progress: Progress = lambda done, total: None,
) -> Defence:
    """Silence the fewest units that make a model hard to fool with words.

    A unit reads words and sees no pictures as far as it differs between words on plain grounds more
    than between pictures without words: the share of the first standard deviation in the sum of
    both. Units of a layer are silenced in this order until the attack's success falls to what is
    wanted; of several layers the one that is right most often under attack is taken, and where none
    falls so far, the set that is right most often. One half of the images and of the words chooses
    layer and number; everything that is reported comes from the other halves.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
        Labelled with classes of the readout.
    readout : Readout
    words : sequence of str, optional
        Names of classes to attack with; default: all of the readout's.
    layers : sequence of str, optional
        To choose one from; default: up to four, evenly over the depth.
    wanted : float in [0, 1)
        Attack success that is asked for.
    max_cost : float in [0, 1]
        Clean accuracy that may be lost for it on the choosing half.
    lettering : Lettering, optional
        Default: chosen by the input's size, see `default_lettering`.
    sample : Sample, optional
        Which of the images, half of them to choose with; default: 200.
    n_random : int >= 1
        Draws of as many random units of the layer, to compare with.
    precision : Precision
    progress : callable
        Takes how many of how many passes are done.

    Returns
    -------
    Defence
        ``edits()`` is what `save_edit` keeps; it may be ``empty``, and says why.

    Raises
    ------
    LabelsMissingError
        If the images carry no labels.
    OptionError
        If no image's label is a class of the readout, a word is none, every image is read as its
        word already, or a number makes no sense.
    LayerNotFoundError
        If the model has no such layer.

    References
    ----------
    Dyslexify (2025) ablates attention heads of ViTs that attend to text; Materzyńska et al.,
    "Disentangling visual and written concepts in CLIP", CVPR 2022, project text away in the
    embedding. Choosing units by text-only and picture-only images is ours.
    """
    aim, seed, size = Aim(wanted, max_cost), sample.seed, clip.preprocess.size
    if not 0 <= wanted < 1 or not 0 <= max_cost <= 1 or n_random < 1:
        raise OptionError(
            f"wanted {wanted}, max_cost {max_cost}, {n_random} draws: shares below 1, and 1 draw "
            f"or more"
        )
    images.require_labels()
    writing, readouts = chosen_writing(lettering, size), {"readout": readout}
    parts, unwritable = _parted_words(words, readout, writing.lettering, size, seed)
    to_choose, to_measure = parts
    # drawn from those whose class can be asked for, so that ``n`` of them are measured
    pool = _of_its_classes(images, readout, sample.rows)
    unnamed = doubts_of_names(readouts)
    paths = list(layers) if layers is not None else list(stages(clip))
    total = len(paths) * (N_SIZES + 1) + N_SIZES + n_random + 8
    step = stepper(progress, total)
    with open_editable(clip, paths, readouts=[readout], precision=precision) as network:
        ready = replace(sample, rows=pool).of(images, clip)
        search, held = ready.halves(seed)
        whole = RepeatableAttack(network, ready, writing.lettering, readouts, seed)
        unsure = whole.doubts(whole.clean())
        chosen = chosen_set(whole.on(search), to_choose, paths, aim, step)
        measuring = WrongWords.drawn(whole.on(held), to_measure)
        frontier, random = _measured(measuring, chosen, n_random, step)
        provenance = whole.provenance(precision)
    step(total)
    legible = legibility(to_measure, writing.lettering, size)
    return Defence(
        provenance=provenance,
        layer=chosen.best.layer,
        units=tuple(int(unit) for unit in chosen.rank[: chosen.best.size]),
        wanted=wanted,
        max_cost=max_cost,
        reached=chosen.reached,
        n=len(held),
        n_choosing=len(search),
        words=tuple(to_measure),
        unwritable=tuple(unwritable),
        choosing=tuple(chosen.tried),
        frontier=tuple(frontier),
        random=tuple(random),
        written=writing.told,
        why_written=writing.why,
        doubts=tuple(filter(None, [*unsure, *unnamed, legible])),
    )


@dataclass(frozen=True)
class Defence(Result):
    """The units to silence, and the frontier of clean accuracy against attack success.

    Parameters
    ----------
    layer : str
    units : tuple of int
        Those that vary most with words and least with pictures first.
    wanted, max_cost : float
    reached : bool
        Whether the choosing half reached what was wanted at no more than the cost.
    n, n_choosing : int
        Images measured on, and images chosen with.
    words : tuple of str
        Of the attack that is reported; others chose.
    unwritable : tuple of str
        Words that do not fit on an image as they were to be written.
    choosing : tuple of FrontierPoint
        Every layer and size that was tried, on the choosing half.
    frontier : tuple of FrontierPoint
        The chosen layer, on the other half.
    random : tuple of FrontierPoint
        As many random units of that layer, on the other half; none where no unit is silenced.
    written, why_written : str
        How the words were written; and why so, where nobody said how.
    doubts : tuple of str
        What makes these numbers mean little.
    """

    layer: str
    units: tuple[int, ...]
    wanted: float
    max_cost: float
    reached: bool
    n: int
    n_choosing: int
    words: tuple[str, ...]
    unwritable: tuple[str, ...]
    choosing: tuple[FrontierPoint, ...]
    frontier: tuple[FrontierPoint, ...]
    random: tuple[FrontierPoint, ...]
    written: str
    why_written: str
    doubts: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether no unit is to be silenced: there is no edit to keep then."""
        return not self.units

    def edits(self) -> dict[Neuron, float]:
        """Give the edit: what `save_edit` keeps and `edit` takes; none where it is `empty`."""
        return {Neuron(self.layer, unit): SILENT for unit in self.units}

    def intact(self) -> FrontierPoint:
        """Give the whole network, on the other half."""
        return self.frontier[0]

    def defended(self) -> FrontierPoint:
        """Give the network with the units silenced, on the other half."""
        return next(point for point in self.frontier if point.size == len(self.units))

    @property
    def title(self) -> str:
        """What the study is."""
        return "Defence"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the units silenced, and what that gives."""
        after = self.defended()
        return (
            ("units silenced", f"{len(self.units):,}"),
            ("success", f"{after.success.value:.3f}"),
            ("clean accuracy", f"{after.accuracy.value:.3f}"),
        )

    def verdict(self) -> str:
        """Say what is won and lost, beside random units; doubts come first."""
        left_out = (
            f" Left out, since they cannot be written like this: {len(self.unwritable):,} words, "
            f"the first “{self.unwritable[0]}”."
            if self.unwritable
            else ""
        )
        why = f" {self.why_written}" if self.why_written else ""
        return (
            f"{first_of_all(self.doubts)}{self._nothing() if self.empty else self._won()} Measured "
            f"on {self.n:,} images and {len(self.words):,} words that chose nothing. Written: "
            f"{self.written}.{why}{left_out}"
        )

    def _nothing(self) -> str:
        """Say why no unit is to be silenced."""
        whole = next(point for point in self.choosing if point.size == 0)
        if self.reached:
            return (
                f"There is nothing to defend against: without any defence the attack's success is "
                f"{whole.success} on the choosing half, and {self.wanted:g} was asked for."
            )
        layers = len({point.layer for point in self.choosing})
        return (
            f"Nothing that was tried helps: of {len(self.choosing):,} sets in {layers:,} layers, "
            f"none that costs {self.max_cost:g} of clean accuracy or less is right more often "
            f"under attack than the whole network ({whole.attacked_accuracy} on the choosing "
            f"half). Allow a larger cost, or name other layers."
        )

    def _won(self) -> str:
        before, after = self.intact(), self.defended()
        drawn = [point.success.value for point in self.random]
        kept = [point.accuracy.value for point in self.random]
        missed = (
            f"No set that was tried came to {self.wanted:g} at a cost of {self.max_cost:g} or "
            f"less: this is the one that is right most often under attack at that cost. "
        )
        return (
            f"{'' if self.reached else missed}{len(self.units)} units of {self.layer} set to zero: "
            f"attack success {before.success} becomes {after.success}, clean accuracy "
            f"{before.accuracy} becomes {after.accuracy}, accuracy under attack "
            f"{before.attacked_accuracy} becomes {after.attacked_accuracy}. As many random units "
            f"of that layer give a success of {np.mean(drawn):.3f} ({min(drawn):.3f} to "
            f"{max(drawn):.3f}) at a clean accuracy of {np.mean(kept):.3f}."
        )

    def rows(self) -> Sequence[Row]:
        """One row per point: those that chose, the frontier, and the random draws."""
        groups = {"choosing": self.choosing, "frontier": self.frontier, "random": self.random}
        return [
            {"measured": name, **{field: getattr(point, field) for field in _FIELDS}}
            for name, points in groups.items()
            for point in points
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Draw the frontier; random units; what was tried."""
        by_success = sorted(self.frontier, key=lambda point: point.success.value)
        return (
            Curve(
                f"Clean accuracy against attack success, {self.layer} ({self.written})",
                tuple(point.success.value for point in by_success),
                tuple(point.accuracy.value for point in by_success),
                "attack success",
                "clean accuracy",
                note="Each point silences more units; measured on images and words that chose "
                "nothing.",
                points=True,
            ),
            points_table(f"Frontier of {self.layer}, on {self.n:,} other images", self.frontier),
            *(() if self.empty else (self._bars(),)),
            points_table(f"Tried, on the {self.n_choosing:,} images that chose", self.choosing),
        )

    def _bars(self) -> Bars:
        before, after = self.intact().success, self.defended().success
        drawn = [point.success.value for point in self.random]
        return Bars(
            f"Attack success ({self.written})",
            ("whole network", "defended", "as many random units"),
            (before.value, after.value, float(np.mean(drawn))),
            "share of images",
            (before.interval.low, after.interval.low, min(drawn)),
            (before.interval.high, after.interval.high, max(drawn)),
            note=f"{SUCCESS_OF} Of the random units: mean and range of the draws.",
        )


_FIELDS = ("layer", "size", "success", "accuracy", "attacked_accuracy")


def _parted_words(
    words: Sequence[str] | None,
    readout: Readout,
    lettering: Lettering,
    size: tuple[int, int],
    seed: int,
) -> tuple[list[list[str]], list[str]]:
    """Part the words that can be written: to choose with, and to measure with; list the others."""
    names = list(readout.class_names if words is None else words)
    for name in names:
        class_index(readout, name)
    good, bad = writable(names, lettering, size)
    if len(good) < _FEWEST_WORDS:
        raise OptionError(
            f"{len(good)} words that are classes and can be written: {_FEWEST_WORDS} or more are "
            f"needed, half of them to choose with"
        )
    order = np.random.default_rng(seed).permutation(len(good))
    return [[good[i] for i in half] for half in np.array_split(order, 2)], bad


def _of_its_classes(images: ImageSet, readout: Readout, rows: Sequence[int] | None) -> list[int]:
    """Find the images whose class the readout has."""
    labels, names = images.require_labels(), images.class_names
    known = {i for i, name in enumerate(names) if name in readout.class_names}
    pool = [i for i in (range(len(images)) if rows is None else rows) if int(labels[i]) in known]
    if len(pool) < 2:
        raise OptionError(
            f"{len(pool)} images of {images.name!r} show a class of the readout: 2 or more are "
            f"needed; its classes are {', '.join(readout.class_names[:5])}, ..."
        )
    return pool


def _measured(
    measuring: WrongWords, chosen: ChosenSet, n_random: int, step: Callable[[], None]
) -> tuple[list[FrontierPoint], list[FrontierPoint]]:
    """Measure the layer's frontier, and as many random units of it."""
    layer, rank, size = chosen.best.layer, chosen.rank, chosen.best.size
    frontier, draws = [], []
    for each in sorted({*sizes_to_try(len(rank)), size}):
        frontier.append(measuring.point(layer, rank, each))
        step()
    random = np.random.default_rng(measuring.attack.seed)
    # of no units there is one draw only: the whole network
    for _ in range(n_random if size else 0):
        draws.append(measuring.point(layer, random.permutation(rank), size))
        step()
    return frontier, draws
