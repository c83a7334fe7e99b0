"""Is the harm of a lesion more than chance, and which classes bear it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from neurons.interventions.lesion_effects import NO_ANSWER
from neurons.interventions.lesion_records import LesionRecord
from neurons.stats import benjamini_hochberg


@dataclass(frozen=True)
class Loss:
    """What a lesion costs, beside the intact network on the same images.

    Parameters
    ----------
    lost, gained : int
        Images that only the intact network, and only the changed one, gives to their class.
    p_value : float
        That lost and gained are equally likely: exact, two-sided, by McNemar's test.
    adjusted : float
        The same, adjusted over all lesions that were made alike (Benjamini and Hochberg).
    """

    lost: int
    gained: int
    p_value: float
    adjusted: float

    @property
    def sure(self) -> bool:
        """Whether it costs accuracy: more is lost than gained, and adjusted p is below .05."""
        return self.lost > self.gained and self.adjusted < 0.05


@dataclass(frozen=True)
class ClassLoss:
    """What a lesion costs one class.

    Parameters
    ----------
    name : str
    n : int
        Its images.
    before, after : int
        Those that are given to it by the intact network, and under the lesion.
    instead : str
        The class that most of its lost images are given to; empty if none is lost.
    """

    name: str
    n: int
    before: int
    after: int
    instead: str


def losses(intact: LesionRecord, records: Sequence[LesionRecord]) -> tuple[Loss, ...]:
    """Test what each lesion costs, on the images of the intact network.

    References
    ----------
    McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 1947.
    """
    pairs = [
        (int((intact.right & ~each.right).sum()), int((~intact.right & each.right).sum()))
        for each in records
    ]
    # both tails of a fair coin are equal
    p_values = [
        min(1.0, 2 * float(stats.binom.cdf(min(pair), sum(pair), 0.5))) if sum(pair) else 1.0
        for pair in pairs
    ]
    adjusted = benjamini_hochberg(p_values)
    return tuple(
        Loss(lost, gained, p, float(q))
        for (lost, gained), p, q in zip(pairs, p_values, adjusted, strict=True)
    )


def class_losses(
    intact: LesionRecord, record: LesionRecord, names: Sequence[str]
) -> tuple[ClassLoss, ...]:
    """Give each class that has images, the hardest hit first."""
    truth, now = np.array(intact.truth), np.array(record.answers)
    found = []
    for place in np.unique(truth).tolist():
        own = truth == place
        away = now[own & intact.right & ~record.right].tolist()
        ((most, _),) = Counter(away).most_common(1) or ((None, 0),)
        instead = "" if most is None else "no answer" if most == NO_ANSWER else names[most]
        before, after = (int(each.right[own].sum()) for each in (intact, record))
        found.append(ClassLoss(names[place], int(own.sum()), before, after, instead))
    return tuple(sorted(found, key=lambda each: (each.after - each.before, each.name)))
