"""What does a user know of units beside the studies? A table of their own, a row per unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from neurons.address import Neuron
from neurons.errors import OptionError
from neurons.results.blocks import Block, Note
from neurons.results.result import Result
from neurons.results.table import Row

_NEURON = "neuron"


@dataclass(frozen=True)
class OwnTable(Result):
    """Columns that a user gives; nothing is known of how they were measured.

    Parameters
    ----------
    name : str
        Of the file.
    lines : tuple of dict
        By column; each has a ``neuron``.
    """

    name: str
    lines: tuple[dict[str, Any], ...]

    @property
    def title(self) -> str:
        """The file's name."""
        return self.name

    def verdict(self) -> str:
        """Say that they are the user's."""
        return (
            f"{len(self.lines):,} units in {self.name}; how they were measured is not known here."
        )

    def blocks(self) -> tuple[Block, ...]:
        """Name the columns."""
        columns = dict.fromkeys(name for line in self.lines for name in line if name != _NEURON)
        return (Note(f"Columns: {', '.join(columns) or 'none'}."),)

    def rows(self) -> Sequence[Row]:
        """Give the file's rows."""
        return self.lines


def own_table(path: str | Path) -> OwnTable:
    """Read a ``.csv`` or ``.parquet`` file with a column ``neuron`` of addresses.

    Raises
    ------
    OptionError
        If there is none, it cannot be read, or a row names no neuron.
    """
    path = Path(path)
    if not path.is_file():
        raise OptionError(f"no file {str(path)!r}; give a .csv or .parquet file, a row per unit")
    if path.suffix not in (".csv", ".parquet"):
        raise OptionError(f"{path.name!r} is no table of units: give a .csv or .parquet file")
    try:
        read = pyarrow.csv.read_csv(path) if path.suffix == ".csv" else pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        told = " ".join(str(error).split())
        raise OptionError(f"{path.name!r} cannot be read as a table: {told}") from None
    if _NEURON not in read.column_names:
        raise OptionError(
            f"{path.name!r} has no column {_NEURON!r} of addresses, such as visual.layer4:89; it "
            f"has: {', '.join(read.column_names)}"
        )
    lines = read.to_pylist()
    for line in lines:
        line[_NEURON] = str(Neuron.parse(str(line[_NEURON])))
    return OwnTable({}, path.name, tuple(lines))
