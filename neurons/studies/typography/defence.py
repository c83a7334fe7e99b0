"""Which units carry written words and no pictures, and what does silencing them cost?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.attacks.conditions import accuracy, alone, place_seeds, provenance, respond_to_texts
from neurons.data.images import ImageSet
from neurons.data.prepared import Prepared, prepare
from neurons.errors import OptionError
from neurons.interventions.controls import SILENT
from neurons.interventions.editable import NO_EDITS, EditableNetwork, Edits, open_editable
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.network.layers import stages
from neurons.readouts.readout import Readout
from neurons.results.blocks import Bars, Block, Curve, Note, Table
from neurons.results.result import Result
from neurons.stats import Share

# up to this share of a layer may be silenced, in so many steps
_LARGEST, _N_SIZES = 0.6, 12
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
    n: int | None = 200,
    rows: Sequence[int] | None = None,
    n_random: int = 20,
    seed: int = 0,
    precision: Precision = exact,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Defence:
    """Silence the fewest units that make a model hard to fool with words.

    A unit carries words and no pictures as far as it differs between words on plain grounds more
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
    n : int, optional
        Images, half of them to choose with.
    rows : sequence of int, optional
        Images to draw from.
    n_random : int >= 1
        Draws of as many random units of the layer, to compare with.
    seed : int
    precision : Precision
    progress : callable
        Takes how many of how many passes are done.

    Returns
    -------
    Defence
        ``edits()`` is what `save_edit` keeps.

    Raises
    ------
    LabelsMissingError
        If the images carry no labels.
    OptionError
        If no image's label is a class of the readout, or a number makes no sense.
    LayerNotFoundError
        If the model has no such layer.

    References
    ----------
    Dyslexify (2025) ablates attention heads of ViTs that attend to text; Materzyńska et al.,
    "Disentangling visual and written concepts in CLIP", CVPR 2022, project text away in the
    embedding. Choosing units by text-only and picture-only images is ours.
    """
    lettering = lettering or Lettering()
    if not 0 <= wanted < 1 or not 0 <= max_cost <= 1 or n_random < 1:
        raise OptionError(
            f"wanted {wanted}, max_cost {max_cost}, {n_random} draws: shares below 1, and 1 draw "
            f"or more"
        )
    images.require_labels()
    names = [each for each in words or readout.class_names if each in readout.class_names]
    good, _ = writable(names, lettering, clip.preprocess.size)
    if len(good) < _FEWEST_WORDS:
        raise OptionError(
            f"{len(good)} words that are classes and can be written: {_FEWEST_WORDS} or more are "
            f"needed, half of them to choose with"
        )
    order = np.random.default_rng(seed).permutation(len(good))
    parts = [[good[i] for i in half] for half in np.array_split(order, 2)]
    # drawn from those whose class can be asked for, so that ``n`` of them are measured
    pool = _of_its_classes(images, readout, rows)
    if len(pool) < 2:
        raise OptionError(
            f"{len(pool)} images of {images.name!r} show a class of the readout: 2 or more are "
            f"needed; its classes are {', '.join(readout.class_names[:5])}, ..."
        )
    ready = prepare(clip.preprocess, images, n=n, rows=pool, seed=seed)
    search, held = ready.halves(seed)
    paths = list(layers) if layers is not None else list(stages(clip))
    with open_editable(clip, paths, readouts=[readout], precision=precision) as eye:
        choosing, measuring = (
            RepeatableAttack(eye, part, given, lettering, readout, seed)
            for part, given in ((search, parts[0]), (held, parts[1]))
        )
        total = len(paths) * (_N_SIZES + 1) + _N_SIZES + n_random + 8
        done = [0]

        def step() -> None:
            done[0] += 1
            progress(min(done[0], total), total)

        ranks, tried = _ranked(choosing, paths), []
        for path in paths:
            for size in _sizes(len(ranks[path])):
                tried.append(choosing.point(path, ranks[path], size))
                step()
        best, reached = _best(tried, wanted, max_cost)
        if reached:
            best = _refined(choosing, ranks[best.layer], best, tried, wanted, max_cost, step)
        rank = ranks[best.layer]
        sizes = sorted({*_sizes(len(rank)), best.size})
        frontier = []
        for size in sizes:
            frontier.append(measuring.point(best.layer, rank, size))
            step()
        random = np.random.default_rng(seed)
        draws = []
        for _ in range(n_random):
            draws.append(measuring.point(best.layer, random.permutation(rank), best.size))
            step()
        progress(total, total)
    return Defence(
        provenance=provenance(
            clip, ready, lettering, precision=precision, seed=seed, readouts={"readout": readout}
        ),
        layer=best.layer,
        units=tuple(int(unit) for unit in rank[: best.size]),
        wanted=wanted,
        max_cost=max_cost,
        reached=reached,
        n=len(held),
        n_choosing=len(search),
        words=tuple(parts[1]),
        choosing=tuple(tried),
        frontier=tuple(frontier),
        random=tuple(draws),
    )


@dataclass(frozen=True)
class Point:
    """What silencing so many units of a layer gives.

    Parameters
    ----------
    layer : str
    size : int
        Units silenced.
    success : Share
        Of the attack, of images that the whole network did not read as the word before.
    accuracy : Share
        On clean images.
    attacked_accuracy : Share
        Right answers with the word on the image.
    """

    layer: str
    size: int
    success: Share
    accuracy: Share
    attacked_accuracy: Share


@dataclass(frozen=True)
class Defence(Result):
    """The units to silence, and the frontier of clean accuracy against attack success.

    Parameters
    ----------
    layer : str
    units : tuple of int
        Those that carry words and no pictures most, first.
    wanted, max_cost : float
    reached : bool
        Whether the choosing half reached what was wanted at no more than the cost.
    n, n_choosing : int
        Images measured on, and images chosen with.
    words : tuple of str
        Of the attack that is reported; others chose.
    choosing : tuple of Point
        Every layer and size that was tried, on the choosing half.
    frontier : tuple of Point
        The chosen layer, on the other half.
    random : tuple of Point
        As many random units of that layer, on the other half.
    """

    layer: str
    units: tuple[int, ...]
    wanted: float
    max_cost: float
    reached: bool
    n: int
    n_choosing: int
    words: tuple[str, ...]
    choosing: tuple[Point, ...]
    frontier: tuple[Point, ...]
    random: tuple[Point, ...]

    def edits(self) -> dict[Neuron, float]:
        """Give the edit: what `save_edit` keeps and `edit` takes."""
        return {Neuron(self.layer, unit): SILENT for unit in self.units}

    def intact(self) -> Point:
        """Give the whole network, on the other half."""
        return self.frontier[0]

    def defended(self) -> Point:
        """Give the network with the units silenced, on the other half."""
        return next(point for point in self.frontier if point.size == len(self.units))

    def blocks(self) -> tuple[Block, ...]:
        """Say what is won and lost; the frontier; random units; what was tried."""
        before, after = self.intact(), self.defended()
        drawn = [point.success.value for point in self.random]
        kept = [point.accuracy.value for point in self.random]
        verdict = (
            f"{len(self.units)} units of {self.layer} set to zero: attack success "
            f"{before.success} becomes {after.success}, clean accuracy {before.accuracy} becomes "
            f"{after.accuracy}, accuracy under attack {before.attacked_accuracy} becomes "
            f"{after.attacked_accuracy}. As many random units of that layer give a success of "
            f"{np.mean(drawn):.3f} ({min(drawn):.3f} to {max(drawn):.3f}) at a clean accuracy of "
            f"{np.mean(kept):.3f}."
        )
        if not self.reached:
            verdict += (
                f" No set that was tried came to {self.wanted:g} at a cost of {self.max_cost:g} "
                f"or less: this is the lowest success at that cost."
            )
        return (
            Note(verdict),
            Curve(
                f"Clean accuracy against attack success, {self.layer}",
                tuple(point.success.value for point in _by_success(self.frontier)),
                tuple(point.accuracy.value for point in _by_success(self.frontier)),
                "attack success",
                "clean accuracy",
                note="Each point silences more units; measured on images and words that chose "
                "nothing.",
                points=True,
            ),
            _points(f"Frontier of {self.layer}, on {self.n:,} other images", self.frontier),
            Bars(
                "Attack success",
                ("whole network", "defended", "as many random units"),
                (before.success.value, after.success.value, float(np.mean(drawn))),
                "share of images",
                (before.success.interval.low, after.success.interval.low, min(drawn)),
                (before.success.interval.high, after.success.interval.high, max(drawn)),
                note="Of the random units: mean and range of the draws.",
            ),
            _points(f"Tried, on the {self.n_choosing:,} images that chose", self.choosing),
        )


def _of_its_classes(images: ImageSet, readout: Readout, rows: Sequence[int] | None) -> list[int]:
    labels, names = images.require_labels(), images.class_names
    known = {i for i, name in enumerate(names) if name in readout.class_names}
    return [i for i in (range(len(images)) if rows is None else rows) if int(labels[i]) in known]


def _points(title: str, points: Sequence[Point]) -> Table:
    return Table(
        title,
        ("layer", "units silenced", "attack success", "clean accuracy", "accuracy under attack"),
        tuple(
            (p.layer, str(p.size), str(p.success), str(p.accuracy), str(p.attacked_accuracy))
            for p in points
        ),
    )


def _by_success(points: Sequence[Point]) -> list[Point]:
    return sorted(points, key=lambda point: point.success.value)


class RepeatableAttack:
    """An attack with another class's word on each image, which can be repeated."""

    def __init__(
        self,
        eye: EditableNetwork,
        ready: Prepared,
        words: Sequence[str],
        lettering: Lettering,
        readout: Readout,
        seed: int,
    ) -> None:
        self.eye, self.ready, self.words = eye, ready, words
        self._lettering, self._readout = lettering, readout
        self._truth = ready.truth(readout.class_names)
        classes = np.array([readout.class_names.index(word) for word in words])
        random = np.random.default_rng(seed)
        # never the image's own class
        chosen = [int(random.choice(np.flatnonzero(classes != label))) for label in self._truth]
        self._targets = classes[chosen]
        self._texts = [words[i] for i in chosen]
        self._seeds = place_seeds(len(ready), seed)
        self.clean = eye.respond(ready.pixels)
        self._at_risk = self.clean.answers(readout) != self._targets

    def alone(self) -> dict[str, NDArray[np.float32]]:
        """Give the peaks of every layer where each word stands on plain grounds: (words, units)."""
        seen = alone(self.eye, self.words, self._lettering)
        n = len(self.words)
        return {
            path: peaks.reshape(n, -1, peaks.shape[1]).mean(1) for path, peaks in seen.peaks.items()
        }

    def point(self, layer: str, rank: NDArray[np.intp], size: int) -> Point:
        """Attack with the first units of a ranking silenced."""
        edits: Edits = {Neuron(layer, int(unit)): SILENT for unit in rank[:size]} or NO_EDITS
        clean = self.eye.respond(self.ready.pixels, edits=edits).answers(self._readout)
        look = respond_to_texts(
            self.eye,
            self.ready.pixels,
            self._texts,
            self._lettering,
            seeds=self._seeds,
            edits=edits,
        )
        attacked = look.seen.answers(self._readout)
        hits = (attacked == self._targets) & self._at_risk
        return Point(
            layer,
            size,
            Share(int(hits.sum()), int(self._at_risk.sum())),
            accuracy(clean, self._truth),
            accuracy(attacked, self._truth),
        )


def _ranked(siege: RepeatableAttack, paths: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Rank the units of each layer by how much they carry words and no pictures."""
    words, ranks = siege.alone(), {}
    for path in paths:
        text, picture = words[path].std(0), siege.clean.peaks[path].std(0)
        # dead units carry neither, and come last
        share = np.where(text + picture > 0, text / np.maximum(text + picture, 1e-12), -1)
        ranks[path] = np.argsort(-share, kind="stable")
    return ranks


def _sizes(n_units: int) -> list[int]:
    steps = np.linspace(0, _LARGEST * n_units, _N_SIZES + 1).round().astype(int)
    return sorted({int(size) for size in steps})


def _affordable(point: Point, whole: Point, max_cost: float) -> bool:
    return point.accuracy.value >= whole.accuracy.value - max_cost


def _best(tried: Sequence[Point], wanted: float, max_cost: float) -> tuple[Point, bool]:
    whole = next(point for point in tried if point.size == 0)
    cheap = [point for point in tried if _affordable(point, whole, max_cost)]
    enough = [point for point in cheap if point.success.value <= wanted]
    # a network that is blind is fooled by nothing: what counts is being right under attack
    if enough:
        # of each layer the smallest set that does it; of these the one most often right
        first: dict[str, Point] = {}
        for point in sorted(enough, key=lambda point: point.size):
            first.setdefault(point.layer, point)
        return max(first.values(), key=lambda p: (p.attacked_accuracy.value, -p.size)), True
    return max(cheap, key=lambda p: (p.attacked_accuracy.value, -p.size)), False


def _refined(
    siege: RepeatableAttack,
    rank: NDArray[np.intp],
    best: Point,
    tried: Sequence[Point],
    wanted: float,
    max_cost: float,
    step: Callable[[], None],
) -> Point:
    """Halve the step between the smallest set that does it and the one before."""
    whole = next(point for point in tried if point.size == 0)
    below = [p.size for p in tried if p.layer == best.layer and p.size < best.size]
    low = max(below, default=0)
    while best.size - low > 1:
        middle = siege.point(best.layer, rank, (low + best.size) // 2)
        step()
        if middle.success.value <= wanted and _affordable(middle, whole, max_cost):
            best = middle
        else:
            low = middle.size
    return best
