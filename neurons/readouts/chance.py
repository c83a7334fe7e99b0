"""Is an accuracy better than chance, and better than one answer for every image?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurons.stats import Share

# of the way from chance to all right: less than this says next to nothing, however sure it is
_LEAST_GAIN = 0.05


def near_chance(right: Share, class_counts: Sequence[int], class_names: Sequence[str] = ()) -> str:
    """Say that an accuracy means nothing, if so.

    Parameters
    ----------
    right : Share
        Images given to their own class.
    class_counts : sequence of int
        Of the images that were measured, how many each class has: one number per class that can
        be answered, 0 included.
    class_names : sequence of str, optional
        To name the largest class.

    Returns
    -------
    str
        A sentence; empty where the accuracy's interval lies above both what guessing gives (1 in
        as many as there are classes) and the share of the largest class, and the accuracy is
        more than 5 % of the way from these to 1. An accuracy above chance is not yet a good one.

    References
    ----------
    Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 1960: accuracy above chance as a share of what is above chance.
    """
    counts = np.asarray(class_counts)
    if not right.n or not counts.sum():
        return "Nothing can be said of accuracy: no image was measured."
    guess, largest = 1 / len(counts), int(counts.argmax())
    if _is_near(right, guess):
        return (
            f"Near chance: {right} of the images are given to their class, and guessing among "
            f"{len(counts):,} classes gives {guess:.3f}; nothing that follows says much."
        )
    share = float(counts[largest] / counts.sum())
    if _is_near(right, share):
        name = f" ({class_names[largest]!r})" if class_names else ""
        return (
            f"No better than one answer for all: {right} of the images are given to their class, "
            f"and the largest class{name} alone has {share:.3f} of them."
        )
    return ""


def _is_near(right: Share, chance: float) -> bool:
    gain = (right.value - chance) / max(1 - chance, 1e-12)
    return right.interval.low <= chance or gain < _LEAST_GAIN
