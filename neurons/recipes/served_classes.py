"""Which class does each unit of a probe's layer serve most? A column for a table of units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.readouts.probe import Probe
from neurons.results.blocks import Block, Table
from neurons.results.result import Result
from neurons.results.table import Row

_SHOWN = 400


@dataclass(frozen=True)
class ServedClasses(Result):
    """The classes that units serve, by a sparse probe's weights.

    Parameters
    ----------
    layer : str
    class_names : tuple of str
    weights : ndarray of float32, (classes, units)
        Logit per standard deviation of the unit.
    """

    layer: str
    class_names: tuple[str, ...]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, probe: Probe) -> ServedClasses:
        """Read them off a probe."""
        weights = np.asarray(probe.standardised, np.float32)
        return cls({"probe": probe.provenance}, probe.layer, tuple(probe.class_names), weights)

    @property
    def title(self) -> str:
        """The layer."""
        return f"Classes served by {self.layer}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Units, and those that serve a class."""
        return (
            ("units", f"{self.weights.shape[1]:,}"),
            ("that serve a class", f"{int((self.weights > 0).any(0).sum()):,}"),
        )

    def verdict(self) -> str:
        """Say how many units serve a class."""
        serving, n = int((self.weights > 0).any(0).sum()), self.weights.shape[1]
        return (
            f"{serving:,} of {n:,} units of {self.layer} have a positive weight in a class. A "
            f"weight says what the probe reads, not what the network uses."
        )

    def blocks(self) -> tuple[Block, ...]:
        """List the units that serve a class."""
        rows = [row for row in self.rows() if row["serves"]]
        columns = ("neuron", "serves", "weight", "classes for", "classes against")
        shown = tuple(
            (
                row["neuron"],
                row["serves"],
                f"{row['weight']:+.3f}",
                f"{row['classes_for']:,}",
                f"{row['classes_against']:,}",
            )
            for row in rows[:_SHOWN]
        )
        return (Table("Units by the class that they serve most", columns, shown),)

    def rows(self) -> Sequence[Row]:
        """One row per unit."""
        best = self.weights.argmax(0)
        largest = self.weights.max(0)
        return [
            {
                "neuron": f"{self.layer}:{i}",
                "serves": self.class_names[k] if w > 0 else "",
                "weight": float(w) if w > 0 else None,
                "classes_for": int((self.weights[:, i] > 0).sum()),
                "classes_against": int((self.weights[:, i] < 0).sum()),
            }
            for i, (k, w) in enumerate(zip(best.tolist(), largest.tolist(), strict=True))
        ]

    def columns_about(self) -> Mapping[str, str]:
        """Say what the columns mean."""
        return {
            "serves": "The class in which the unit has the largest weight of the sparse probe.",
            "weight": "That weight: logit per standard deviation of the unit.",
            "classes_for": "Classes in which the unit has a positive weight.",
            "classes_against": "Classes in which it has a negative one.",
        }
