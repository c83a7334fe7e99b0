"""What is a measure of alignment, and how is it taken once?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.responses import Responses, check_all


class Pairing(Protocol):
    """Two sides that are prepared, so that what depends on one side only is computed once."""

    def values(self, order: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Measure every pair, (first tables, second tables).

        Parameters
        ----------
        order : ndarray of int, (images,), optional
            Pairs image ``i`` of the first tables with image ``order[i]`` of the second ones.
        """
        ...

    def resampled(self, counts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Measure every pair on resamples of the images, (resamples, first, second).

        Parameters
        ----------
        counts : ndarray of int, (resamples, images)
            How often each image was drawn.
        """
        ...


class Measure(Protocol):
    """One way to say how alike two tables of the same images are."""

    @property
    def name(self) -> str:
        """The short name: ``"cka"``."""
        ...

    @property
    def title(self) -> str:
        """The name in full, as over a table."""
        ...

    @property
    def higher_is_closer(self) -> bool:
        """False for a distance."""
        ...

    @property
    def symmetric(self) -> bool:
        """False where the first side predicts the second."""
        ...

    @property
    def most_images(self) -> int | None:
        """Of more images, this many are drawn; None takes all."""
        ...

    def pairing(self, xs: Sequence[Responses], ys: Sequence[Responses]) -> Pairing:
        """Prepare both sides; images are in the same order in all tables."""
        ...

    def doubt(self, n: int, n_units: int, n_other_units: int) -> str:
        """Say in one sentence why the number says little at these sizes; else an empty text."""
        ...


@dataclass(frozen=True)
class Measured:
    """One number, not yet calibrated: it cannot be compared over widths.

    Parameters
    ----------
    value : float
        In the measure's unit.
    higher_is_closer : bool
    n : int
        Images it was measured on.
    """

    value: float
    higher_is_closer: bool
    n: int


def measured(measure: Measure, x: Any, y: Any) -> Measured:
    """Measure once, on all images, without null and interval.

    Parameters
    ----------
    measure : Measure
    x, y : array, (images, units)
        Row ``i`` of both is the same image. Units are centred here.

    Returns
    -------
    Measured

    Raises
    ------
    MismatchError
        If the tables have different numbers of images.
    OptionError
        If a table has fewer than 4 images, values that are not finite, or only constant units.
    """
    first, second = as_responses(x, "the first table"), as_responses(y, "the second table")
    check_all([first], [second])
    value = float(measure.pairing([first], [second]).values()[0, 0])
    return Measured(value, measure.higher_is_closer, first.n)


def as_responses(values: Any, name: str) -> Responses:
    """Name an array; `Responses` keep their own name."""
    return values if isinstance(values, Responses) else Responses(name, values)
