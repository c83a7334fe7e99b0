"""How do a result's numbers become a table? One row for each thing that was measured."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from neurons.errors import OptionError
from neurons.files import write_file

# a dataclass, or a mapping from column to value
Row = Any


def plain_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Give rows as flat mappings of numbers and text.

    A nested dataclass spreads over columns (``success.value``), a sequence becomes text, and
    pictures are left out. A property of a nested dataclass named ``value`` or ``interval`` counts
    as a field of it: a share is worth little without its interval.
    """
    return [_flat(row) for row in rows]


def write_table(rows: Sequence[Row], path: Path) -> Path:
    """Write rows to a ``.csv`` or ``.parquet`` file, whole or not at all.

    Raises
    ------
    OptionError
        If the path has another ending.
    """
    plain = plain_rows(rows)
    table = pa.Table.from_pylist(plain, schema=None) if plain else pa.table({})
    buffer = io.BytesIO()
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, buffer)
    elif path.suffix == ".parquet":
        pq.write_table(table, buffer)
    else:
        raise OptionError(f"{path.name!r}: a table is written to .csv or .parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, buffer.getvalue())
    return path


def _flat(row: Row, at: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in _items(row):
        if isinstance(value, bytes):
            continue
        if dataclasses.is_dataclass(value) or isinstance(value, Mapping):
            found.update(_flat(value, f"{at}{name}."))
        else:
            found[at + name] = _plain(value)
    return found


def _items(row: Row) -> list[tuple[str, Any]]:
    if isinstance(row, Mapping):
        return [(str(name), value) for name, value in row.items()]
    items = [(field.name, getattr(row, field.name)) for field in dataclasses.fields(row)]
    kept = {name for name, _ in items}
    shown = [name for name in ("value", "interval") if name not in kept and hasattr(row, name)]
    return items + [(name, getattr(row, name)) for name in shown]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple, np.ndarray)):
        return ", ".join(str(item) for item in value)
    return value
