"""How are the rows of a table read: parquet files, or a data set of the hub?

The only door to ``datasets``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from neurons.data.sources import UNLABELLED, Labels, Origin, labels_of_words, read_file
from neurons.errors import ImagesNotFoundError, OptionError

# files named in one line
_NAMED = 4


@dataclass(frozen=True)
class TableRows:
    """Rows of a ``datasets`` data set: parquet files or one of the hub."""

    rows: Any
    image_column: str
    ids: Sequence[str]
    labels: Labels | None
    class_names: tuple[str, ...]
    fingerprint: str
    columns: Mapping[str, Sequence[object]]
    origin: Origin = Origin()

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Give the encoded bytes as stored; nothing is decoded here."""
        rows: Any = list(indices)
        if rows == list(range(rows[0], rows[-1] + 1)):
            # neighbouring rows lie in one piece of the file
            rows = slice(rows[0], rows[-1] + 1)
        cells = self.rows[rows][self.image_column]
        return [_read_cell(cell) for cell in cells]


def parquet(paths: Sequence[Path], *, label_column: str) -> TableRows:
    """Open parquet files through ``datasets``; ids are ``file.parquet#row``."""
    parts, digest = [], hashlib.sha256()
    for path in paths:
        footer = pq.ParquetFile(path)
        parts.append((path.name, footer.metadata.num_rows))
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        digest.update(_tail(path))
    if not any(n_rows for _, n_rows in parts):
        # datasets itself would raise an error about its splits
        raise ImagesNotFoundError("the table has no rows")
    rows = datasets.Dataset.from_parquet([str(path) for path in paths])
    names = ", ".join(path.name for path in paths[:_NAMED]) + ", ..." * (len(paths) > _NAMED)
    place = f"in {names}" if len(paths) == 1 else f"in {len(paths):,} .parquet files ({names})"
    return _table(rows, _RowNames(parts), digest.hexdigest(), label_column, place)


def hub(name: str, split: str, *, label_column: str) -> TableRows:
    """Open a data set of the hub (or a local ``datasets`` folder) by name and split."""
    try:
        rows = datasets.load_dataset(name, split=split)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImagesNotFoundError(
            f"no data set {name!r} with split {split!r}: {first}; "
            f"write hf:OWNER/NAME:SPLIT, or give a folder or parquet file"
        ) from None
    # its own fingerprint is a hash of the data files and of every step since
    ids = _RowNames([(f"{name}/{split}", len(rows))])
    return _table(rows, ids, rows._fingerprint, label_column, f"in split {split} of {name}")


class _Columns(Mapping[str, Sequence[object]]):
    """The columns that hold no image, each read when it is asked for."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows
        self._names = [
            name for name, kind in rows.features.items() if not isinstance(kind, datasets.Image)
        ]

    def __getitem__(self, name: str) -> Sequence[object]:
        if name not in self._names:
            raise KeyError(name)
        values: Sequence[object] = self._rows[name][:]
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _RowNames(Sequence[str]):
    """``file#row`` made when asked for: a million rows take no memory."""

    def __init__(self, parts: Sequence[tuple[str, int]]) -> None:
        self._files = [name for name, _ in parts]
        self._starts = np.concatenate([[0], np.cumsum([rows for _, rows in parts])])

    def __len__(self) -> int:
        return int(self._starts[-1])

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        row = range(len(self))[index]
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        return f"{self._files[part]}#{row - int(self._starts[part])}"


def _table(
    rows: Any, ids: Sequence[str], fingerprint: str, label_column: str, place: str
) -> TableRows:
    image_column = next(
        (name for name, kind in rows.features.items() if isinstance(kind, datasets.Image)), None
    )
    if image_column is None:
        raise ImagesNotFoundError(
            f"the table has no image column; its columns are: {', '.join(rows.features)}"
        )
    if len(rows) == 0:
        raise ImagesNotFoundError("the table has no rows")
    labels, class_names = _labels_of_rows(rows, label_column)
    stored = rows.select_columns([image_column])
    stored = stored.cast_column(image_column, datasets.Image(decode=False))
    columns = _Columns(rows)
    why = f"column {label_column}"
    if labels is None:
        others = f", of {', '.join(columns)} name that of the class" if len(columns) else ""
        why = f"no column {label_column!r}{others}"
    origin = Origin(place, why)
    return TableRows(stored, image_column, ids, labels, class_names, fingerprint, columns, origin)


def _labels_of_rows(rows: Any, column: str) -> tuple[Labels | None, tuple[str, ...]]:
    if column not in rows.features:
        if column != "label":
            raise OptionError(f"no column {column!r}; the columns are: {', '.join(rows.features)}")
        return None, ()
    kind = rows.features[column]
    values = rows.with_format("arrow")[column][:]
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if isinstance(kind, datasets.ClassLabel):
        return values.fill_null(UNLABELLED).to_numpy(False).astype(np.int32), tuple(kind.names)
    if pa.types.is_integer(values.type):
        labels = values.fill_null(UNLABELLED).to_numpy(False).astype(np.int32)
        return labels, tuple(str(i) for i in range(int(labels.max()) + 1))
    return labels_of_words([None if v is None else str(v) for v in values.to_pylist()])


def _read_cell(cell: dict[str, Any] | None) -> bytes | OSError:
    if cell is None:
        return OSError("the row holds no image")
    if cell["bytes"] is not None:
        return bytes(cell["bytes"])
    return read_file(Path(cell["path"]))


def _tail(path: Path, size: int = 1 << 20) -> bytes:
    # a parquet file ends with its footer: schema, and every row group's offsets and statistics
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read()
