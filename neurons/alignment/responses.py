"""Which values does one system give to the images, and can two such tables be compared?

A table is images x units: a layer of a network, a region of a brain. It stays as it lies, in memory
or on disk behind anything that gives rows by slices (a memmap, a zarr array), and is read block by
block where a measure allows that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.errors import MismatchError, OptionError

# fewer have no debiased HSIC: its denominator is n (n - 3)
FEWEST_IMAGES = 4
# of 2,048 float32 units: 32 MiB
_ROWS_PER_BLOCK = 4096


@dataclass(frozen=True)
class Responses:
    """What one system answers to each image.

    Parameters
    ----------
    name : str
        As errors and tables call it, such as ``"visual.layer4"``.
    values : array, (images, units)
        Float, finite. Anything with ``shape``, ``dtype`` and rows by slices; only measures that
        say so read it in blocks, the others hold it whole.
    """

    name: str
    values: Any

    @property
    def n(self) -> int:
        """Images."""
        return int(self.values.shape[0])

    @property
    def n_units(self) -> int:
        """Columns."""
        return int(self.values.shape[1])

    @property
    def dtype(self) -> type[np.floating]:
        """What is computed in: float64 for float64 values, else float32."""
        return np.float64 if str(self.values.dtype).endswith("float64") else np.float32

    def blocks(
        self, order: NDArray[np.intp] | None = None, rows_per_block: int | None = None
    ) -> Iterator[tuple[slice, NDArray[np.floating]]]:
        """Give the rows block by block, (rows, units), in their order or in another one.

        Parameters
        ----------
        order : ndarray of int, (images,), optional
            Row ``i`` of what is given is row ``order[i]`` of the table.
        rows_per_block : int, optional
        """
        step = rows_per_block or _ROWS_PER_BLOCK
        for start in range(0, self.n, step):
            where = slice(start, min(start + step, self.n))
            rows = self.values[where] if order is None else _taken(self.values, order[where])
            yield where, np.asarray(rows, self.dtype)

    def whole(self) -> NDArray[np.floating]:
        """Give all rows at once, each unit's mean subtracted; a constant unit is exactly 0."""
        values: NDArray[np.floating] = np.array(self.values[:], self.dtype)
        constant = values.max(0) == values.min(0)
        values -= values.mean(0, dtype=np.float64).astype(self.dtype)
        values[:, constant] = 0
        return values

    def taken(self, rows: NDArray[np.intp]) -> Responses:
        """Give the same table of some images only, in this order, held in memory."""
        return Responses(self.name, _taken(self.values, rows))


def check(responses: Responses) -> int:
    """Refuse a table from which no alignment can be measured, before anything is measured.

    Parameters
    ----------
    responses : Responses

    Returns
    -------
    int
        Units that give every image the same value. They count nothing in any measure; a table of
        nothing else is refused.

    Raises
    ------
    OptionError
        If the table is not images x units, has fewer than 4 images, values that are not finite, or
        only units that never change.
    """
    check_size(responses)
    shape = responses.values.shape
    low = np.full(shape[1], np.inf)
    high = -low
    bad: list[int] = []
    for where, rows in responses.blocks():
        finite = np.isfinite(rows).all(1)
        bad += (np.flatnonzero(~finite) + where.start).tolist()
        if not bad:
            low, high = np.minimum(low, rows.min(0)), np.maximum(high, rows.max(0))
    if bad:
        raise OptionError(
            f"{responses.name} has values that are not finite (NaN or infinity) in {len(bad):,} of "
            f"{responses.n:,} images, the first in row {bad[0]}; leave these images out of both "
            "systems"
        )
    n_constant = int((low == high).sum())
    if n_constant == shape[1]:
        raise OptionError(
            f"{responses.name} gives every image the same values; nothing can be aligned with it"
        )
    return n_constant


def check_size(responses: Responses) -> None:
    """Refuse what is no table, or too small a one, without a look at its values.

    Raises
    ------
    OptionError
        If it is not images x units, or has fewer than 4 images.
    """
    shape = tuple(int(size) for size in responses.values.shape)
    if len(shape) != 2 or shape[1] == 0:
        raise OptionError(
            f"{responses.name} has shape {shape}; give a table of images x units, one row per image"
        )
    if responses.n < FEWEST_IMAGES:
        raise OptionError(
            f"{responses.name} has {responses.n} images; alignment needs at least {FEWEST_IMAGES}, "
            "and says little below a hundred"
        )


def check_sizes(xs: Sequence[Responses], ys: Sequence[Responses]) -> None:
    """Refuse tables that are not of the same images, without a look at their values.

    Raises
    ------
    MismatchError
        If two tables have different numbers of images.
    OptionError
        If there is no table, or as `check_size`.
    """
    if not xs or not ys:
        raise OptionError("no table of responses was given; alignment needs one of either system")
    first = xs[0]
    for other in (*xs, *ys):
        if len(other.values) != len(first.values):
            raise MismatchError(
                f"{first.name} has {len(first.values):,} images and {other.name} "
                f"{len(other.values):,}; row i of both must be the same image: join them by id"
            )
        check_size(other)


def check_all(xs: Sequence[Responses], ys: Sequence[Responses]) -> None:
    """Refuse tables that are not of the same images, or from which nothing can be measured.

    Raises
    ------
    MismatchError
        If two tables have different numbers of images.
    OptionError
        If there is no table, or as `check`.
    """
    check_sizes(xs, ys)
    for each in {id(each.values): each for each in (*xs, *ys)}.values():
        check(each)


def _taken(values: Any, rows: NDArray[np.intp]) -> NDArray[Any]:
    """Read rows in any order; an array on disk is read in ascending order, once."""
    if isinstance(values, np.ndarray):
        return np.asarray(values[rows])
    ascending, back = np.unique(rows, return_inverse=True)
    span = np.asarray(values[int(ascending[0]) : int(ascending[-1]) + 1])
    return np.asarray(span[ascending - ascending[0]][back])
