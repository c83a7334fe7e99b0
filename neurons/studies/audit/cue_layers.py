"""Where in a network does the word win over shape and texture: in which layers and units?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.halves import halves
from neurons.activations.layer_peaks import peaks_of
from neurons.activations.nearest_class import NearestClass, nearest_class
from neurons.activations.run import Activations
from neurons.activations.unit_cues import UnitCues, unit_cues
from neurons.data.cue_images import CueImages
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.interventions.image_answers import Progress, decoded
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.chance import near_chance
from neurons.readouts.cue_counts import CueCounts, count_set
from neurons.results.blocks import Block, Dots, Note, Panel, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Share

Values = NDArray[np.float32]
_SHOWN = 24


def cue_layers(
    clip: Clip,
    run: Activations,
    images: ImageSet,
    conflicts: CueImages,
    *,
    layers: Sequence[str] = (),
    seed: int = 0,
    precision: Precision = exact,
    progress: Progress = lambda done, total: None,
) -> CueLayers:
    """Read pictures in conflict off the layers of a run, and off each of their units.

    A layer's answer is the class whose mean response, over half of the run's images, an image's
    response is nearest to; the other half says how often that is right.

    Parameters
    ----------
    clip : Clip
        The run's model.
    run : Activations
    images : ImageSet
        Those of the run, with labels; among their classes are all of the conflicts'.
    conflicts : CueImages
    layers : sequence of str, optional
        Default: all of the run's.
    seed : int
        Of the halves, and of the pictures' order in the control.
    precision : Precision
        ``exact`` or ``fast``.
    progress : callable
        Takes how many of how many images have been read.

    Returns
    -------
    CueLayers

    Raises
    ------
    StaleActivationsError
        If the run is of another model or of other images.
    OptionError
        If the run's images lack a class of the conflicts, or nothing is in conflict.
    LayerNotFoundError
        If the run does not hold a layer.
    LabelsMissingError
        If the images carry no labels.
    """
    run.check_clip(clip)
    run.check_images(images)
    paths = list(layers) or [layer.path for layer in run.layers]
    for path in paths:
        run.layer(path)
    rows, labels = _labelled(run, images, conflicts)
    if not conflicts.in_conflict.any():
        raise OptionError(f"no image of {conflicts.images.name!r} has cues in conflict")
    shown, responses = _responses(clip, conflicts, paths, precision, progress)
    fitting, held = halves(run, images.ids, rows, labels[rows], seed=seed)
    measured, shuffled = [], []
    units: list[UnitCues] = []
    for path in paths:
        peaks = peaks_of(run, path, rows, np.arange(run.layer(path).units))
        where = np.searchsorted(rows, fitting), np.searchsorted(rows, held)
        read = nearest_class(peaks[where[0]], labels[fitting], len(conflicts.classes))
        answers = read.answers(peaks[where[1]]) == labels[held]
        right = Share(int(answers.sum()), len(held))
        counts = np.bincount(labels[held], minlength=len(conflicts.classes)).tolist()
        measured.append(
            LayerCues(
                path,
                right,
                near_chance(right, counts),
                _counted(conflicts, shown, read.answers(responses[path]), seed),
            )
        )
        found, by_chance = _units(path, read, responses[path], conflicts, shown, seed)
        units += found
        shuffled.append(by_chance)
    return CueLayers(
        provenance={
            "run": run.provenance(),
            "conflicts": conflicts.images.provenance(),
            "precision": precision.name,
            "seed": seed,
        },
        layers=tuple(measured),
        units=tuple(units),
        by_chance={path: each for path, each in zip(paths, shuffled, strict=True)},
    )


@dataclass(frozen=True)
class LayerCues:
    """What a layer's units answer.

    Parameters
    ----------
    layer : str
    right : Share
        Held-out images of the run that are nearest to their own class.
    doubt : str
        That this is near chance, if so.
    counts : CueCounts
        Of the pictures in conflict.
    """

    layer: str
    right: Share
    doubt: str
    counts: CueCounts


@dataclass(frozen=True)
class CueLayers(Result):
    """Which cue wins in each layer, and which cues excite each unit.

    Parameters
    ----------
    layers : tuple of LayerCues
    units : tuple of UnitCues
        Of all layers.
    by_chance : mapping of str to mapping of str to int
        By layer and cue: how many units follow the cue when the pictures are shuffled.
    """

    layers: tuple[LayerCues, ...]
    units: tuple[UnitCues, ...]
    by_chance: Mapping[str, Mapping[str, int]]

    @property
    def title(self) -> str:
        """Name the question."""
        return "Where does the word win?" if "word" in self._cues() else "Where does shape win?"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the number of layers and units."""
        return (("layers", f"{len(self.layers):,}"), ("units", f"{len(self.units):,}"))

    def verdict(self) -> str:
        """Tell which cue wins where; a layer that knows no classes is told first."""
        doubts = [f"{each.layer}: {each.doubt}" for each in self.layers if each.doubt]
        part = self.layers[0].counts.parts[-1].name
        told = [f"On “{part}”: {'; '.join(_winner(each) for each in self.layers)}."]
        for each in self.layers:
            follows = ", ".join(
                f"{self._n_following(each.layer, cue):,} the {cue} "
                f"({self.by_chance[each.layer][cue]:,} with shuffled pictures)"
                for cue in self._cues()
            )
            untested = sum(not unit.tested for unit in self._of(each.layer))
            left = f"; {untested:,} of them could not be tested" if untested else ""
            live = f"{self._n_units(each.layer):,} live units of {each.layer}"
            told.append(f"Of {live} follow {follows}{left}.")
        return " ".join((*doubts, *told))

    def blocks(self) -> tuple[Block, ...]:
        """Show layers, then units."""
        return (
            *self._dots(),
            self._layer_table(),
            self._count_table(),
            self._unit_table(),
            Note(
                "A layer is read by mean responses to the run's images, which is no readout that "
                "the network itself uses: what is there need not be used. A unit follows a cue if "
                "pictures whose cue is of the unit's class excite it more than pictures whose "
                "cue is of another."
            ),
        )

    def rows(self) -> tuple[Row, ...]:
        """Give one row per unit."""
        return self.units

    def _cues(self) -> tuple[str, ...]:
        return tuple(next(iter(self.by_chance.values())))

    def _of(self, layer: str) -> list[UnitCues]:
        return [each for each in self.units if each.neuron.rpartition(":")[0] == layer]

    def _n_units(self, layer: str) -> int:
        return len(self._of(layer))

    def _n_following(self, layer: str, cue: str) -> int:
        return sum(cue in each.follows for each in self._of(layer))

    def _dots(self) -> tuple[Dots, ...]:
        """Draw the shares of each part, one panel per cue."""
        made = []
        for place, part in enumerate(self.layers[0].counts.parts):
            wholes = [each.counts.parts[place].whole for each in self.layers]
            panels = tuple(
                Panel(
                    cue,
                    "share of answers",
                    tuple(whole.share(cue).value for whole in wholes),
                    tuple(whole.share(cue).interval.low for whole in wholes),
                    tuple(whole.share(cue).interval.high for whole in wholes),
                    reference=part.chance.guessing / len(part.whole.cues),
                )
                for cue in part.whole.cues
            )
            names = tuple(each.layer for each in self.layers)
            title = f"Which cue wins in each layer: {part.name}"
            told = "Each panel has a scale of its own; the line is what guessing gives."
            made.append(Dots(title, names, panels, note=told))
        return tuple(made)

    def _layer_table(self) -> Table:
        rows = []
        for each in self.layers:
            for part in each.counts.parts:
                whole = part.whole
                shares = "; ".join(f"{cue} {whole.share(cue)}" for cue in whole.cues)
                rows.append(
                    (each.layer, str(each.right), part.name, shares, f"{part.chance.guessing:.3f}")
                )
        return Table(
            "Layers",
            ("layer", "held-out accuracy", "pictures", "answers follow", "any cue, by guessing"),
            tuple(rows),
            f"Among {len(self.layers[0].counts.classes):,} classes. Held-out: images of the run "
            "that the mean responses were not made of.",
        )

    def _count_table(self) -> Table:
        cues = self._cues()
        rows = tuple(
            (
                each.layer,
                f"{self._n_units(each.layer):,}",
                *(
                    f"{self._n_following(each.layer, cue):,} ({self.by_chance[each.layer][cue]:,})"
                    for cue in cues
                ),
                f"{sum(len(unit.follows) > 1 for unit in self._of(each.layer)):,}",
                f"{sum(not unit.tested for unit in self._of(each.layer)):,}",
            )
            for each in self.layers
        )
        return Table(
            "Units that follow a cue of their class",
            ("layer", "live units", *cues, "more than one", "not tested"),
            rows,
            "In brackets: with the pictures shuffled, which is what chance gives. Adjusted p below "
            ".05 by Benjamini and Hochberg over units and cues. Tested are units with four "
            "pictures or more that have a cue of their class, and four without anything of it: of "
            "two classes there are none.",
        )

    def _unit_table(self) -> Table:
        cues = self._cues()
        ranked = [
            each
            for cue in reversed(cues)
            for each in sorted(
                (unit for unit in self.units if unit.follows[-1:] == (cue,)),
                key=lambda unit: -unit.auc[cue],
            )[: _SHOWN // len(cues)]
        ]
        rows = tuple(
            (
                each.neuron,
                each.class_name,
                *(f"{each.auc[cue]:.2f} (p {each.p_values[cue]:.2g})" for cue in cues),
                ", ".join(each.follows),
            )
            for each in ranked
        )
        return Table(
            "The units that follow a cue most",
            ("neuron", "class", *cues, "follows"),
            rows,
            "Of all pairs of a picture whose cue is of the unit's class and one whose cue is of "
            "another, the share in which the first excites the unit more; .5 says nothing.",
        )


def _winner(layer: LayerCues) -> str:
    """Say which cue wins in a layer: above guessing, and surely more often than any other."""
    part = layer.counts.parts[-1]
    shares = {cue: part.whole.share(cue) for cue in part.whole.cues}
    first, second, *_ = sorted(shares, key=lambda cue: -shares[cue].value)
    low = shares[first].interval.low
    guessing = part.chance.guessing / len(shares)
    if low > max(guessing, shares[second].interval.high):
        return f"in {layer.layer} the {first} wins, {shares[first]}"
    return f"in {layer.layer} no cue wins ({first} {shares[first].value:.3f})"


def _labelled(
    run: Activations, images: ImageSet, conflicts: CueImages
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Give the images of the conflicts' classes, and each image's place among these (-1: none)."""
    given, names = images.require_labels(), images.class_names
    missing = [name for name in conflicts.classes if name not in names]
    if missing:
        raise OptionError(
            f"the run's images have no class {missing[0]!r} ({len(missing)} of "
            f"{len(conflicts.classes)} are missing); their classes: {', '.join(names[:8])}; scan "
            f"images of the same classes"
        )
    place = {name: i for i, name in enumerate(conflicts.classes)}
    by_label = np.array([place.get(name, -1) for name in names])
    labels = np.where(given >= 0, by_label[given], -1)
    good = run.good_rows()
    return good[labels[good] >= 0], labels


def _responses(
    clip: Clip,
    conflicts: CueImages,
    paths: Sequence[str],
    precision: Precision,
    progress: Progress,
) -> tuple[list[int], dict[str, Values]]:
    """Give the pictures that could be decoded, and the peaks of every unit in each."""
    rows = list(range(len(conflicts.images)))
    kept: list[int] = []
    parts: dict[str, list[Values]] = {path: [] for path in paths}
    with open_editable(clip, paths, precision=precision) as network:
        for good, pixels in decoded(clip.preprocess, conflicts.images, rows):
            if good:
                found = network.respond(pixels)
                for path in paths:
                    parts[path].append(found.peaks[path])
                kept += good
            progress(min(len(rows), (good or kept)[-1] + 1), len(rows))
    return kept, {path: np.concatenate(each) for path, each in parts.items()}


def _counted(
    conflicts: CueImages, shown: Sequence[int], answers: NDArray[np.intp], seed: int
) -> CueCounts:
    names = conflicts.classes
    return count_set(
        [names[i] for i in answers.tolist()],
        {cue: [each[row] for row in shown] for cue, each in conflicts.cues.items()},
        sources={cue: [each[row] for row in shown] for cue, each in conflicts.sources.items()},
        parts=[conflicts.parts[row] for row in shown],
        classes=names,
        seed=seed,
    )


def _units(
    path: str,
    read: NearestClass,
    responses: Values,
    conflicts: CueImages,
    shown: Sequence[int],
    seed: int,
) -> tuple[tuple[UnitCues, ...], dict[str, int]]:
    """Test every unit that is alive, on the pictures in conflict and on the same ones shuffled."""
    rows = np.array(shown)
    inside = np.flatnonzero(conflicts.in_conflict[rows])
    values = responses[inside]
    cues = {cue: [each[rows[i]] for i in inside] for cue, each in conflicts.cues.items()}
    alive = np.flatnonzero((read.spread > 0) & (np.ptp(values, axis=0) > 0))
    addresses = [f"{path}:{unit}" for unit in alive.tolist()]
    tops = [conflicts.classes[i] for i in read.tops()[alive].tolist()]
    order = np.random.default_rng(seed).permutation(len(inside))
    found = unit_cues(addresses, tops, values[:, alive], cues)
    chance = unit_cues(addresses, tops, values[order][:, alive], cues)
    return found, {cue: sum(cue in each.follows for each in chance) for cue in cues}
