"""What is a system that answers to images: a model's run, a brain's responses, or any array?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

# what stands before the number of a row of a table of images: `photos.parquet#12`
ROW = "#"


class System(Protocol):
    """Something that gave numbers to images: rows are images, layers hold units.

    Attributes
    ----------
    title : str
        A short name, for headings.
    told : str
        As a message calls it, such as ``run 'photos'``.
    note : str
        What must be said of it, in a sentence; empty if nothing.
    ids : sequence of str
        Of each row's image. Where only rows of a table of images are known: ``#12``.
    known : ndarray of bool, (rows,)
        False where nothing is known of an image: it was skipped, or the row is nan.
    layers : tuple of str
    """

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def told(self) -> str: ...  # noqa: D102
    @property
    def note(self) -> str: ...  # noqa: D102
    @property
    def ids(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def known(self) -> NDArray[np.bool_]: ...  # noqa: D102
    @property
    def layers(self) -> tuple[str, ...]: ...  # noqa: D102

    def units(self, layer: str) -> int:
        """Count a layer's units; LayerNotFoundError if there is no such layer."""

    def unsound(self, layer: str) -> NDArray[np.bool_]:
        """Tell which units are not finite on some of the known rows: (units,)."""

    def read(self, layer: str, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Read some rows: (rows, units)."""

    def repeats(self, layer: str) -> NDArray[np.float32] | None:
        """Give single trials, (rows, repeats, units), nan where one lacks; None if averaged."""

    def hashes(self) -> NDArray[np.uint8] | None:
        """Give the SHA-256 of each image's file, (rows, 32); None if it is not known."""

    def provenance(self) -> Mapping[str, Any]:
        """Tell what it was made of, as plain values."""
