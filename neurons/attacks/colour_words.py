"""What does a network answer to a word that is written in a colour, or on one?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.attacks.repeatable_attack import Write, place_seeds
from neurons.interventions.editable import EditableNetwork
from neurons.lettering.lettering import Colour, Lettering
from neurons.lettering.words import Lettered, blank_on, write_on
from neurons.readouts.readout import Readout
from neurons.stats import Share

WAYS = ("in", "on")
CONDITIONS = ("incongruent", "congruent", "word of no colour", "no letters")
# what a word in a colour is written on: nearly white, and a middle grey
_GREYS = (250, 170)


@dataclass(frozen=True, eq=False)
class AnsweredWord:
    """The answers to pictures of one word in or on one colour.

    Parameters
    ----------
    way : str
        One of `WAYS`: the word is written ``in`` the colour, or ``on`` it.
    word, colour : str
        The word is empty where there are no letters.
    answers : tuple of str
        One per picture.
    first : Tensor of uint8, (3, H, W)
        The first of the pictures.
    """

    way: str
    word: str
    colour: str
    answers: tuple[str, ...]
    first: Tensor


@dataclass(frozen=True, eq=False)
class ColourWords:
    """Pictures of words in and on colours, and the network that is asked for their colour.

    Parameters
    ----------
    network : EditableNetwork
    readout : Readout
        Whose classes are the colours' names.
    colours : mapping of str to (red, green, blue)
    neutral : str
        A word of no colour: where there are no letters, its area is what a patch covers.
    lettering : Lettering
        Its colour is that of words on coloured grounds.
    n_each : int >= 1
        Places on each ground.
    seed : int
        Of the places.
    """

    network: EditableNetwork
    readout: Readout
    colours: Mapping[str, Colour]
    neutral: str
    lettering: Lettering
    n_each: int
    seed: int

    def answered(self, way: str, word: str, colour: str) -> AnsweredWord:
        """Write a word (or nothing) in or on a colour, and ask."""
        pixels = self._pixels(way, word, self.colours[colour])
        found = self.network.respond(pixels).answers(self.readout)
        answers = tuple(self.readout.class_names[i] for i in found)
        return AnsweredWord(way, word, colour, answers, pixels[0].cpu())

    def _pixels(self, way: str, word: str, colour: Colour) -> Tensor:
        """Write on greys in the colour, or on the colour: uint8 (pictures, 3, H, W)."""
        grounds = [(grey,) * 3 for grey in _GREYS] if way == "in" else [colour]
        lettering, clip = self.lettering, self.network.clip
        if way == "in":
            lettering = replace(lettering, colour=colour, stroke_colour=None)
        tones = torch.tensor([g for g in grounds for _ in range(self.n_each)], dtype=torch.uint8)
        size = clip.preprocess.size
        pixels = tones.view(-1, 3, 1, 1).expand(-1, 3, *size).contiguous().to(clip.device)
        seeds, write = place_seeds(len(pixels), self.seed), write_on if word else _bare(way)
        return write(pixels, [word or self.neutral] * len(pixels), lettering, seeds=seeds).pixels


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


def tally_of(way: str, condition: str, found: Sequence[AnsweredWord]) -> Tally:
    """Count how often the answer is the word, and how often the colour."""
    n = sum(len(each.answers) for each in found)
    word = sum(each.answers.count(each.word) for each in found)
    colour = sum(each.answers.count(each.colour) for each in found)
    return Tally(way, condition, Share(word, n), Share(colour, n))


def confusions_of(found: Sequence[AnsweredWord], colours: Sequence[str]) -> NDArray[np.int64]:
    """Count answers: (ways, words, answers)."""
    counts = np.zeros((len(WAYS), len(colours), len(colours)), np.int64)
    for each in found:
        for answer in each.answers:
            counts[WAYS.index(each.way), colours.index(each.word), colours.index(answer)] += 1
    return counts


def _bare(way: str) -> Write:
    return blank_on if way == "in" else _untouched


def _untouched(
    pixels: Tensor, texts: Sequence[str], lettering: Lettering, *, seeds: Sequence[int]
) -> Lettered:
    nothing = torch.zeros(len(pixels), dtype=torch.float32)
    return Lettered(pixels, nothing, torch.zeros(len(pixels), 4, dtype=torch.int64))
