"""What does one text do to every readout, and which images does it win?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.attacks.conditions import CONDITIONS, WORD, AttackTarget, at_risk
from neurons.attacks.outcomes import (
    ClassOutcome,
    MovedUnit,
    Outcome,
    ShownImage,
    by_class,
    moved_units,
    outcomes_of,
    shown_images,
)
from neurons.attacks.pooled import PooledSuccess, pool
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.interventions.editable import Edits, Responses
from neurons.readouts.readout import class_index

# the images that became the class, and those that could
Won = tuple[NDArray[np.bool_], NDArray[np.bool_]]


@dataclass(frozen=True)
class AttackOfText:
    """What one text did.

    Parameters
    ----------
    outcomes : list of Outcome
        One per readout and condition.
    classes : list of ClassOutcome
    moved : list of MovedUnit
    shown : list of ShownImage
    won : dict of (str, str) to (ndarray of bool, ndarray of bool)
        By readout and condition, over the images.
    """

    outcomes: list[Outcome]
    classes: list[ClassOutcome]
    moved: list[MovedUnit]
    shown: list[ShownImage]
    won: dict[tuple[str, str], Won]


def attack_with(
    repeatable: RepeatableAttack,
    target: AttackTarget,
    clean: Responses,
    foreign: str | None,
    edits: Edits,
    layer: str,
    n_shown: int,
) -> AttackOfText:
    """Attack with one text and its controls, and count for every readout.

    Parameters
    ----------
    repeatable : RepeatableAttack
    target : AttackTarget
    clean : Responses
        To the images as they are, under the same edits.
    foreign : str or None
        The word of no class; None for one of about the text's length.
    edits : mapping of Neuron to float
    layer : str
        Whose units are asked what moved.
    n_shown : int >= 0
    """
    attacked = repeatable.with_controls(target.text, foreign=foreign, edits=edits)
    word, ready = attacked[WORD].responses, repeatable.ready
    outcomes: list[Outcome] = []
    classes: list[ClassOutcome] = []
    won: dict[tuple[str, str], Won] = {}
    for name, readout in repeatable.readouts.items():
        outcomes += outcomes_of(name, readout, target, ready, clean, attacked)
        classes += by_class(name, readout, target, ready, clean, attacked)
        wanted = class_index(readout, target.class_name)
        possible = at_risk(clean.answers(readout), ready.truth(readout.class_names), wanted)
        for condition, each in attacked.items():
            won[name, condition] = (each.responses.answers(readout) == wanted, possible)
    return AttackOfText(
        outcomes,
        classes,
        moved_units(layer, target, clean, word),
        shown_images(repeatable, target, n_shown, clean, word),
        won,
    )


def pools_of(
    found: Sequence[AttackOfText], readouts: Iterable[str], seed: int
) -> tuple[PooledSuccess, ...]:
    """Pool the success of all texts, by readout and condition."""
    pools = []
    for name in readouts:
        for condition in CONDITIONS[1:]:
            pairs = [each.won[name, condition] for each in found if (name, condition) in each.won]
            pools.append(
                pool(name, condition, [hit for hit, _ in pairs], [risk for _, risk in pairs], seed)
            )
    return tuple(pools)
