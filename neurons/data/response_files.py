"""How are arrays of responses read: npy, npz, parquet, zarr, each with the ids of its rows?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zarr
from numpy.typing import NDArray

from neurons.data.systems import ROW
from neurons.errors import MismatchError, OptionError

# what the ids of rows are called inside a file, and rows of a table of images
_IDS, _ROWS = ("ids", "id"), ("row", "rows")
_KINDS = ".npy, .npz, .parquet, or a zarr folder"


@dataclass(frozen=True, eq=False)
class StoredResponses:
    """Arrays as they lie in a file.

    Parameters
    ----------
    name : str
    arrays : mapping of str to array
        (rows, units) or (rows, repeats, units) each; numpy's or zarr's, not read yet where the
        format allows.
    ids : tuple of str
        Of each row; empty if the file has none.
    ids_name : str
        What they are called there.
    left_out : tuple of str
        What is in the file and no layer.
    fingerprint : str
        Changes when the content does; of a zarr folder, when a file's name or size does.
    """

    name: str
    arrays: Mapping[str, Any]
    ids: tuple[str, ...]
    ids_name: str
    left_out: tuple[str, ...]
    fingerprint: str

    @property
    def n_rows(self) -> int:
        """Rows of every array."""
        return int(next(iter(self.arrays.values())).shape[0])

    @property
    def n_repeats(self) -> int:
        """Length of the axis of repeats; 1 where there is none."""
        first = next(iter(self.arrays.values()))
        return int(first.shape[1]) if first.ndim == 3 else 1


def read_stored(source: str | Path | NDArray[Any] | Mapping[str, NDArray[Any]]) -> StoredResponses:
    """Read, or open, what `responses` takes.

    Raises
    ------
    OptionError
        If it is of no known kind, holds no numbers, or arrays of several lengths.
    """
    if isinstance(source, np.ndarray):
        return _stored("responses", {"responses": source}, _of_arrays({"responses": source}))
    if isinstance(source, Mapping):
        arrays = {str(name): np.asarray(array) for name, array in source.items()}
        return _stored("responses", arrays, _of_arrays(arrays))
    path = Path(source)
    if not path.exists():
        raise OptionError(f"no responses at {str(path)!r}; give {_KINDS}")
    if path.is_dir():
        return _stored(path.stem, _zarr_arrays(path), _of_folder(path))
    if path.suffix == ".npy":
        found = {path.stem: _loaded(path, mmap_mode="r")}
    elif path.suffix == ".npz":
        with _loaded(path) as stored:
            found = dict(stored)
    elif path.suffix == ".parquet":
        found = _parquet_arrays(path)
    else:
        raise OptionError(f"{path.name!r} is none of {_KINDS}; write the responses as one of these")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return _stored(path.stem, found, digest)


def read_ids(ids: Sequence[str] | str | Path) -> tuple[str, ...]:
    """Read ids: a text file with one a line, or a list of them.

    Raises
    ------
    OptionError
        If there is no such file.
    """
    if not isinstance(ids, (str, Path)):
        return tuple(map(str, ids))
    if not Path(ids).is_file():
        raise OptionError(f"no file of ids at {str(ids)!r}; give one with an id per line")
    return tuple(Path(ids).read_text(encoding="utf-8").removesuffix("\n").split("\n"))


def _loaded(path: Path, mmap_mode: Any = None) -> Any:
    try:
        return np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise OptionError(f"{str(path)!r} cannot be read as an array: {error}") from None


def _stored(name: str, found: Mapping[str, Any], fingerprint: str) -> StoredResponses:
    ids_name = next((each for each in (*_IDS, *_ROWS) if each in found), "")
    ids: tuple[str, ...] = ()
    if ids_name in _IDS:
        ids = tuple(map(str, np.asarray(found[ids_name][:]).tolist()))
    elif ids_name:
        ids = tuple(f"{ROW}{each}" for each in np.asarray(found[ids_name][:]).tolist())
    arrays, left_out = {}, []
    for each, array in found.items():
        if each == ids_name:
            continue
        if array.ndim in (2, 3) and array.shape[-1] and array.dtype.kind in "fiu":
            arrays[each] = array
        else:
            left_out.append(each)
    if not arrays:
        raise OptionError(
            f"{name!r} holds no array of numbers, (images, units) or (images, repeats, units); it "
            f"holds: {', '.join(_shape(each, array) for each, array in found.items()) or 'nothing'}"
        )
    _check_shapes(name, arrays)
    return StoredResponses(name, arrays, ids, ids_name, tuple(left_out), fingerprint)


def _check_shapes(name: str, arrays: Mapping[str, Any]) -> None:
    """Refuse layers of other rows or other repeats: they would be of other images."""
    if len({array.shape[:-1] for array in arrays.values()}) > 1:
        told = ", ".join(_shape(each, array) for each, array in arrays.items())
        raise MismatchError(
            f"the arrays of {name!r} have other numbers of rows or repeats: {told}; give one row "
            f"per image to each"
        )


def _shape(name: str, array: Any) -> str:
    return f"{name} {tuple(array.shape)}"


def _zarr_arrays(path: Path) -> dict[str, Any]:
    try:
        opened = zarr.open(path, mode="r")
    except (FileNotFoundError, ValueError, KeyError):
        raise OptionError(f"{str(path)!r} is no zarr folder; give {_KINDS}") from None
    held = {name: opened.attrs[name] for name in (*_IDS, *_ROWS) if name in opened.attrs}
    beside = {name: np.array(values) for name, values in held.items()}
    if isinstance(opened, zarr.Array):
        return {path.stem: opened, **beside}
    return {**beside, **dict(opened.arrays())}


def _parquet_arrays(path: Path) -> dict[str, Any]:
    """Read columns of lists as a layer each, and columns of numbers together as one."""
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise OptionError(f"{str(path)!r} cannot be read as parquet: {error}") from None
    found: dict[str, Any] = {}
    together: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name]
        if name in (*_IDS, *_ROWS):
            found[name] = np.array(column.to_pylist())
        elif pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            together[name] = column.to_numpy()
        elif _is_list(column.type):
            found[name] = _listed(path, name, column)
        else:
            found[name] = np.array(column.to_pylist(), object)
    if together:
        found[path.stem] = np.column_stack(list(together.values()))
    return found


def _is_list(kind: Any) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _listed(path: Path, name: str, column: Any) -> NDArray[Any]:
    rows = column.to_pylist()
    lengths = {len(row) for row in rows if row is not None}
    if len(lengths) != 1:
        raise OptionError(f"lists of column {name!r} of {path.name!r} have several lengths")
    empty = [float("nan")] * lengths.pop()
    return np.array([empty if row is None else row for row in rows], np.float64)


def _of_arrays(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name}{array.shape}{array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")
    return digest.hexdigest()


def _of_folder(path: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(each for each in path.rglob("*") if each.is_file()):
        digest.update(f"{file.relative_to(path)}\0{file.stat().st_size}\0".encode())
    return digest.hexdigest()
