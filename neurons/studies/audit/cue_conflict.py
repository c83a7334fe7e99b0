"""Texture or shape: which of the two does an answer follow when they are of different classes?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurons.data.cue_images import SHAPE, TEXTURE, CueImages
from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.interventions.image_answers import Progress, answers_to
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.cue_answers import Cues, PartOfCues
from neurons.readouts.cue_counts import CueCounts, PlainPart, count_set
from neurons.readouts.cue_tables import (
    PUBLISHED_CLASSES,
    ShownConflict,
    bias_bars,
    class_table,
    gallery_of,
    parts_table,
    plain_table,
    preference_bars,
    published_table,
    tally_row,
)
from neurons.readouts.readout import Readout, class_index, readout_provenance
from neurons.results.blocks import Block
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Share


def cue_conflict(
    clip: Clip,
    conflicts: CueImages,
    *,
    readout: Readout,
    n_shown: int = 12,
    precision: Precision = exact,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> CueConflict:
    """Ask a model for the class of images whose shape and texture are of different classes.

    Parameters
    ----------
    clip : Clip
    conflicts : CueImages
        As `cue_images` opens them. Images without a conflict are read too: accuracies on these
        stand beside.
    readout : Readout
        With all classes of the set; any further ones may be answered, too.
    n_shown : int >= 0
        Images in the gallery: evenly over the conflicts, not the clearest.
    precision : Precision
        ``exact`` or ``fast``.
    seed : int
        Of the resamples.
    progress : callable
        Takes how many of how many images have been read.

    Returns
    -------
    CueConflict

    Raises
    ------
    OptionError
        If the readout lacks a class of the set, or a number makes no sense.
    ImagesNotFoundError
        If no image can be decoded.

    References
    ----------
    Geirhos et al., "ImageNet-trained CNNs are biased towards texture; increasing shape bias
    improves accuracy and robustness", ICLR 2019.
    """
    if n_shown < 0:
        raise OptionError(f"{n_shown} images to show: 0 or more")
    for name in conflicts.classes:
        class_index(readout, name)
    with open_editable(clip, readouts=[readout], precision=precision) as network:
        found = answers_to(network, conflicts.images, readout, progress=progress)
    rows = found.rows.tolist()
    answers = [readout.class_names[i] for i in found.answers[0]]
    counts = count_set(
        answers,
        {cue: [names[row] for row in rows] for cue, names in conflicts.cues.items()},
        sources={cue: [names[row] for row in rows] for cue, names in conflicts.sources.items()},
        parts=[conflicts.parts[row] for row in rows],
        classes=readout.class_names,
        seed=seed,
    )
    return CueConflict(
        provenance={
            "model": clip.provenance(),
            "images": conflicts.images.provenance(),
            "readout": readout_provenance(readout),
            "precision": precision.name,
            "seed": seed,
        },
        n_skipped=found.n_skipped,
        shown=_shown(conflicts, dict(zip(rows, answers, strict=True)), n_shown),
        counts=counts,
    )


def shape_bias(
    answers: Sequence[str],
    shapes: Sequence[str],
    textures: Sequence[str],
    *,
    classes: Sequence[str],
    words: Sequence[str] = (),
    sources: Cues | None = None,
    who: str = "",
    seed: int = 0,
) -> CueConflict:
    """Count answers that somebody or something else gave: people, or a network of any kind.

    Parameters
    ----------
    answers : sequence of str, (images,)
        What was named; anything that is no class names neither.
    shapes : sequence of str, (images,)
        The class of each image's shape.
    textures : sequence of str, (images,)
        The class of its texture. Where they are equal, there is no conflict, and the answers are
        counted as right or wrong.
    classes : sequence of str
        All that could be answered.
    words : sequence of str, (images,), optional
        The class of what is written on each image.
    sources : mapping of str to sequence of str, optional
        For ``shape`` and ``texture``, which picture each was taken from, such as ``dog10``: the
        interval then takes in that these recur.
    who : str
        Whose answers they are.
    seed : int
        Of the resamples.

    Returns
    -------
    CueConflict

    Raises
    ------
    OptionError
        If there are no answers, not as many classes as answers, or a class that none can name.
    """
    cues: dict[str, Sequence[str]] = {SHAPE: shapes, TEXTURE: textures}
    if words:
        cues["word"] = words
    for cue, names in cues.items():
        if len(names) != len(answers) or not answers:
            raise OptionError(f"{len(answers)} answers and {len(names)} classes of the {cue}")
        unknown = sorted(set(names) - {*classes, ""})
        if unknown:
            raise OptionError(
                f"class {unknown[0]!r} of a {cue} is none that could be answered: "
                f"{', '.join(list(classes)[:8])}"
            )
    agree = [len({*row} - {""}) == 1 for row in zip(*cues.values(), strict=True)]
    counts = count_set(
        answers,
        cues,
        sources=sources or {},
        parts=["shape and texture agree" if same else "conflict" for same in agree],
        classes=classes,
        seed=seed,
    )
    return CueConflict(
        provenance={"answers": who or "given", "n": len(answers)},
        n_skipped=0,
        shown=(),
        counts=counts,
    )


@dataclass(frozen=True)
class CueConflict(Result):
    """Which cue answers follow: the shape's class, the texture's, a word's, or none.

    Parameters
    ----------
    n_skipped : int
        Images that could not be decoded.
    shown : tuple of ShownConflict
    counts : CueCounts
        All that was counted.
    """

    n_skipped: int
    shown: tuple[ShownConflict, ...]
    counts: CueCounts

    @property
    def parts(self) -> tuple[PartOfCues, ...]:
        """The parts of the set with images in conflict."""
        return self.counts.parts

    @property
    def plain(self) -> tuple[PlainPart, ...]:
        """The parts without."""
        return self.counts.plain

    @property
    def bias(self) -> Share:
        """Shape bias of the first part; of none where there is no conflict."""
        return self.parts[0].whole.bias if self.parts else Share(0, 0)

    @property
    def title(self) -> str:
        """Name the question."""
        with_word = any(len(part.whole.cues) > 2 for part in self.parts)
        return "Shape, texture or word" if with_word else "Texture or shape"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the shape bias and the cue accuracy."""
        told = [
            ("images in conflict", f"{self.counts.n:,}"),
            ("classes", f"{len(self.counts.classes):,}"),
        ]
        if self.parts:
            whole = self.parts[0].whole
            told += [
                ("shape bias", f"{whole.bias.value:.3f}"),
                ("cue accuracy", f"{whole.cue_accuracy.value:.3f}"),
            ]
        return tuple(told)

    def verdict(self) -> str:
        """Tell the bias beside cue accuracy and chance; that it means nothing comes first."""
        if not self.parts:
            told = (
                "None of these images has cues in conflict, so that nothing can be said of shape "
                "against texture; cue conflicts can be built of silhouettes or drawings and of "
                "photographs."
            )
        else:
            told = " ".join(_told(part) for part in self.parts)
        plain = "; ".join(f"{each.part} {each.right}" for each in self.plain)
        skipped = f" {self.n_skipped:,} images could not be decoded." if self.n_skipped else ""
        return (
            " ".join((*self.counts.doubts, told))
            + (f" Accuracy without a conflict: {plain}." if plain else "")
            + skipped
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show preferences, classes, accuracies without a conflict, and images."""
        answered = dict(zip(self.counts.classes, self.counts.answered, strict=True))
        made: list[Block] = []
        if self.parts:
            made.append(parts_table(self.parts))
            made += [preference_bars(part) for part in self.parts]
            made += bias_bars(self.parts[0])
        if self.plain:
            made.append(plain_table(self.plain, len(self.counts.classes)))
        if self.shown:
            made.append(gallery_of(self.shown))
        made += [class_table(part, answered) for part in self.parts]
        if self.parts and {*PUBLISHED_CLASSES} == {*self.counts.classes}:
            made.append(published_table())
        return tuple(made)

    def rows(self) -> tuple[Row, ...]:
        """Give one row per part, and one per class of its shapes."""
        told = [
            tally_row(each, part.chance.guessing)
            for part in self.parts
            for each in (part.whole, *part.by_class)
        ]
        plain = [
            {"part": each.part, "class": "all", "n": each.right.n, "accuracy": each.right}
            for each in self.plain
        ]
        return (*told, *plain)


def _told(part: PartOfCues) -> str:
    whole, chance = part.whole, part.chance
    words = [cue for cue in whole.cues[2:]]
    if words:
        shares = ", ".join(f"{cue} {whole.share(cue)}" for cue in whole.cues)
        first = max(whole.cues, key=lambda cue: whole.share(cue).value)
        return (
            f"On “{part.name}” the {first} wins most often: {shares}; none {whole.neither}, "
            f"guessing gives each {chance.guessing / len(whole.cues):.3f}."
        )
    interval = whole.bias.interval
    low, high = interval.low, interval.high
    if not math.isnan(part.resampled.low):
        low, high = min(low, part.resampled.low), max(high, part.resampled.high)
    balanced = " This is not told from balance (.5)." if low <= 0.5 <= high else ""
    drawn = ""
    if not math.isnan(part.resampled.low):
        drawn = (
            f" ({part.resampled.low:.3f} to {part.resampled.high:.3f} if the pictures that shapes "
            f"and textures come from are drawn anew)"
        )
    return (
        f"On “{part.name}” the shape bias is {whole.bias}{drawn}: of {whole.n:,} answers "
        f"{whole.named[0]:,} name the shape's class, {whole.named[1]:,} the texture's, and "
        f"{whole.neither.successes:,} neither. Cue accuracy {whole.cue_accuracy}; guessing gives "
        f"{chance.guessing:.3f}.{balanced}"
    )


def _shown(
    conflicts: CueImages, answers: Mapping[int, str], n_shown: int
) -> tuple[ShownConflict, ...]:
    rows = [row for row in np.flatnonzero(conflicts.in_conflict).tolist() if row in answers]
    if not rows or not n_shown:
        return ()
    # evenly from the middle of each stretch: the first images of a set are all of one class
    places = {
        int((i + 0.5) * len(rows) / min(n_shown, len(rows))) for i in range(min(n_shown, len(rows)))
    }
    made = []
    for row in (rows[place] for place in sorted(places)):
        cues = {cue: names[row] for cue, names in conflicts.cues.items() if names[row]}
        follows = next((cue for cue, name in cues.items() if name == answers[row]), "none")
        told = ", ".join(f"{name} ({cue})" for cue, name in cues.items())
        image = thumbnail(conflicts.images.pixels(row))
        made.append(ShownConflict(image, conflicts.images.ids[row], told, answers[row], follows))
    return tuple(made)
