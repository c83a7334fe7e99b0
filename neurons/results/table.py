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
from neurons.files import check_file, write_new

# a dataclass, or a mapping from column to value
Row = Any


def as_arrow(rows: Sequence[Row]) -> pa.Table:
    """Give rows as a table of numbers and text.

    A nested dataclass spreads over columns (``success.value``), a sequence becomes text, and
    pictures are left out. A property of a dataclass named ``value`` or ``interval`` counts as a
    field of it: a share is worth little without its interval. A row that lacks a column has an
    empty cell there, and a column of several kinds of value becomes text.

    Parameters
    ----------
    rows : sequence of dataclass or mapping
        One for each thing that was measured.

    Returns
    -------
    pyarrow.Table
        Columns in the order in which the rows name them.
    """
    plain = [_flat(row) for row in rows]
    names = dict.fromkeys(name for row in plain for name in row)
    columns = {name: [row.get(name) for row in plain] for name in names}
    # what only says that a nested row is absent, where others spread it over columns
    spread = {name[:i] for name in names for i, letter in enumerate(name) if letter == "."}
    absent = {name for name in spread & set(names) if set(columns[name]) == {None}}
    return pa.table({name: _column(columns[name]) for name in names if name not in absent})


def write_table(rows: Sequence[Row], path: Path, *, replace: bool = False) -> Path:
    """Write rows to a ``.csv`` or ``.parquet`` file, whole or not at all.

    Raises
    ------
    OptionError
        If the path has another ending, or is a folder.
    OutputExistsError
        If another table is there, and may not be replaced.
    """
    check_table_file(path)
    buffer = io.BytesIO()
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(as_arrow(rows), buffer)
    else:
        pq.write_table(as_arrow(rows), buffer)
    return write_new(path, buffer.getvalue(), replace=replace)


def check_table_file(path: Path) -> None:
    """Refuse a file that no table can be written to, before any work.

    Raises
    ------
    OptionError
        If the path has another ending, is a folder, or cannot be written.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise OptionError(f"{path.name!r}: a table is written to .csv or .parquet")
    check_file(path)


def _column(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values])


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
        return _plain(value.item())
    if isinstance(value, (list, tuple, np.ndarray)):
        return _plain(", ".join(str(item) for item in value))
    if isinstance(value, str):
        # a file's name may hold bytes that are no text
        return value.encode("utf-8", "backslashreplace").decode()
    return value if isinstance(value, (bool, int, float)) or value is None else str(value)
