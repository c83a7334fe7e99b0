"""Does the model believe its eyes or the word? Published typographic sets, one protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from neurons.attacks.published_figures import Published, published
from neurons.attacks.published_sets import ATTACKED, Trial, TypographicSet
from neurons.data.loading import batches_of, load_batch
from neurons.data.thumbnails import thumbnail
from neurons.errors import ImagesNotFoundError, OptionError
from neurons.interventions.editable import EditableNetwork, open_editable
from neurons.lettering.words import write_on
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.results.blocks import Bars, Block, Gallery, Note, Table, Tile
from neurons.results.result import Result
from neurons.stats import Share

# images decoded at a time; a set of any size takes the memory of these
_AT_ONCE = 256
_TEXTS_AT_ONCE = 512


def bench(
    clip: Clip,
    asked: TypographicSet,
    *,
    templates: Sequence[str] = (),
    n: int | None = None,
    n_shown: int = 8,
    seed: int = 0,
    precision: Precision = exact,
    progress: Callable[[int, int], None] = lambda done, total: None,
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
    trials = _drawn(asked, n, seed)
    names = asked.class_names
    directions = _directions(clip, names, used)
    scores, bad = _scores(clip, asked, trials, directions, precision, seed, progress)
    kept = [i for i, trial in enumerate(trials) if trial.index not in bad]
    if not kept:
        raise ImagesNotFoundError(f"no image of {asked.images.name!r} can be decoded")
    trials, scores = [trials[i] for i in kept], scores[kept]
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
        parts=tuple(_part(kind, trials, scores, names) for kind in asked.kinds),
        published=published(asked.name, clip.name),
        n_skipped=len(bad),
        fooled=tuple(_fooled(asked, trials, scores, names, n_shown)),
    )


@dataclass(frozen=True)
class Part:
    """What the model answered on one part of a set.

    Parameters
    ----------
    kind : str
    word : str
        Whether there is a word: ``clean``, ``attacked`` or ``named``.
    two_way : Share
        Trials where the true class is nearer than the written one.
    all_way : Share
        Images where the true class is the nearest of all.
    reads : Share
        Images where the written class is the nearest of all; of none where no word is written.
    """

    kind: str
    word: str
    two_way: Share
    all_way: Share
    reads: Share


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
    parts : tuple of Part
    published : tuple of Published
        Two-way accuracies.
    n_skipped : int
        Images that could not be decoded.
    fooled : tuple of Fooled
    """

    set_name: str
    citation: str
    class_names: tuple[str, ...]
    templates: tuple[str, ...]
    parts: tuple[Part, ...]
    published: tuple[Published, ...]
    n_skipped: int
    fooled: tuple[Fooled, ...]

    def part(self, kind: str) -> Part:
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

    def blocks(self) -> tuple[Block, ...]:
        """Describe the accuracies, what was published, and some of the fooled images."""
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
        shown = [part for part in self.parts if part.two_way.n]
        found: list[Block] = [
            Table(f"Seeing against reading: {self.citation}", columns, rows, self._note()),
            Bars(
                "Two-way accuracy",
                tuple(part.kind for part in shown),
                tuple(part.two_way.value for part in shown),
                "share of trials answered with what is shown",
                tuple(part.two_way.interval.low for part in shown),
                tuple(part.two_way.interval.high for part in shown),
                reference=0.5,
                note="0.5 is what guessing gives.",
            ),
        ]
        if self.fooled:
            tiles = tuple(
                Tile(each.image, each.written, f"shows {each.true}", each.id)
                for each in self.fooled
            )
            found.append(Gallery("Answered with the written word", tiles, "The first of the set."))
        return (*found, Note(_MEANING))

    def _note(self) -> str:
        prompts = f"{len(self.templates)} prompt{'s' if len(self.templates) > 1 else ''} a class"
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


def _drawn(asked: TypographicSet, n: int | None, seed: int) -> list[Trial]:
    if n is None:
        return list(asked.trials)
    if n < 1:
        raise OptionError(f"{n} trials of each part: at least 1")
    chosen = []
    for kind in asked.kinds:
        part = [trial for trial in asked.trials if trial.kind == kind]
        # the same draw for every part: a set's parts go image by image
        order = np.random.default_rng(seed).permutation(len(part))[:n]
        chosen += [part[i] for i in np.sort(order)]
    return chosen


def _directions(clip: Clip, names: Sequence[str], templates: Sequence[str]) -> Tensor:
    """Give unit vectors, (classes, embedding), on the CPU."""
    texts = [template.format(name) for name in names for template in templates]
    spans = batches_of(range(len(texts)), _TEXTS_AT_ONCE)
    parts = [clip.embed_texts(texts[span.start : span.stop]).float().cpu() for span in spans]
    # not normalised before the mean: so did SCAM's evaluation, which the figures are beside
    means = torch.cat(parts).view(len(names), len(templates), -1).mean(1)
    return functional.normalize(means, dim=1)


def _scores(
    clip: Clip,
    asked: TypographicSet,
    trials: Sequence[Trial],
    directions: Tensor,
    precision: Precision,
    seed: int,
    progress: Callable[[int, int], None],
) -> tuple[NDArray[np.float32], set[int]]:
    """Cosines of each trial, (trials, classes), nan for bad images, and the bad images."""
    views = list(dict.fromkeys((trial.index, trial.text) for trial in trials))
    found = np.full((len(views), len(directions)), np.nan, np.float32)
    bad: set[int] = set()
    with open_editable(clip, precision=precision) as eye:
        for span in batches_of(range(len(views)), _AT_ONCE):
            part = views[span.start : span.stop]
            rows = list(dict.fromkeys(index for index, _ in part))
            batch = load_batch(clip.preprocess, asked.images, rows, batch_size=len(rows))
            bad |= set(batch.bad)
            good = [i for i, (index, _) in enumerate(part) if index not in batch.bad]
            places = {index: i for i, index in enumerate(rows)}
            pixels = batch.pixels[[places[part[i][0]] for i in good]]
            if good:
                texts = [part[i][1] for i in good]
                seen = _embedded(eye, asked, pixels, texts, [part[i][0] + seed for i in good])
                found[[span.start + i for i in good]] = (seen @ directions.T).numpy()
            progress(span.stop, len(views))
    place = {view: i for i, view in enumerate(views)}
    return found[[place[trial.index, trial.text] for trial in trials]], bad


def _embedded(
    eye: EditableNetwork,
    asked: TypographicSet,
    pixels: Tensor,
    texts: Sequence[str],
    seeds: Sequence[int],
) -> Tensor:
    """Give unit embeddings of images, after their texts were written on them."""
    which = [i for i, text in enumerate(texts) if text]
    if which:
        assert asked.lettering is not None, "a set whose trials have texts says how they look"
        written = write_on(
            pixels[which],
            [texts[i] for i in which],
            asked.lettering,
            seeds=[seeds[i] for i in which],
        )
        pixels = pixels.clone()
        pixels[which] = written.pixels
    return functional.normalize(torch.from_numpy(eye.respond(pixels).embeddings), dim=1)


def _part(
    kind: str, trials: Sequence[Trial], scores: NDArray[np.float32], names: Sequence[str]
) -> Part:
    rows = [i for i, trial in enumerate(trials) if trial.kind == kind]
    place = {name: i for i, name in enumerate(names)}
    right = sum(
        bool(scores[i, place[trials[i].true]] > scores[i, place[trials[i].written]]) for i in rows
    )
    # an image that is asked about with several words is one image here
    once = list({(trials[i].index, trials[i].text): i for i in rows}.values())
    answers = {i: names[int(scores[i].argmax())] for i in once}
    attacked = [i for i in once if trials[i].word == ATTACKED]
    return Part(
        kind,
        trials[rows[0]].word if rows else "",
        Share(right, len(rows)),
        Share(sum(answers[i] == trials[i].true for i in once), len(once)),
        Share(sum(answers[i] == trials[i].written for i in attacked), len(attacked)),
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
