"""Does a model answer with what is shown, or with the word on it? Published sets, one protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neurons.attacks.doubts import chance_doubt, doubts_of_words, first_of_all
from neurons.attacks.published_figures import Published, published
from neurons.attacks.set_accuracy import PartAccuracy, accuracy_of_part
from neurons.attacks.set_scores import class_directions_of, drawn_trials, scores_of
from neurons.attacks.steps import Progress
from neurons.attacks.typographic_set import ATTACKED, CLEAN, Trial, TypographicSet
from neurons.data.thumbnails import thumbnail
from neurons.errors import ImagesNotFoundError, OptionError
from neurons.lettering.default import legibility
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.results.blocks import Bars, Block, Gallery, Note, Table, Tile
from neurons.results.result import Result


def bench(
    clip: Clip,
    asked: TypographicSet,
    *,
    templates: Sequence[str] = (),
    n: int | None = None,
    n_shown: int = 8,
    seed: int = 0,
    precision: Precision = exact,
    progress: Progress = lambda done, total: None,
) -> TypographyBench:
    """Ask zero-shot what each image shows: of two, and of all the set's classes.

    Two-way, the choice is between the true class and the written one. All-way, it is among every
    class that any image of the set shows or has written on it. A class's direction is the mean of
    its prompts' embeddings as the text tower gives them, as in SCAM's released evaluation.

    Parameters
    ----------
    clip : Clip
    asked : TypographicSet
    templates : sequence of str, optional
        With one ``{}`` each; default: the set's published ones.
    n : int >= 1, optional
        Trials of each part, drawn without replacement; default: all.
    n_shown : int >= 0
        Fooled images in the gallery, the first of the set.
    seed : int
        Of the draw, and of the places where words are written.
    precision : Precision
        ``exact`` or ``fast``.
    progress : callable
        Takes how many of how many images have been read.

    Returns
    -------
    TypographyBench

    Warns
    -----
    MeaninglessWarning
        If class names are no words, or the model is near chance without a word.

    Raises
    ------
    OptionError
        If ``n`` is below one, or a template has no ``{}``.
    ImagesNotFoundError
        If no image can be decoded.

    References
    ----------
    Westerhoff et al. 2025 (two-way); Azuma and Matsui 2023 (all-way).
    """
    used = tuple(templates) or asked.templates
    if any("{}" not in template for template in used):
        raise OptionError(f"templates need {{}} where the class goes; given: {', '.join(used)}")
    trials = drawn_trials(asked, n, seed)
    names = asked.class_names
    unnamed, legible = doubts_of_words(names), _legible(clip, asked, trials)
    directions = class_directions_of(clip, names, used)
    trials, scores, bad, unsure = _scored(
        clip, asked, trials, directions, precision=precision, seed=seed, progress=progress
    )
    return TypographyBench(
        provenance={
            "model": clip.provenance(),
            "images": asked.images.provenance(),
            "lettering": None if asked.lettering is None else asked.lettering.provenance(),
            "precision": precision.name,
            "seed": seed,
        },
        set_name=asked.name,
        citation=asked.citation,
        class_names=names,
        templates=used,
        parts=tuple(accuracy_of_part(kind, trials, scores, names) for kind in asked.kinds),
        published=published(asked.name, clip.name),
        n_skipped=len(bad),
        fooled=tuple(_fooled(asked, trials, scores, names, n_shown)),
        written="" if asked.lettering is None else asked.lettering.told(),
        doubts=tuple(filter(None, [*unsure, *unnamed, legible])),
    )


def _legible(clip: Clip, asked: TypographicSet, trials: Sequence[Trial]) -> str:
    """Say which of the words that are written here cannot be read."""
    if asked.lettering is None:
        return ""
    texts = list(dict.fromkeys(trial.text for trial in trials if trial.text))
    return legibility(texts, asked.lettering, clip.preprocess.size)


def _scored(
    clip: Clip,
    asked: TypographicSet,
    trials: Sequence[Trial],
    directions: Tensor,
    *,
    precision: Precision,
    seed: int,
    progress: Progress,
) -> tuple[list[Trial], NDArray[np.float32], set[int], list[str]]:
    """Score the trials without a word first, and say right after them if they are near chance.

    Returns
    -------
    trials : list of Trial
        Those whose image can be decoded, the clean ones first.
    scores : ndarray of float32, (trials, classes)
    bad : set of int
        Images that cannot be decoded.
    doubts : list of str
    """
    groups = [[t for t in trials if (t.word == CLEAN) == clean] for clean in (True, False)]
    kept: list[Trial] = []
    parts: list[NDArray[np.float32]] = []
    bad: set[int] = set()
    doubts: list[str] = []
    done, total = 0, sum(len({(t.index, t.text) for t in group}) for group in groups)

    def count(n: int, of: int) -> None:
        progress(done + n, total)

    for group in filter(None, groups):
        scores, unread = scores_of(
            clip, asked, group, directions, precision=precision, seed=seed, progress=count
        )
        bad |= unread
        good = [i for i, trial in enumerate(group) if trial.index not in unread]
        kept += [group[i] for i in good]
        parts.append(scores[good])
        doubts += _doubts([group[i] for i in good], scores[good], asked.class_names)
        done += len({(trial.index, trial.text) for trial in group})
    if not kept:
        raise ImagesNotFoundError(f"no image of {asked.images.name!r} can be decoded")
    return kept, np.concatenate(parts), bad, doubts


def _doubts(
    trials: Sequence[Trial], scores: NDArray[np.float32], names: Sequence[str]
) -> list[str]:
    """Say where the model cannot tell the two answers apart that it is offered without a word."""
    found = []
    for kind in dict.fromkeys(trial.kind for trial in trials if trial.word == CLEAN):
        right = accuracy_of_part(kind, trials, scores, names).two_way
        if right.n:
            found.append(chance_doubt(f"zero-shot on {kind}", right, (1, 1)))
    return found


@dataclass(frozen=True)
class Fooled:
    """An image whose written class is the nearest of all.

    Parameters
    ----------
    image : bytes
        A thumbnail of the file as it is, before anything was written on it here.
    id, true, written : str
    """

    image: bytes
    id: str
    true: str
    written: str


@dataclass(frozen=True)
class TypographyBench(Result):
    """Accuracies on a typographic set, beside those that were published for the same model.

    Parameters
    ----------
    set_name, citation : str
    class_names, templates : tuple of str
    parts : tuple of PartAccuracy
    published : tuple of Published
        Two-way accuracies.
    n_skipped : int
        Images that could not be decoded.
    fooled : tuple of Fooled
    written : str
        How words were written here; empty where the pictures have their own.
    doubts : tuple of str
        What makes these numbers mean little.
    """

    set_name: str
    citation: str
    class_names: tuple[str, ...]
    templates: tuple[str, ...]
    parts: tuple[PartAccuracy, ...]
    published: tuple[Published, ...]
    n_skipped: int
    fooled: tuple[Fooled, ...]
    written: str
    doubts: tuple[str, ...]

    def part(self, kind: str) -> PartAccuracy:
        """Give one part.

        Raises
        ------
        OptionError
            If there is none of that kind.
        """
        for part in self.parts:
            if part.kind == kind:
                return part
        kinds = ", ".join(part.kind for part in self.parts)
        raise OptionError(f"no part {kind!r} in {self.set_name}; it has: {kinds}")

    @property
    def title(self) -> str:
        """The set."""
        return f"Benchmark: {self.set_name}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the two-way accuracy of each part."""
        return tuple((part.kind, f"{part.two_way.value:.3f}") for part in self.parts)

    def verdict(self) -> str:
        """Say how often the model answers with what is shown, and with what is written."""
        told = "; ".join(
            f"{part.kind} {part.two_way}"
            + (f", among all classes the word in {part.reads.value:.3f}" if part.reads.n else "")
            for part in self.parts
        )
        written = f" Written: {self.written}." if self.written else ""
        return (
            f"{first_of_all(self.doubts)}What is shown, not what is written, is the answer of two "
            f"in: {told}. Chance is 0.500.{written}"
        )

    def rows(self) -> list[dict[str, object]]:
        """One row per part of the set, beside the published two-way accuracy."""
        known = {figure.kind: figure.accuracy for figure in self.published}
        return [
            {
                "part": part.kind,
                "word": part.word,
                "two_way": part.two_way,
                "published_two_way": known.get(part.kind, float("nan")),
                "all_way": part.all_way,
                "reads": part.reads,
            }
            for part in self.parts
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Describe the accuracies, what was published, and some of the fooled images."""
        found: list[Block] = [self._table(), self._bars()]
        if self.fooled:
            tiles = tuple(
                Tile(each.image, each.written, f"shows {each.true}", each.id)
                for each in self.fooled
            )
            found.append(Gallery("Answered with the written word", tiles, "The first of the set."))
        return (*found, Note(_MEANING))

    def _table(self) -> Table:
        known = {figure.kind: figure for figure in self.published}
        rows = tuple(
            (
                part.kind,
                part.word,
                str(part.two_way),
                f"{known[part.kind].accuracy:.3f}" if part.kind in known else "-",
                str(part.all_way),
                str(part.reads),
            )
            for part in self.parts
        )
        k = len(self.class_names)
        columns = (
            "part", "word", "two-way accuracy", "published two-way", f"accuracy among {k}",
            f"answers the word, among {k}",
        )  # fmt: skip
        written = f" ({self.written})" if self.written else ""
        title = f"Seeing against reading: {self.citation}{written}"
        return Table(title, columns, rows, self._note())

    def _bars(self) -> Bars:
        shown = [part for part in self.parts if part.two_way.n]
        return Bars(
            "Two-way accuracy",
            tuple(part.kind for part in shown),
            tuple(part.two_way.value for part in shown),
            "share of trials answered with what is shown",
            tuple(part.two_way.interval.low for part in shown),
            tuple(part.two_way.interval.high for part in shown),
            reference=0.5,
            note="0.5 is what guessing gives.",
        )

    def _note(self) -> str:
        prompts = f"{len(self.templates)} prompt{'s' if len(self.templates) > 1 else ''} per class"
        parts = [f"{prompts}; Wilson's 95 % intervals."]
        if self.published:
            figure = self.published[0]
            parts.append(f"Published for {figure.model}: {figure.citation}.")
        if self.n_skipped:
            parts.append(f"{self.n_skipped} images could not be decoded.")
        return " ".join(parts)


_MEANING = (
    "Two-way accuracy offers the model one wrong answer, the written word: it says how word and "
    "picture compare, not how well the model classifies. A clean image is offered the same two "
    "answers without the word. Where one image is asked about with several words its trials are "
    "not independent, and the interval is too narrow."
)


def _fooled(
    asked: TypographicSet,
    trials: Sequence[Trial],
    scores: NDArray[np.float32],
    names: Sequence[str],
    count: int,
) -> list[Fooled]:
    found: list[Fooled] = []
    for trial, row in zip(trials, scores, strict=True):
        if len(found) == count:
            break
        if trial.word == ATTACKED and names[int(row.argmax())] == trial.written:
            picture = thumbnail(asked.images.pixels(trial.index))
            found.append(Fooled(picture, asked.images.ids[trial.index], trial.true, trial.written))
    return found
