"""How often is the answer what a picture shows, and how often the word on it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.attacks.typographic_set import ATTACKED, Trial
from neurons.stats import Share


@dataclass(frozen=True)
class PartAccuracy:
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


def accuracy_of_part(
    kind: str, trials: Sequence[Trial], scores: NDArray[np.float32], names: Sequence[str]
) -> PartAccuracy:
    """Count the right answers in one part of a set.

    Parameters
    ----------
    kind : str
        The part.
    trials : sequence of Trial
    scores : ndarray of float32, (trials, classes)
    names : sequence of str
        Of the classes.
    """
    rows = [i for i, trial in enumerate(trials) if trial.kind == kind]
    place = {name: i for i, name in enumerate(names)}
    right = sum(
        bool(scores[i, place[trials[i].true]] > scores[i, place[trials[i].written]]) for i in rows
    )
    # an image that is asked about with several words is one image here
    once = list({(trials[i].index, trials[i].text): i for i in rows}.values())
    answers = {i: names[int(scores[i].argmax())] for i in once}
    attacked = [i for i in once if trials[i].word == ATTACKED]
    return PartAccuracy(
        kind,
        trials[rows[0]].word if rows else "",
        Share(right, len(rows)),
        Share(sum(answers[i] == trials[i].true for i in once), len(once)),
        Share(sum(answers[i] == trials[i].written for i in attacked), len(attacked)),
    )
