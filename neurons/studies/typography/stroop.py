"""Does a model name the word or the colour that it is written in? Stroop's test of 1935."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neurons.attacks.colour_words import (
    CONDITIONS,
    WAYS,
    AnsweredWord,
    ColourWords,
    Tally,
    confusions_of,
    tally_of,
)
from neurons.attacks.conditions import foreign_word
from neurons.attacks.doubts import FEW, MeaninglessWarning, first_of_all
from neurons.attacks.steps import Progress
from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.lettering.default import legibility
from neurons.lettering.lettering import Colour, Lettering
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.readout import Readout
from neurons.results.blocks import Bars, Block, Gallery, Table, Tile
from neurons.results.result import Result

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

_N_SHOWN, _BARE = 6, "no letters"


def stroop(
    clip: Clip,
    *,
    readout: Readout,
    colours: Mapping[str, Colour] = COLOURS,
    lettering: Lettering | None = None,
    n_each: int = 4,
    seed: int = 0,
    precision: Precision = exact,
    progress: Progress = lambda done, total: None,
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

    Warns
    -----
    MeaninglessWarning
        If no colour can be named without letters.

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
        # first: if no colour can be named there, the rest says nothing
        _BARE: [("", colour) for colour in colours],
        "incongruent": [
            (word, other) for word, other in product(colours, colours) if word != other
        ],
        "congruent": [(colour, colour) for colour in colours],
        "word of no colour": [(neutral, colour) for colour in colours],
    }
    tallies: list[Tally] = []
    answers: list[AnsweredWord] = []
    with open_editable(clip, readouts=[readout], precision=precision) as network:
        pictures = ColourWords(network, readout, colours, neutral, lettering, n_each, seed)
        for (condition, pairs), way in product(asked.items(), WAYS):
            found = [pictures.answered(way, word, colour) for word, colour in pairs]
            tallies.append(tally_of(way, condition, found))
            if condition == _BARE:
                _warn(tallies[-1], len(colours))
            if condition == "incongruent":
                answers += found
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
        tallies=tuple(
            sorted(tallies, key=lambda t: (WAYS.index(t.way), CONDITIONS.index(t.condition)))
        ),
        confusions=confusions_of(answers, list(colours)),
        shown=tuple(
            ShownWord(_thumbnail(each.first), each.way, each.word, each.colour, each.answers[0])
            for way in WAYS
            for each in [each for each in answers if each.way == way][:_N_SHOWN]
        ),
        written=lettering.told(),
        small=legibility([*colours, neutral], lettering, clip.preprocess.size),
    )


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
    written : str
        How words were written.
    small : str
        Which of them are too small to be read, if any.
    """

    colours: tuple[str, ...]
    neutral: str
    tallies: tuple[Tally, ...]
    confusions: NDArray[np.int64]
    shown: tuple[ShownWord, ...]
    written: str
    small: str

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

    @property
    def title(self) -> str:
        """What the study is."""
        return "Stroop"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give how often the word is the answer, for each way of writing."""
        return tuple(
            (f"the word, {w} a colour", f"{self.tally(way=w).word.value:.3f}") for w in WAYS
        )

    def verdict(self) -> str:
        """Say which wins, and where the colour cannot be named at all."""
        told, doubts = [], [self.small]
        for way in WAYS:
            first, bare = self.tally(way=way), self.tally(_BARE, way=way)
            doubts.append(_doubt(bare, len(self.colours)))
            told.append(
                f"A colour's name written {way} another colour is answered with the word in "
                f"{first.word}, with the colour in {first.colour}; without letters the colour is "
                f"named in {bare.colour.value:.3f}."
            )
        return (
            f"{first_of_all(doubts)}{' '.join(told)} Chance is {1 / len(self.colours):.3f}. "
            f"Written: {self.written}."
        )

    def rows(self) -> tuple[Tally, ...]:
        """One row per way of writing and condition."""
        return self.tallies

    def blocks(self) -> tuple[Block, ...]:
        """Show which wins; every condition; the answers; pictures."""
        return (
            self._bars(),
            self._conditions_table(),
            *(self._answers_table(way) for way in WAYS),
            *(self._gallery(way) for way in WAYS),
        )

    def _bars(self) -> Bars:
        firsts = [self.tally(way=way) for way in WAYS]
        found = [share for first in firsts for share in (first.word, first.colour)]
        return Bars(
            f"Incongruent words: the answer is ({self.written})",
            tuple(f"the {what}, written {way}" for way in WAYS for what in ("word", "colour")),
            tuple(share.value for share in found),
            "share of pictures",
            tuple(share.interval.low for share in found),
            tuple(share.interval.high for share in found),
            1 / len(self.colours),
        )

    def _conditions_table(self) -> Table:
        rows = [
            (
                t.way,
                t.condition,
                "-" if t.condition in CONDITIONS[2:] else str(t.word),
                str(t.colour),
            )
            for t in self.tallies
        ]
        return Table(
            f"Answers ({self.written})",
            ("written", "condition", "the word", "the colour"),
            tuple(rows),
            f"The word of no colour is “{self.neutral}”. No letters: a patch of the colour as "
            f"large as the word, or the bare ground.",
        )

    def _answers_table(self, way: str) -> Table:
        counts = self.confusions[WAYS.index(way)]
        return Table(
            f"Answers to incongruent words written {way} a colour, by the word",
            ("word", *self.colours),
            tuple(
                (name, *(str(count) for count in row))
                for name, row in zip(self.colours, counts, strict=True)
            ),
        )

    def _gallery(self, way: str) -> Gallery:
        return Gallery(
            f"The first incongruent pictures, written {way} a colour",
            tuple(
                Tile(s.image, s.answer, f"“{s.word}” {way} {s.colour}")
                for s in self.shown
                if s.way == way
            ),
            "Under each the answer.",
        )


def _doubt(bare: Tally, n_colours: int) -> str:
    """Say that a way of writing says nothing, if the colour cannot be named without letters."""
    if bare.colour.interval.low > 1 / n_colours:
        return ""
    return (
        f"Written {bare.way} a colour the test says nothing: the model cannot name the colour "
        f"there even without letters (right in {bare.colour})."
    )


def _warn(bare: Tally, n_colours: int) -> None:
    """Warn before the words are written, where enough pictures without letters were asked."""
    if bare.colour.n >= FEW and (doubt := _doubt(bare, n_colours)):
        warnings.warn(doubt, MeaninglessWarning, stacklevel=3)


def _thumbnail(pixels: Tensor) -> bytes:
    return thumbnail(pixels.permute(1, 2, 0).numpy())
