"""Which images of a set are taken, and how are the same ones found again?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from neurons.data.sources import Labels, Origin, Source
from neurons.errors import OptionError

Rows = range | NDArray[np.intp]


@dataclass(frozen=True)
class Span:
    """Neighbouring images, or every so many: as a slice takes them.

    Parameters
    ----------
    start, stop, step : int
        As of a range.
    """

    start: int
    stop: int
    step: int = 1

    def rows(self, n: int) -> range:
        """Give which of ``n`` images these are.

        Raises
        ------
        OptionError
            If there are fewer.
        """
        found = range(self.start, self.stop, self.step)
        if len(found) and not max(found[0], found[-1]) < n:
            raise OptionError(f"asked are {self.told(n)}: there are {n:,}")
        return found

    def told(self, n: int) -> str:
        """Say which of ``n`` images these are."""
        if self.start == 0 and self.step == 1:
            return f"the first {self.stop:,} of {n:,} images"
        n_taken = len(range(self.start, self.stop, self.step))
        step = "" if self.step == 1 else f", in steps of {self.step}"
        return f"{n_taken:,} of {n:,} images (from number {self.start:,} on{step})"


@dataclass(frozen=True)
class Draw:
    """Images drawn at random without replacement, in the order of the set.

    Parameters
    ----------
    n : int >= 1
    seed : int >= 0
    """

    n: int
    seed: int

    def rows(self, n: int) -> NDArray[np.intp]:
        """Draw from ``n`` images.

        Raises
        ------
        OptionError
            If there are fewer.
        """
        if self.n > n:
            raise OptionError(f"{self.n:,} images cannot be drawn from {n:,}: take {n:,} at most")
        drawn = np.random.default_rng(self.seed).choice(n, self.n, replace=False)
        return np.sort(drawn).astype(np.intp)

    def told(self, n: int) -> str:
        """Say which of ``n`` images these are."""
        return f"{self.n:,} of {n:,} images (drawn at random, seed {self.seed})"


Taken = Span | Draw


def parse_taken(values: Mapping[str, Any]) -> Taken:
    """Read what ``vars`` of a `Span` or a `Draw` gave."""
    return Draw(**values) if "seed" in values else Span(**values)


@dataclass(frozen=True)
class SourcePart:
    """Some images of another source, in the order of their numbers there.

    Parameters
    ----------
    whole : Source
    rows : range or ndarray of int
    """

    whole: Source
    rows: Rows

    @cached_property
    def ids(self) -> Sequence[str]:
        """Stable names, as in the whole."""
        return _Picked(self.whole.ids, self.rows)

    @cached_property
    def labels(self) -> Labels | None:
        """Class of each image, -1 where unknown."""
        labels = self.whole.labels
        return None if labels is None else labels[np.asarray(self.rows, np.intp)]

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class of the whole."""
        return self.whole.class_names

    @cached_property
    def fingerprint(self) -> str:
        """A hash that changes when the whole does, or the choice of rows."""
        if isinstance(self.rows, range):
            rows = str(self.rows).encode()
        else:
            rows = np.ascontiguousarray(self.rows, np.int64).tobytes()
        return hashlib.sha256(self.whole.fingerprint.encode() + b"\0" + rows).hexdigest()

    @cached_property
    def columns(self) -> Mapping[str, Sequence[object]]:
        """What else the source tells of each image, by the column's name."""
        return _PickedColumns(self.whole.columns, self.rows)

    @property
    def origin(self) -> Origin:
        """As of the whole."""
        return self.whole.origin

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Read from the whole."""
        return self.whole.read([int(self.rows[i]) for i in indices])


class _Picked(Sequence[str]):
    """Names of some rows, each looked up when it is asked for."""

    def __init__(self, names: Sequence[str], rows: Rows) -> None:
        self._names, self._rows = names, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self._names[int(row)] for row in self._rows[index]]
        return self._names[int(self._rows[index])]


class _PickedColumns(Mapping[str, Sequence[object]]):
    """Columns of some rows, each read when it is asked for."""

    def __init__(self, columns: Mapping[str, Sequence[object]], rows: Rows) -> None:
        self._columns, self._rows = columns, rows

    def __getitem__(self, name: str) -> Sequence[object]:
        values = self._columns[name]
        return [values[int(row)] for row in self._rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)
