"""What became of each image under attack? Counted by text and by class, moved units, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.attacks.conditions import (
    CLEAN,
    NO_CLASS,
    WORD,
    AttackTarget,
    accuracy,
    at_risk,
    success,
)
from neurons.attacks.repeatable_attack import (
    AttackResponses,
    RepeatableAttack,
    place_seeds,
    written_pixels,
)
from neurons.data.prepared import Prepared
from neurons.data.thumbnails import thumbnail
from neurons.interventions.editable import Responses
from neurons.readouts.readout import Readout, class_index, shares
from neurons.stats import Share

_N_MOVED, _N_TOP = 8, 5


@dataclass(frozen=True)
class Outcome:
    """What one text did under one condition.

    Parameters
    ----------
    readout, class_name, text : str
    condition : str
        ``clean``, ``word``, ``blank``, ``shuffled`` or ``no class``.
    written : str
        What stood on the images under this condition; empty for nothing.
    success : Share
        Of the images that are not of the class already; for ``clean`` those that are (read as it,
        or showing it), of all.
    accuracy : Share
        Right answers, of the images whose class the readout has.
    coverage : float
        Share of the pixels that changed, on average.
    """

    readout: str
    class_name: str
    text: str
    condition: str
    written: str
    success: Share
    accuracy: Share
    coverage: float


@dataclass(frozen=True)
class ClassOutcome:
    """How often images of one class fall, over all targets.

    Parameters
    ----------
    readout, class_name : str
        The images' class; where they are unlabelled, the answer to the clean image.
    word, no_class : Share
        Success of the words, and of a word of no class.
    """

    readout: str
    class_name: str
    word: Share
    no_class: Share


@dataclass(frozen=True)
class MovedUnit:
    """A unit that a word moved.

    Parameters
    ----------
    neuron, text : str
    before, after : float
        Mean peak over the images.
    z : float
        Their difference in standard deviations over the clean images; of at least a tenth of the
        layer's median, since some units never answer to clean images.
    """

    neuron: str
    text: str
    before: float
    after: float
    z: float


@dataclass(frozen=True)
class ShownImage:
    """An image of the gallery, with the five likeliest classes before and after.

    Parameters
    ----------
    image_id, readout, text : str
    clean, attacked : bytes
        Encoded thumbnails of the network's input.
    before, after : tuple of (str, float)
        Classes and their share of the softmax.
    """

    image_id: str
    readout: str
    text: str
    clean: bytes
    attacked: bytes
    before: tuple[tuple[str, float], ...]
    after: tuple[tuple[str, float], ...]


def outcomes_of(
    name: str,
    readout: Readout,
    target: AttackTarget,
    ready: Prepared,
    clean: Responses,
    attacked: Mapping[str, AttackResponses],
) -> list[Outcome]:
    """Count what one text did to one readout, under every condition."""
    wanted = class_index(readout, target.class_name)
    before, truth = clean.answers(readout), ready.truth(readout.class_names)

    def outcome(condition: str, written: str, share: Share, right: Share, area: float) -> Outcome:
        return Outcome(name, target.class_name, target.text, condition, written, share, right, area)

    possible = at_risk(before, truth, wanted)
    already = Share(int((~possible).sum()), len(before))
    rows = [outcome(CLEAN, "", already, accuracy(before, truth), 0.0)]
    for condition, found in attacked.items():
        after = found.responses.answers(readout)
        share, right = success(after, wanted, possible), accuracy(after, truth)
        rows.append(outcome(condition, found.written, share, right, float(found.coverage.mean())))
    return rows


def by_class(
    name: str,
    readout: Readout,
    target: AttackTarget,
    ready: Prepared,
    clean: Responses,
    attacked: Mapping[str, AttackResponses],
) -> list[ClassOutcome]:
    """Count how often images of each class fell to one text."""
    wanted, before = class_index(readout, target.class_name), clean.answers(readout)
    labels = np.array(ready.labels())
    if not any(labels):
        labels = np.array([readout.class_names[i] for i in before])
    possible = at_risk(before, ready.truth(readout.class_names), wanted)
    after = {name: attacked[name].responses.answers(readout) for name in (WORD, NO_CLASS)}

    def of(condition: str, rows: NDArray[np.bool_]) -> Share:
        return success(after[condition], wanted, possible & rows)

    return [
        ClassOutcome(name, str(each), of(WORD, labels == each), of(NO_CLASS, labels == each))
        for each in sorted(set(labels.tolist()))
    ]


def summed(parts: Sequence[ClassOutcome]) -> list[ClassOutcome]:
    """Add the counts of several texts up, the classes first that fall most often."""
    total: dict[tuple[str, str], ClassOutcome] = {}
    for part in parts:
        key = (part.readout, part.class_name)
        before = total.get(key, ClassOutcome(*key, Share(0, 0), Share(0, 0)))
        total[key] = ClassOutcome(
            *key, _plus(before.word, part.word), _plus(before.no_class, part.no_class)
        )
    return sorted(total.values(), key=lambda each: (each.readout, -_value(each.word)))


def _plus(a: Share, b: Share) -> Share:
    return Share(a.successes + b.successes, a.n + b.n)


def _value(share: Share) -> float:
    return share.value if share.n else -1.0


def moved_units(
    layer: str, target: AttackTarget, clean: Responses, attacked: Responses
) -> list[MovedUnit]:
    """Find the units of a layer that a text moved most."""
    before, after = clean.peaks[layer].mean(0), attacked.peaks[layer].mean(0)
    spread = clean.peaks[layer].std(0)
    # a unit that is silent on clean images has no scale of its own: a tenth of the usual one
    usual = np.median(spread[spread > 0]) if (spread > 0).any() else 1.0
    z = (after - before) / np.maximum(spread, 0.1 * usual)
    order = np.argsort(-np.abs(z), kind="stable")[:_N_MOVED]
    return [
        MovedUnit(
            f"{layer}:{unit}", target.text, float(before[unit]), float(after[unit]), float(z[unit])
        )
        for unit in order
    ]


def shown_images(
    attack: RepeatableAttack,
    target: AttackTarget,
    n_shown: int,
    clean: Responses,
    attacked: Responses,
    *,
    read_by: str = "",
) -> list[ShownImage]:
    """Picture some images, evenly over the set, whatever became of them.

    Parameters
    ----------
    attack : RepeatableAttack
    target : AttackTarget
    n_shown : int >= 0
    clean, attacked : Responses
        To all its images, without and with the text.
    read_by : str
        What the readout is called; default: its name in the attack.
    """
    ready, readout = attack.ready, attack.readout
    places = np.unique(np.linspace(0, len(ready) - 1, n_shown).astype(int)).tolist()
    if not places:
        return []
    # written on the same device as what was measured
    lettered = written_pixels(
        ready.pixels[places],
        target.text,
        attack.lettering,
        seeds=[place_seeds(len(ready), attack.seed)[i] for i in places],
        device=attack.network.clip.device,
    )
    before, after = (shares(each.scores(readout)[places]) for each in (clean, attacked))
    return [
        ShownImage(
            ready.images.ids[ready.rows[place]],
            read_by or next(iter(attack.readouts)),
            target.text,
            thumbnail(ready.pixels[place].permute(1, 2, 0).numpy()),
            thumbnail(lettered[i].permute(1, 2, 0).numpy()),
            _top(readout, before[i]),
            _top(readout, after[i]),
        )
        for i, place in enumerate(places)
    ]


def _top(readout: Readout, found: NDArray[np.float64]) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-found, kind="stable")[:_N_TOP]
    return tuple((readout.class_names[i], float(found[i])) for i in order)
