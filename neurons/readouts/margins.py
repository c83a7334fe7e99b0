"""What does an edit take from a class's score, beside what edits of control units take?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.readouts.readout import Scores
from neurons.stats import Interval, Share, excess_over_controls

Margins = NDArray[np.float64]


def margins(scores: Scores, own: int) -> Margins:
    """Give how far a class's score lies above the best other's, (images,).

    Parameters
    ----------
    scores : ndarray of float, (images, classes)
        Of a readout, in its logits.
    own : int
        The class.
    """
    exact = scores.astype(np.float64)
    ahead: Margins = exact[:, own] - np.delete(exact, own, axis=1).max(1)
    return ahead


def share_ahead(found: Margins) -> Share:
    """Count the images that are given to the class: those with a margin above 0."""
    return Share(int((found > 0).sum()), len(found))


@dataclass(frozen=True)
class Fall:
    """What a readout loses on a class's images by an edit, without anything to compare it with.

    Parameters
    ----------
    right : Share
        Images still given to the class.
    margin_drop : float
        Fall of the class's score above the best other class's, mean over images; in the
        readout's logits.
    """

    right: Share
    margin_drop: float


@dataclass(frozen=True)
class Change:
    """What a readout loses on a class's images, beside what it loses by random units.

    Parameters
    ----------
    right : Share
        Images still given to the class.
    margin_drop : float
        Fall of the class's score above the best other class's, mean over images; in the
        readout's logits.
    random_drops : tuple of float
        The same for random units that are as active on these images.
    excess : float
        The drop minus that of random units: minus their mean, or minus what a line through them
        gives at the edited units' own activity.
    interval : Interval
        Of the excess: a prediction interval, see `excess_over_controls`.
    p_value : float
        Share of the draws, this one counted in, with as large a drop.
    """

    right: Share
    margin_drop: float
    random_drops: tuple[float, ...]
    excess: float
    interval: Interval
    p_value: float


def fall(intact: Margins, edited: Margins) -> Fall:
    """Measure what an edit takes.

    Parameters
    ----------
    intact, edited : ndarray of float64, (images,)
        Margins of the network without the edit and with it.
    """
    return Fall(share_ahead(edited), float((intact - edited).mean()))


def change(
    intact: Margins, edited: Margins, activity: NDArray[np.floating] | None = None
) -> Change:
    """Compare an edit with others, those of random units.

    Parameters
    ----------
    intact : ndarray of float64, (images,)
        Margins of the intact network.
    edited : ndarray of float64, (edits * images,)
        Of the edit on every image, then of each random one.
    activity : ndarray of float, (edits,), optional
        How active the edited units are, in the same order; where random units do not match, as
        `excess_over_controls` takes it.
    """
    by_edit = edited.reshape(-1, len(intact))
    drops = intact - by_edit
    excess = excess_over_controls(drops[0], drops[1:], activity)
    return Change(
        right=share_ahead(by_edit[0]),
        margin_drop=float(drops[0].mean()),
        random_drops=tuple(float(each) for each in drops[1:].mean(1)),
        excess=excess.value,
        interval=excess.interval,
        p_value=excess.p_value,
    )
