"""What success is left to an attack, and at what cost, as more units are silenced?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.attacks.conditions import accuracy, at_risk
from neurons.attacks.plain_grounds import alone
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.errors import OptionError
from neurons.interventions.controls import SILENT
from neurons.results.blocks import Table
from neurons.stats import Share

# up to this share of a layer may be silenced, in so many steps
LARGEST, N_SIZES = 0.6, 12


@dataclass(frozen=True)
class FrontierPoint:
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
class Aim:
    """What is asked of a defence.

    Parameters
    ----------
    success : float in [0, 1)
        Of the attack, at most.
    cost : float in [0, 1]
        Clean accuracy that may be lost for it.
    """

    success: float
    cost: float

    def affords(self, point: FrontierPoint, whole: FrontierPoint) -> bool:
        """Tell whether a point costs no more accuracy than may be lost."""
        return point.accuracy.value >= whole.accuracy.value - self.cost

    def met_by(self, point: FrontierPoint, whole: FrontierPoint) -> bool:
        """Tell whether a point is safe enough, at no more than the cost."""
        return point.success.value <= self.success and self.affords(point, whole)


@dataclass(frozen=True, eq=False)
class WrongWords:
    """An attack with another class's word on each image, which is repeated with units silenced.

    Parameters
    ----------
    attack : RepeatableAttack
    texts : tuple of str
        One per image: the name of another class than its own.
    targets, truth : ndarray of int, (images,)
        What each text and each image is, as the readout counts.
    at_risk : ndarray of bool, (images,)
        Where the whole network did not read the image as the word already; none shows it.
    """

    attack: RepeatableAttack
    texts: tuple[str, ...]
    targets: NDArray[np.intp]
    truth: NDArray[np.int64]
    at_risk: NDArray[np.bool_]

    @classmethod
    def drawn(cls, attack: RepeatableAttack, words: Sequence[str]) -> WrongWords:
        """Draw one of the words for each image, by the attack's seed, never its own class's.

        Raises
        ------
        OptionError
            If every image is read as its word already.
        """
        names = attack.readout.class_names
        truth, classes = attack.ready.truth(names), np.array([names.index(word) for word in words])
        random = np.random.default_rng(attack.seed)
        chosen = [int(random.choice(np.flatnonzero(classes != label))) for label in truth]
        targets = classes[chosen]
        texts = tuple(words[i] for i in chosen)
        possible = at_risk(attack.answers(), truth, targets)
        if not possible.any():
            raise OptionError(
                f"all {len(possible):,} images are read as the word that would be written on them "
                f"already: there is nothing to attack; give other images or words"
            )
        return cls(attack, texts, targets, truth, possible)

    def point(self, layer: str, rank: NDArray[np.intp], size: int) -> FrontierPoint:
        """Attack with the first ``size`` units of a ranking silenced."""
        edits = {Neuron(layer, int(unit)): SILENT for unit in rank[:size]}
        clean = self.attack.answers(edits)
        found = self.attack.responses(self.texts, edits=edits).responses
        attacked = found.answers(self.attack.readout)
        hits = (attacked == self.targets) & self.at_risk
        return FrontierPoint(
            layer,
            size,
            Share(int(hits.sum()), int(self.at_risk.sum())),
            accuracy(clean, self.truth),
            accuracy(attacked, self.truth),
        )


def _by_words_not_pictures(
    attack: RepeatableAttack, words: Sequence[str], layers: Sequence[str]
) -> dict[str, NDArray[np.intp]]:
    """Rank the units of each layer by how much they vary with words and not with pictures.

    Returns
    -------
    dict of str to ndarray of int, (units,)
        By layer. First the units whose standard deviation over words on plain grounds is the
        largest share of that and of the one over clean images together; dead units come last.
    """
    # where the attack writes: a unit that reads in the middle alone does not defend the rest
    pictures, texts = attack.clean(), alone(attack.network, words, attack.lettering)
    ranks = {}
    for path in layers:
        peaks = texts.peaks[path]
        text = peaks.reshape(len(words), -1, peaks.shape[1]).mean(1).std(0)
        picture = pictures.peaks[path].std(0)
        # dead units carry neither, and come last
        share = np.where(text + picture > 0, text / np.maximum(text + picture, 1e-12), -1)
        ranks[path] = np.argsort(-share, kind="stable")
    return ranks


def sizes_to_try(n_units: int) -> list[int]:
    """Give numbers of units to silence: none, and `N_SIZES` steps up to `LARGEST` of the layer."""
    steps = np.linspace(0, LARGEST * n_units, N_SIZES + 1).round().astype(int)
    return sorted({int(size) for size in steps})


def best_point(tried: Sequence[FrontierPoint], aim: Aim) -> tuple[FrontierPoint, bool]:
    """Choose the layer and number of units, and tell whether that meets the aim.

    Of each layer the smallest set that meets it counts, and of these the one that is right most
    often under attack; where none meets it, the affordable set that is right most often.
    """
    whole = next(point for point in tried if point.size == 0)
    enough = [point for point in tried if aim.met_by(point, whole)]
    # a network that is blind is fooled by nothing: what counts is being right under attack
    if enough:
        first: dict[str, FrontierPoint] = {}
        for point in sorted(enough, key=lambda point: point.size):
            first.setdefault(point.layer, point)
        return max(first.values(), key=_right_and_small), True
    affordable = [point for point in tried if aim.affords(point, whole)]
    return max(affordable, key=_right_and_small), False


def _right_and_small(point: FrontierPoint) -> tuple[float, int]:
    return point.attacked_accuracy.value, -point.size


def _smallest_point(
    words: WrongWords,
    rank: NDArray[np.intp],
    best: FrontierPoint,
    tried: Sequence[FrontierPoint],
    aim: Aim,
    step: Callable[[], None],
) -> FrontierPoint:
    """Halve the distance between the smallest set that meets the aim and the next smaller one."""
    whole = next(point for point in tried if point.size == 0)
    below = [p.size for p in tried if p.layer == best.layer and p.size < best.size]
    low = max(below, default=0)
    while best.size - low > 1:
        middle = words.point(best.layer, rank, (low + best.size) // 2)
        step()
        if aim.met_by(middle, whole):
            best = middle
        else:
            low = middle.size
    return best


@dataclass(frozen=True, eq=False)
class ChosenSet:
    """The set to silence: the first units of a layer's ranking.

    Parameters
    ----------
    rank : ndarray of int, (units,)
        Of the layer.
    best : FrontierPoint
        Its size is how many of them.
    reached : bool
        Whether that meets the aim.
    tried : list of FrontierPoint
        Every layer and size that was tried.
    """

    rank: NDArray[np.intp]
    best: FrontierPoint
    reached: bool
    tried: list[FrontierPoint]


def chosen_set(
    search: RepeatableAttack,
    words: Sequence[str],
    paths: Sequence[str],
    aim: Aim,
    step: Callable[[], None],
) -> ChosenSet:
    """Try every layer and number of units, and refine the best number.

    Parameters
    ----------
    search : RepeatableAttack
        On the images that choose.
    words : sequence of str
        Names of classes to attack with.
    paths : sequence of str
        Layers to choose from.
    aim : Aim
    step : callable
        Called after each point.
    """
    choosing = WrongWords.drawn(search, words)
    ranks, tried = _by_words_not_pictures(search, words, paths), []
    for path in paths:
        for size in sizes_to_try(len(ranks[path])):
            tried.append(choosing.point(path, ranks[path], size))
            step()
    best, reached = best_point(tried, aim)
    rank = ranks[best.layer]
    if reached:
        best = _smallest_point(choosing, rank, best, tried, aim, step)
    return ChosenSet(rank, best, reached, tried)


def points_table(title: str, points: Sequence[FrontierPoint]) -> Table:
    """List points of a frontier."""
    return Table(
        title,
        ("layer", "units silenced", "attack success", "clean accuracy", "accuracy under attack"),
        tuple(
            (p.layer, str(p.size), str(p.success), str(p.accuracy), str(p.attacked_accuracy))
            for p in points
        ),
    )
