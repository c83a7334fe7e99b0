"""Which numbers of a run are none: not finite, or too small for how they are stored?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# a file per shard that lost something, in this folder of the run; most runs have none
FOLDER = "lost"
_NOT_FINITE, _ROUNDED = "not finite", "rounded to 0"


@dataclass(frozen=True, eq=False)
class LostValues:
    """Of each unit of a layer the number of images on which what it said is lost.

    Parameters
    ----------
    not_finite : ndarray of int64, (units,)
        The network gave NaN or infinity there: stored as nan, peak, mean and class token alike.
        Such a unit is ranked nowhere.
    rounded : ndarray of int64, (units,)
        The peak is not 0, but too small for float16 (below about 3e-8), and stored as 0.
    """

    not_finite: NDArray[np.int64]
    rounded: NDArray[np.int64]

    @classmethod
    def none(cls, units: int) -> LostValues:
        """Give a layer that lost nothing."""
        return cls(np.zeros(units, np.int64), np.zeros(units, np.int64))

    @classmethod
    def of(
        cls, peak: NDArray[np.float32], stored: NDArray[np.floating], good: NDArray[np.bool_]
    ) -> LostValues:
        """Count what is lost of some images.

        Parameters
        ----------
        peak : ndarray of float32, (images, units)
            As the network gave it; nan where an output is not finite.
        stored : ndarray of float16 or float32, (images, units)
        good : ndarray of bool, (images,)
            False where an image was skipped: it is counted as skipped.
        """
        gone = np.isnan(peak) & good[:, None]
        rounded = (stored == 0) & (peak != 0) & good[:, None]
        return cls(gone.sum(0), rounded.sum(0))

    def plus(self, other: LostValues) -> LostValues:
        """Add the counts of other images."""
        return LostValues(self.not_finite + other.not_finite, self.rounded + other.rounded)

    @property
    def units(self) -> NDArray[np.bool_]:
        """Which units lost something, (units,)."""
        some: NDArray[np.bool_] = (self.not_finite > 0) | (self.rounded > 0)
        return some

    @property
    def any(self) -> bool:
        """Whether anything is lost."""
        return bool(self.units.any())

    def as_json(self) -> dict[str, dict[str, int]]:
        """Give the units that lost something, as plain values."""
        kept = ((_NOT_FINITE, self.not_finite), (_ROUNDED, self.rounded))
        return {
            name: {str(unit): int(counts[unit]) for unit in np.flatnonzero(counts).tolist()}
            for name, counts in kept
        }


def lost_as_json(lost: Mapping[str, LostValues]) -> bytes:
    """Give what a shard lost, by layer, as a file."""
    told = {path: each.as_json() for path, each in lost.items() if each.any}
    return json.dumps(told, indent=1).encode()


def read_lost(run: Path, units: Mapping[str, int]) -> dict[str, LostValues] | None:
    """Read what a run lost, by layer; None of a run of version 0.1, which did not count it.

    Parameters
    ----------
    run : Path
    units : mapping of str to int
        How many each layer has.
    """
    if not (run / FOLDER).is_dir():
        return None
    found = {path: LostValues.none(n) for path, n in units.items()}
    for file in sorted((run / FOLDER).glob("*.json")):
        shard: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        for path, told in shard.items():
            for name, counts in (
                (_NOT_FINITE, found[path].not_finite),
                (_ROUNDED, found[path].rounded),
            ):
                for unit, n in told.get(name, {}).items():
                    counts[int(unit)] += n
    return found


def told_not_finite(n: int, of: int, subject: str = "This unit") -> str:
    """Say that a unit gave NaN or infinity, and what became of these images; empty for none."""
    if not n:
        return ""
    images = "image" if of == 1 else "images"
    if n == of:
        return (
            f"{subject} is not finite (NaN or infinity) on any of {of:,} {images}: nothing can be "
            f"said of it, and no ranking of units holds it. "
        )
    return (
        f"{subject} is not finite (NaN or infinity) on {n:,} of {of:,} {images}: "
        f"these are left out here, and no ranking of units holds it. "
    )


def told_units_not_finite(lost: LostValues, layer: str) -> str:
    """Say how many units of a layer are ranked nowhere; empty for none."""
    units = np.flatnonzero(lost.not_finite)
    if not len(units):
        return ""
    are = "unit is" if len(units) == 1 else "units are"
    return (
        f"{len(units):,} {are} not finite (NaN or infinity) on some images, the first "
        f"{layer}:{units[0]}, and ranked nowhere. "
    )
