"""How are the units of a run read one after another, without reading a file for each?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.activations.lost_values import LostValues
from neurons.activations.run import Activations
from neurons.address import Neuron

# units that are read at once: four of the columns' pieces on disk; and how many such blocks are
# kept: of the peak, the mean and the position three each
_UNITS, _BLOCKS = 128, 9


@dataclass(frozen=True, eq=False, repr=False)
class RememberedActivations(Activations):
    """A run of which the units that were read last are kept in memory, with their neighbours."""

    @classmethod
    def of(cls, run: Activations) -> RememberedActivations:
        """Remember the units of an opened run."""
        return cls(run.path, run.spec, run._group)

    def good_rows(self) -> NDArray[np.intp]:
        """Give the indices of the images that were not skipped, ascending."""
        return self._good_rows

    def lost(self, layer: str) -> LostValues:
        """Count, unit by unit, what a layer lost; raises as the run does."""
        return self._lost(layer)

    def _column(self, neuron: Neuron | str, name: str) -> NDArray[Any]:
        self.check(neuron)
        unit = Neuron.of(neuron)
        number, place = divmod(unit.unit, _UNITS)
        found: NDArray[Any] = self._blocks(unit.layer, name, number)[place]
        return found

    @cached_property
    def _good_rows(self) -> NDArray[np.intp]:
        return super().good_rows()

    @cached_property
    def _lost(self) -> Callable[[str], LostValues]:
        return lru_cache(maxsize=_BLOCKS)(super().lost)

    @cached_property
    def _blocks(self) -> Callable[[str, str, int], NDArray[Any]]:
        @lru_cache(maxsize=_BLOCKS)
        def block(layer: str, name: str, number: int) -> NDArray[Any]:
            stored = self._group[f"layers/{layer}/{name}"]
            first = number * _UNITS
            return np.ascontiguousarray(np.asarray(stored[:, first : first + _UNITS]).T)

        return block
