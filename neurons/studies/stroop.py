"""Does a model name the word or the colour that it is written in? Stroop's test of 1935."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.blocks import Bars, Block, Gallery, Note, Table, Tile
from neurons.errors import OptionError
from neurons.inference import Precision, exact
from neurons.lettering import Lettering, blank_on, write_on
from neurons.model import Clip
from neurons.results import Result
from neurons.stats import Share
from neurons.thumbnails import thumbnail
from neurons.typography import foreign_word, look_at_each, place_seeds
from neurons.viewing import open_eye
from neurons.zeroshot import Readout

Colour = tuple[int, int, int]

COLOURS: Mapping[str, Colour] = {
    "red": (212, 36, 36),
    "orange": (240, 134, 20),
    "yellow": (235, 205, 20),
    "green": (36, 160, 60),
    "blue": (36, 84, 214),
    "purple": (134, 50, 180),
}
# the prompt of Goh et al. 2021, in their figure on the Stroop effect
PROMPTS = ("my favorite word, written in the color {}",)

CONDITIONS = ("incongruent", "congruent", "word of no colour", "patch")
_GREYS = (250, 170)
_N_SHOWN = 12


def stroop(
    clip: Clip,
    *,
    readout: Readout,
    colours: Mapping[str, Colour] = COLOURS,
    lettering: Lettering | None = None,
    n_each: int = 4,
    seed: int = 0,
    precision: Precision = exact,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Stroop:
    """Write every colour's name in every colour, and ask which colour it is.

    Beside it stand: the name in its own colour, a word that names no colour, and a patch of the
    colour without letters. A model that cannot name these inks cannot fail at the first either.

    Parameters
    ----------
    clip : Clip
    readout : Readout
        Whose classes are the colours' names.
    colours : mapping of str to (red, green, blue)
        Two or more.
    lettering : Lettering, optional
        Its colour is not used; default: a tenth of the image, in one place at random, no outline.
    n_each : int >= 1
        Places of each word and ink, on each of two grounds.
    seed : int
        Of the places.
    precision : Precision
    progress : callable
        Takes how many of how many conditions are done.

    Returns
    -------
    Stroop

    Raises
    ------
    OptionError
        If there are fewer than two colours, or the readout's classes are others.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021: in 49 of 49
    incongruent pairs the answer was the word.
    """
    lettering = lettering or Lettering(area=0.1, places="random", stroke_px=0)
    if len(colours) < 2 or n_each < 1 or set(colours) != set(readout.class_names):
        raise OptionError(
            f"{len(colours)} colours ({', '.join(colours)}), {n_each} places: at least two, and "
            f"one; the readout's classes must be these, and are {', '.join(readout.class_names)}"
        )
    neutral = foreign_word("color", [readout])
    asked: dict[str, list[tuple[str, str]]] = {
        "incongruent": [(word, ink) for word, ink in product(colours, colours) if word != ink],
        "congruent": [(ink, ink) for ink in colours],
        "word of no colour": [(neutral, ink) for ink in colours],
        "patch": [(neutral, ink) for ink in colours],
    }
    tallies, shown, confusions = [], [], np.zeros((len(colours), len(colours)), np.int64)
    grounds = _grounds(clip.preprocess.size, n_each)
    with open_eye(clip, readouts=[readout], precision=precision) as eye:
        for i, (condition, pairs) in enumerate(asked.items()):
            write = blank_on if condition == "patch" else write_on
            word_hits = ink_hits = n = 0
            for word, ink in pairs:
                inked = replace(lettering, colour=colours[ink], stroke_colour=None)
                seeds = place_seeds(len(grounds), seed)
                look = look_at_each(
                    eye, grounds, [word] * len(grounds), inked, seeds=seeds, write=write
                )
                answers = [readout.class_names[j] for j in look.seen.answers(readout)]
                word_hits += sum(answer == word for answer in answers)
                ink_hits += sum(answer == ink for answer in answers)
                n += len(answers)
                if condition == "incongruent":
                    for answer in answers:
                        confusions[list(colours).index(word), list(colours).index(answer)] += 1
                    if len(shown) < _N_SHOWN:
                        made = write_on(grounds[:1], [word], inked, seeds=seeds[:1]).pixels[0]
                        shown.append(_shown(made, word, ink, answers[0]))
            tallies.append(Tally(condition, Share(word_hits, n), Share(ink_hits, n)))
            progress(i + 1, len(asked))
    return Stroop(
        provenance={
            "model": clip.provenance(),
            "lettering": {**lettering.provenance(), "colour": None},
            "precision": precision.name,
            "seed": seed,
        },
        colours=tuple(colours),
        neutral=neutral,
        tallies=tuple(tallies),
        confusions=confusions,
        shown=tuple(shown),
    )


@dataclass(frozen=True)
class Tally:
    """How often the answer was the word, and how often the ink."""

    condition: str
    word: Share
    ink: Share


@dataclass(frozen=True)
class ShownWord:
    """A picture of a word in an ink, and the answer to it."""

    image: bytes
    word: str
    ink: str
    answer: str


@dataclass(frozen=True)
class Stroop(Result):
    """Whether the word or the ink is named.

    Parameters
    ----------
    colours : tuple of str
    neutral : str
        The word of no colour.
    tallies : tuple of Tally
        Of each condition.
    confusions : ndarray of int, (colours, colours)
        Incongruent pictures by their word and the answer.
    shown : tuple of ShownWord
        The first incongruent pictures.
    """

    colours: tuple[str, ...]
    neutral: str
    tallies: tuple[Tally, ...]
    confusions: NDArray[np.int64]
    shown: tuple[ShownWord, ...]

    def tally(self, condition: str) -> Tally:
        """Find a condition's.

        Raises
        ------
        OptionError
            If there is none of that name.
        """
        for each in self.tallies:
            if each.condition == condition:
                return each
        raise OptionError(f"no condition {condition!r}; there are: {', '.join(CONDITIONS)}")

    def blocks(self) -> tuple[Block, ...]:
        """Say which wins; every condition; the answers; pictures."""
        first = self.tally("incongruent")
        inks = ", ".join(f"{t.condition} {t.ink.value:.3f}" for t in self.tallies[1:])
        return (
            Note(
                f"A colour's name in another colour is answered with the word in {first.word}, "
                f"with the ink in {first.ink}. The ink where nothing contradicts it: {inks}. "
                f"Chance is {1 / len(self.colours):.3f}."
            ),
            Bars(
                "Incongruent words: the answer is",
                ("the word", "the ink"),
                (first.word.value, first.ink.value),
                "share of pictures",
                (first.word.interval.low, first.ink.interval.low),
                (first.word.interval.high, first.ink.interval.high),
                1 / len(self.colours),
            ),
            Table(
                "Answers",
                ("condition", "the word", "the ink"),
                tuple(
                    (
                        t.condition,
                        "-" if t.condition in CONDITIONS[2:] else str(t.word),
                        str(t.ink),
                    )
                    for t in self.tallies
                ),
                f"The word of no colour is “{self.neutral}”; the patch covers as much, without "
                f"letters.",
            ),
            Table(
                "Answers to incongruent words, by the word",
                ("word", *self.colours),
                tuple(
                    (name, *(str(count) for count in row))
                    for name, row in zip(self.colours, self.confusions, strict=True)
                ),
            ),
            Gallery(
                "The first incongruent pictures",
                tuple(
                    Tile(s.image, s.answer, f"“{s.word}” in {s.ink}", f"{s.word} in {s.ink}")
                    for s in self.shown
                ),
                "Under each the answer.",
            ),
        )


def _grounds(size: tuple[int, int], n_each: int) -> Tensor:
    greys = torch.tensor([grey for grey in _GREYS for _ in range(n_each)], dtype=torch.uint8)
    return greys.view(-1, 1, 1, 1).expand(-1, 3, *size).contiguous()


def _shown(pixels: Tensor, word: str, ink: str, answer: str) -> ShownWord:
    return ShownWord(thumbnail(pixels.permute(1, 2, 0).numpy()), word, ink, answer)
