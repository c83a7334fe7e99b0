"""Does a model name the word or the colour that it is written in? Stroop's test of 1935."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.attacks.conditions import Write, foreign_word, place_seeds
from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.lettering.lettering import Lettering
from neurons.lettering.words import Lettered, blank_on, write_on
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.readout import Readout
from neurons.results.blocks import Bars, Block, Gallery, Note, Table, Tile
from neurons.results.result import Result
from neurons.stats import Share

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

WAYS = ("in", "on")
CONDITIONS = ("incongruent", "congruent", "word of no colour", "no letters")
_GREYS, _N_SHOWN = (250, 170), 6


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
    """Write every colour's name in every colour, and on every colour, and ask for the colour.

    Beside it stand: the name with its own colour, a word that names no colour, and the colour
    without letters (a patch of it, or the bare ground). A model that cannot name a colour there
    cannot choose between it and the word.

    Parameters
    ----------
    clip : Clip
    readout : Readout
        Whose classes are the colours' names.
    colours : mapping of str to (red, green, blue)
        Two or more.
    lettering : Lettering, optional
        Its colour is that of words on coloured grounds; default: black, a tenth of the image, in
        one place at random, no outline.
    n_each : int >= 1
        Places of each word and colour, on each ground.
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
    asked = {
        "incongruent": [(word, colour) for word, colour in product(colours, colours)
                        if word != colour],
        "congruent": [(colour, colour) for colour in colours],
        "word of no colour": [(neutral, colour) for colour in colours],
        "no letters": [("", colour) for colour in colours],
    }  # fmt: skip
    names = list(colours)
    tallies: list[Tally] = []
    shown: list[ShownWord] = []
    confusions = np.zeros((len(WAYS), len(colours), len(colours)), np.int64)
    with open_editable(clip, readouts=[readout], precision=precision) as eye:
        for way, (condition, pairs) in product(WAYS, asked.items()):
            word_hits = colour_hits = n = 0
            for word, colour in pairs:
                pixels = _pictures(
                    clip, way, word or neutral, colours[colour], lettering, n_each, seed,
                    letters=write_on if word else _bare(way),
                )  # fmt: skip
                answers = [readout.class_names[i] for i in eye.respond(pixels).answers(readout)]
                word_hits += answers.count(word)
                colour_hits += answers.count(colour)
                n += len(answers)
                if condition == "incongruent":
                    for answer in answers:
                        confusions[WAYS.index(way), names.index(word), names.index(answer)] += 1
                    if sum(each.way == way for each in shown) < _N_SHOWN:
                        image = thumbnail(pixels[0].permute(1, 2, 0).cpu().numpy())
                        shown.append(ShownWord(image, way, word, colour, answers[0]))
            tallies.append(Tally(way, condition, Share(word_hits, n), Share(colour_hits, n)))
            progress(len(tallies), len(WAYS) * len(asked))
    return Stroop(
        provenance={
            "model": clip.provenance(),
            "lettering": lettering.provenance(),
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
    """How often the answer was the word, and how often the colour.

    Parameters
    ----------
    way : str
        ``in``: the word is written in the colour; ``on``: it is written on the colour.
    condition : str
        One of `CONDITIONS`.
    word, colour : Share
    """

    way: str
    condition: str
    word: Share
    colour: Share


@dataclass(frozen=True)
class ShownWord:
    """A picture of a word in or on a colour, and the answer to it."""

    image: bytes
    way: str
    word: str
    colour: str
    answer: str


@dataclass(frozen=True)
class Stroop(Result):
    """Whether the word or the colour is named.

    Parameters
    ----------
    colours : tuple of str
    neutral : str
        The word of no colour.
    tallies : tuple of Tally
        Of each way and condition.
    confusions : ndarray of int, (ways, colours, colours)
        Incongruent pictures by their word and the answer.
    shown : tuple of ShownWord
        The first incongruent pictures of each way.
    """

    colours: tuple[str, ...]
    neutral: str
    tallies: tuple[Tally, ...]
    confusions: NDArray[np.int64]
    shown: tuple[ShownWord, ...]

    def tally(self, condition: str = "incongruent", *, way: str = "in") -> Tally:
        """Find a condition's.

        Raises
        ------
        OptionError
            If there is none of that name.
        """
        for each in self.tallies:
            if (each.condition, each.way) == (condition, way):
                return each
        raise OptionError(
            f"no condition {condition!r} {way!r}; there are: {', '.join(CONDITIONS)}; in, on"
        )

    def blocks(self) -> tuple[Block, ...]:
        """Say which wins; every condition; the answers; pictures."""
        told = []
        for way in WAYS:
            first, bare = self.tally(way=way), self.tally("no letters", way=way)
            told.append(
                f"A colour's name written {way} another colour is answered with the word in "
                f"{first.word}, with the colour in {first.colour}; without letters the colour is "
                f"named in {bare.colour.value:.3f}."
            )
        firsts = [self.tally(way=way) for way in WAYS]
        found = [share for first in firsts for share in (first.word, first.colour)]
        return (
            Note(f"{' '.join(told)} Chance is {1 / len(self.colours):.3f}."),
            Bars(
                "Incongruent words: the answer is",
                tuple(f"the {what}, written {way}" for way in WAYS for what in ("word", "colour")),
                tuple(share.value for share in found),
                "share of pictures",
                tuple(share.interval.low for share in found),
                tuple(share.interval.high for share in found),
                1 / len(self.colours),
            ),
            Table(
                "Answers",
                ("written", "condition", "the word", "the colour"),
                tuple(
                    (
                        t.way,
                        t.condition,
                        "-" if t.condition in CONDITIONS[2:] else str(t.word),
                        str(t.colour),
                    )
                    for t in self.tallies
                ),
                f"The word of no colour is “{self.neutral}”. No letters: a patch of the colour as "
                f"large as the word, or the bare ground.",
            ),  # fmt: skip
            *(
                Table(
                    f"Answers to incongruent words written {way} a colour, by the word",
                    ("word", *self.colours),
                    tuple(
                        (name, *(str(count) for count in row))
                        for name, row in zip(self.colours, self.confusions[i], strict=True)
                    ),
                )
                for i, way in enumerate(WAYS)
            ),
            *(
                Gallery(
                    f"The first incongruent pictures, written {way} a colour",
                    tuple(
                        Tile(s.image, s.answer, f"“{s.word}” {way} {s.colour}")
                        for s in self.shown
                        if s.way == way
                    ),
                    "Under each the answer.",
                )
                for way in WAYS
            ),
        )


def _pictures(
    clip: Clip,
    way: str,
    word: str,
    colour: Colour,
    lettering: Lettering,
    n_each: int,
    seed: int,
    *,
    letters: Write,
) -> Tensor:
    """Write a word in a colour on greys, or on the colour: uint8 (pictures, 3, H, W)."""
    grounds = [(grey,) * 3 for grey in _GREYS] if way == "in" else [colour]
    if way == "in":
        lettering = replace(lettering, colour=colour, stroke_colour=None)
    tones = torch.tensor([g for g in grounds for _ in range(n_each)], dtype=torch.uint8)
    size = clip.preprocess.size
    pixels = tones.view(-1, 3, 1, 1).expand(-1, 3, *size).contiguous().to(clip.device)
    seeds = place_seeds(len(pixels), seed)
    return letters(pixels, [word] * len(pixels), lettering, seeds=seeds).pixels


def _bare(way: str) -> Write:
    return blank_on if way == "in" else _untouched


def _untouched(
    pixels: Tensor, texts: Sequence[str], lettering: Lettering, *, seeds: Sequence[int]
) -> Lettered:
    nothing = torch.zeros(len(pixels), dtype=torch.float32)
    return Lettered(pixels, nothing, torch.zeros(len(pixels), 4, dtype=torch.int64))
