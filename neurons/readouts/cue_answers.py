"""Which cue do answers follow: the shape's class, the texture's, the word's, or none?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.stats import Interval, Share, resampled, wilson

# of fewer answers that name a cue a preference is unsure, whatever it is
FEW = 20
Cues = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class CueTally:
    """How often answers named the class of each cue.

    Parameters
    ----------
    part : str
        Of the set.
    group : str
        The class of the shape; empty: all of them.
    cues : tuple of str
        Such as ``("shape", "texture")``, the one that preferences are told of first.
    named : tuple of int
        Answers that named the class of each.
    n : int
        Images, each of whose cues are of different classes.
    """

    part: str
    group: str
    cues: tuple[str, ...]
    named: tuple[int, ...]
    n: int

    def share(self, cue: str) -> Share:
        """Give the share of all answers that named this cue's class."""
        return Share(self.named[self.cues.index(cue)], self.n)

    def preference(self, cue: str) -> Share:
        """Give the share of the answers that named any cue's class which named this one's."""
        return Share(self.named[self.cues.index(cue)], sum(self.named))

    @property
    def bias(self) -> Share:
        """Shape bias: of the answers that name the shape's or the texture's class, the shape's."""
        return Share(self.named[0], self.named[0] + self.named[1])

    @property
    def cue_accuracy(self) -> Share:
        """The share of all answers that named any of the cues' classes."""
        return Share(sum(self.named), self.n)

    @property
    def neither(self) -> Share:
        """The share of all answers that named none of the cues' classes."""
        return Share(self.n - sum(self.named), self.n)


@dataclass(frozen=True)
class CueChance:
    """What answers that do not depend on the picture give.

    Parameters
    ----------
    guessing : float
        Cue accuracy of guessing: the number of cues over the number of classes.
    shuffled : float
        Cue accuracy of the same answers, given to pictures at random: a model that gives one
        answer to all has as much.
    bias : float
        Their shape bias; nan if they name no cue.
    """

    guessing: float
    shuffled: float
    bias: float


@dataclass(frozen=True)
class PartOfCues:
    """The answers to one part of a set: all of them, by class, beside chance.

    Parameters
    ----------
    whole : CueTally
    by_class : tuple of CueTally
        By the shape's class.
    chance : CueChance
    resampled : Interval
        Of the bias, 95 %: pictures that shapes and textures were taken from are drawn anew, since
        one dog's shape under many textures is no independent trial. nan where nothing tells which
        these are.
    """

    whole: CueTally
    by_class: tuple[CueTally, ...]
    chance: CueChance
    resampled: Interval

    @property
    def name(self) -> str:
        """Of the part."""
        return self.whole.part

    def doubt(self) -> str:
        """Say that the preferences mean nothing, if so: answers follow no cue beyond chance."""
        found, chance = self.whole.cue_accuracy, self.chance
        level = max(chance.guessing, chance.shuffled)
        if found.interval.low <= level:
            return (
                f"On “{self.name}” cue accuracy cannot be told from chance: {found} of the answers "
                f"name the class of a cue, where guessing gives {chance.guessing:.3f} and the same "
                f"answers to other pictures {chance.shuffled:.3f}; the bias of "
                f"{self.whole.bias.value:.2f} says nothing of shape or texture (answers at "
                f"random have .50)."
            )
        if sum(self.whole.named) < FEW:
            return (
                f"On “{self.name}” only {sum(self.whole.named)} answers name the class of a cue: "
                f"too few for a bias."
            )
        return ""


def tally(
    part: str, answers: Sequence[str], cues: Cues, rows: Sequence[int], *, group: str = ""
) -> CueTally:
    """Count the answers that name each cue's class, of some of the images."""
    named = tuple(sum(answers[i] == names[i] for i in rows) for names in cues.values())
    return CueTally(part, group, tuple(cues), named, len(rows))


def count_cues(
    part: str,
    answers: Sequence[str],
    cues: Cues,
    *,
    n_classes: int,
    sources: Cues | None = None,
    seed: int = 0,
) -> PartOfCues:
    """Count answers to images whose cues are of different classes.

    Parameters
    ----------
    part : str
    answers : sequence of str, (images,)
    cues : mapping of str to sequence of str, (images,)
        The class of each cue, shape first and texture second; no two are equal on one image.
    n_classes : int
        How many classes could be answered.
    sources : mapping of str to sequence of str, optional
        By cue, the picture that it was taken from.
    seed : int
        Of the resamples.
    """
    shapes = next(iter(cues.values()))
    groups = {name: [i for i, each in enumerate(shapes) if each == name] for name in shapes}
    return PartOfCues(
        tally(part, answers, cues, range(len(answers))),
        tuple(tally(part, answers, cues, groups[name], group=name) for name in sorted(groups)),
        _chance(answers, cues, n_classes),
        _resampled(answers, cues, sources or {}, seed),
    )


def _chance(answers: Sequence[str], cues: Cues, n_classes: int) -> CueChance:
    """Give what the same answers have in the mean over all orders of the pictures."""
    n = len(answers)
    known, counts = np.unique(np.array(answers, str), return_counts=True)
    given = dict(zip(known.tolist(), (counts / n).tolist(), strict=True))
    by_cue = [sum(given.get(name, 0.0) for name in names) / n for names in cues.values()]
    pair = by_cue[0] + by_cue[1]
    return CueChance(len(cues) / n_classes, sum(by_cue), by_cue[0] / pair if pair else float("nan"))


def _resampled(answers: Sequence[str], cues: Cues, sources: Cues, seed: int) -> Interval:
    """Draw the pictures of shapes and of textures anew, each for itself.

    References
    ----------
    Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007.
    """
    (first, shapes), (second, textures), *_ = cues.items()
    unknown = Interval(float("nan"), float("nan"))
    if not (first in sources and second in sources):
        return unknown
    given = np.array(answers, str)
    hits = np.stack([given == np.array(shapes, str), given == np.array(textures, str)])
    kinds = [np.unique(np.array(sources[cue], str), return_inverse=True)[1] for cue in cues][:2]
    if min(len(np.unique(each)) for each in kinds) < 2:
        return unknown

    def draw(random: np.random.Generator) -> float:
        weights = np.ones(len(given))
        for kind in kinds:
            n = int(kind.max()) + 1
            weights = weights * random.multinomial(n, np.full(n, 1 / n))[kind]
        shape, texture = hits @ weights
        return float(shape / (shape + texture)) if shape + texture else float("nan")

    found = resampled(draw, seed)
    total = int(hits.sum())
    if not total:
        return unknown
    # where all name one cue, resampling finds no spread
    single = wilson(int(hits[0].sum()), total)
    return Interval(min(found.low, single.low), max(found.high, single.high))


def answer_counts(answers: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Count how often each class was answered, (classes,)."""
    places = {name: i for i, name in enumerate(classes)}
    known = [places[answer] for answer in answers if answer in places]
    return np.bincount(np.array(known, np.int64), minlength=len(classes)).astype(np.int64)
