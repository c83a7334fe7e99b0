"""What did one system say of the images that it has in common with others?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurons.data.systems import System
from neurons.errors import LayerNotFoundError

# images that are read together, and which share of the memory a layer may take
_ROWS_AT_ONCE, _MEMORY_SHARE = 4096, 4


@dataclass(frozen=True, eq=False)
class LayerTable:
    """A layer of one side, (images, units), read from disk by slices of images.

    Where the images stand in another order in the system, and the layer fits into a quarter of the
    memory, it is read once and kept.

    Parameters
    ----------
    system : System
    layer : str
    rows : ndarray of int, (images,)
        Where each image lies in the system.
    units : ndarray of int, (units,)
        Which units are given.
    """

    system: System
    layer: str
    rows: NDArray[np.intp]
    units: NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, int]:
        """Images and units."""
        return len(self.rows), len(self.units)

    @property
    def ndim(self) -> int:
        """Two."""
        return 2

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """Of all numbers."""
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, images: slice | NDArray[np.intp]) -> NDArray[np.float32]:
        if self._scrambled:
            return self._kept[images]
        return self._read(self.rows[images])

    def _read(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        found = self.system.read(self.layer, rows)
        return found if len(self.units) == found.shape[1] else found[:, self.units]

    @cached_property
    def _kept(self) -> NDArray[np.float32]:
        return self._read(self.rows)

    @cached_property
    def _scrambled(self) -> bool:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        fits = 4 * len(self.rows) * self.system.units(self.layer) < memory / _MEMORY_SHARE
        return fits and not bool(np.all(np.diff(self.rows) > 0))


@dataclass(frozen=True, eq=False)
class Side:
    """One system on the common images: row i of every side is image i.

    Parameters
    ----------
    system : System
    rows : ndarray of int, (images,)
        Where each common image lies in the system.
    """

    system: System
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    def units(self, layer: str) -> NDArray[np.intp]:
        """Give the numbers of a layer's units that are finite on every known image, (units,).

        Raises
        ------
        LayerNotFoundError
            If there is no such layer, or it has no such unit.
        """
        sound: NDArray[np.intp] = np.flatnonzero(~self.system.unsound(layer))
        if not len(sound):
            raise LayerNotFoundError(
                f"no unit of {layer!r} in {self.system.told} is finite on every image; leave this "
                f"layer out, or scan again with exact precision"
            )
        return sound

    def table(self, layer: str) -> LayerTable:
        """Give a layer as a table that is read by slices: the units that `units` gives.

        Raises
        ------
        LayerNotFoundError
            As `units`.
        """
        return LayerTable(self.system, layer, self.rows, self.units(layer))

    def blocks(self, layer: str, size: int = _ROWS_AT_ONCE) -> Iterator[NDArray[np.float32]]:
        """Read a layer some images at a time, in the common order: (images, units) each."""
        table = self.table(layer)
        for start in range(0, len(self), size):
            yield table[start : start + size]

    def whole(self, layer: str) -> NDArray[np.float32]:
        """Read a layer whole: (images, units)."""
        return self.table(layer)[:]

    def repeats(self, layer: str) -> NDArray[np.float32] | None:
        """Give single trials, (images, repeats, units), nan where one lacks; None if averaged."""
        found = self.system.repeats(layer)
        return None if found is None else found[self.rows][:, :, self.units(layer)]

    def told_left_out(self, layers: Sequence[str]) -> str:
        """Say which units of some layers are left out; empty if none."""
        told = []
        for layer in layers:
            lost = np.flatnonzero(self.system.unsound(layer))
            if len(lost):
                told.append(f"{len(lost):,} of {self.system.units(layer):,} units of {layer!r}")
        if not told:
            return ""
        return (
            f"{' and '.join(told)} in {self.system.told} are not finite (NaN or infinity) on some "
            f"images, and left out. "
        )
