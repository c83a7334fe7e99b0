"""How does a run stand beside other systems: one number per image and unit, pooled in one way?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.activations.run_format import GOOD
from neurons.address import EMBEDDING
from neurons.errors import OptionError
from neurons.results.provenance import model_of

POOLINGS = ("peak", "mean")
# rows that lie this much further apart than there are of them are not read as one piece
_SPARSE = 4


@dataclass(frozen=True, eq=False)
class RunSystem:
    """A run as a system; its embeddings, if it holds them, are the layer ``embedding``.

    Parameters
    ----------
    run : Activations
    pooling : str
        ``peak`` or ``mean`` over a layer's map. Embeddings have no map, and get length 1.

    Raises
    ------
    OptionError
        If there is no such pooling.
    """

    run: Activations
    pooling: str = "peak"

    def __post_init__(self) -> None:
        if self.pooling not in POOLINGS:
            raise OptionError(f"no pooling {self.pooling!r}; there are: {', '.join(POOLINGS)}")

    @property
    def title(self) -> str:
        """The model's short name."""
        found = model_of(self.run.spec.provenance) or self.run.path.name
        return found.removeprefix("local-dir:")

    @property
    def told(self) -> str:
        """The run's folder."""
        return f"run {str(self.run.path)!r}"

    @property
    def note(self) -> str:
        """Give nothing: all of a run is shown."""
        return ""

    @cached_property
    def ids(self) -> Sequence[str]:
        """Of each image."""
        return self.run.ids()

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Which images were not skipped, (images,)."""
        found: NDArray[np.bool_] = self.run.status == GOOD
        return found

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers in the order of the network, and the embedding."""
        own = tuple(layer.path for layer in self.run.layers)
        return (*own, EMBEDDING) if self.run.spec.embedding_size else own

    def units(self, layer: str) -> int:
        """Count a layer's units; LayerNotFoundError if the run does not hold it."""
        if layer == EMBEDDING:
            return int(self.run.embeddings.shape[1])
        return self.run.layer(layer).units

    def unsound(self, layer: str) -> NDArray[np.bool_]:
        """Tell which units are NaN or infinite on some image: (units,)."""
        if layer == EMBEDDING:
            return np.zeros(self.units(layer), bool)
        found: NDArray[np.bool_] = self.run.lost(layer).not_finite > 0
        return found

    def read(self, layer: str, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Read some rows of a layer: (rows, units)."""
        if layer == EMBEDDING:
            found = _rows(self.run.embeddings, rows)
            found /= np.linalg.norm(found, axis=1, keepdims=True)
            return found
        return _rows(self.run.array(layer, self.pooling), rows)

    def repeats(self, layer: str) -> None:
        """Give None: a network answers alike each time."""

    def hashes(self) -> NDArray[np.uint8] | None:
        """Give each file's SHA-256, (images, 32); None if the scan did not keep them."""
        stored = self.run.content_hashes
        return None if stored is None else np.asarray(stored[:], np.uint8)

    def provenance(self) -> dict[str, Any]:
        """Tell what the run was made of, and how it is pooled."""
        return {**self.run.provenance(), "pooling": self.pooling}


def _rows(stored: Any, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    if not len(rows):
        return np.empty((0, stored.shape[1]), np.float32)
    first, last = int(rows.min()), int(rows.max())
    if last - first < _SPARSE * len(rows):
        return np.asarray(stored[first : last + 1], np.float32)[rows - first]
    return np.asarray(stored.oindex[rows], np.float32)
