"""What is said of an equation: its terms, and what other strengths would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.writing_units import WritingUnits
from neurons.readouts.word_fit import FittedWord
from neurons.stats import Share

# of words whose prompts share nothing, 1 of 24 coefficients came back as often as this
STABLE = 0.9


@dataclass(frozen=True)
class Term:
    """One unit of an equation.

    Parameters
    ----------
    unit : int
    coefficient : float
        Change of the log odds that a text has the word, for one standard deviation (of all units'
        weights in all texts of the list) more in the unit's weight.
    came_back : float in [0, 1]
        Share of resamples in which it has a coefficient of this sign.
    weight : float
        What one more in the unit adds to the word's score, above the list's mean.
    rank : int
        Place of the word among all words by that weight; 1 is the largest.
    reads : Share, optional
        Of the images (or texts) that excite the unit most, those with written words; None where it
        was not measured.
    marked : bool
        Whether written words excite it more than anything else.
    """

    unit: int
    coefficient: float
    came_back: float
    weight: float
    rank: int
    reads: Share | None = None
    marked: bool = False

    @property
    def stable(self) -> bool:
        """Whether it came back in nine of ten resamples."""
        return self.came_back >= STABLE


@dataclass(frozen=True)
class Step:
    """The equation at one strength.

    Parameters
    ----------
    strength : float in (0, 1)
        In shares of the smallest at which no unit is used.
    units, negative : int
        With a coefficient, and with one below 0.
    gap : float
        Duality gap, in shares of the objective: how far from the best it can be.
    shown : bool
        Whether this is the equation that is shown.
    """

    strength: float
    units: int
    negative: int
    gap: float
    shown: bool


def nearest(fitted: FittedWord, wanted: float) -> int:
    """Choose the strength with the nearest number of units, but some; of several the weakest.

    At the weakest a unit has been there for a while: where it just came in, its coefficient is
    about 0, and any resample loses it.
    """
    counts = (fitted.coefficients != 0).sum(1)
    away = np.where(counts > 0, np.abs(counts - wanted), np.inf)
    return int(np.flatnonzero(away == away.min())[-1])


def terms_of(
    own: NDArray[np.float32],
    came_back: NDArray[np.float64],
    weights: NDArray[np.float32],
    word: int,
    writing: WritingUnits | None,
) -> tuple[Term, ...]:
    """Tell each unit of an equation, the largest coefficient first.

    Parameters
    ----------
    own : ndarray of float, (units,)
        Coefficients, 0 for most.
    came_back : ndarray of float, (units,)
    weights : ndarray of float, (words, prompts, units)
    word : int
    writing : WritingUnits, optional
    """
    means = weights.mean(1)
    used = np.flatnonzero(own)
    ordered = used[np.argsort(-np.abs(own[used]), kind="stable")]
    return tuple(
        Term(
            unit=unit,
            coefficient=float(own[unit]),
            came_back=float(came_back[unit]),
            weight=float(means[word, unit] - means[:, unit].mean()),
            rank=int((means[:, unit] > means[word, unit]).sum()) + 1,
            reads=None if writing is None else writing.share(unit),
            marked=writing is not None and writing.marked(unit),
        )
        for unit in ordered.tolist()
    )


def steps_of(fitted: FittedWord, chosen: int) -> tuple[Step, ...]:
    """Tell how many units each strength has."""
    return tuple(
        Step(
            strength,
            int((fitted.coefficients[i] != 0).sum()),
            int((fitted.coefficients[i] < 0).sum()),
            fitted.gaps[i],
            i == chosen,
        )
        for i, strength in enumerate(fitted.strengths)
    )
