"""Where do images lie, and how is the n-th of them read? One class a kind of place."""

from __future__ import annotations

import csv
import hashlib
import os
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, overload

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from neurons.errors import ImagesNotFoundError, OptionError

Labels = NDArray[np.int32]

UNLABELLED = -1

# what a folder's files are taken for; the decoder then goes by the content, never by the name
EXTENSIONS = frozenset(
    ".apng .avif .avifs .blp .bmp .bw .cur .dds .dib .fli .flc .gif .icns .ico .im .j2c .j2k .jfif "
    ".jp2 .jpc .jpe .jpeg .jpf .jpg .jpx .mpo .msp .pbm .pcx .pgm .png .pnm .ppm .psd .qoi .ras "
    ".rgb .rgba .sgi .tga .tif .tiff .webp .xbm .xpm".split()
)


class Source(Protocol):
    """Images in a fixed order; everything but the bytes is known before the first is read."""

    ids: Sequence[str]
    labels: Labels | None
    class_names: tuple[str, ...]
    fingerprint: str

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Give the files' contents, or the error in the place of one that cannot be read."""
        ...


class _Names(Sequence[str]):
    """Strings kept in one Arrow buffer: about 50 bytes a name where a list takes 150."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = pa.array(names, type=pa.large_string())

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        found: str | list[str]
        if isinstance(index, slice):
            found = self._names[index].to_pylist()
        else:
            found = self._names[index].as_py()
        return found


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


@dataclass(frozen=True)
class Files:
    """Image files on a disk: a folder, an ``imagefolder``, or a list."""

    root: Path
    ids: Sequence[str]
    labels: Labels | None
    class_names: tuple[str, ...]
    fingerprint: str

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Read whole files."""
        return [_read_file(self.root / self.ids[i]) for i in indices]


def folder(root: Path, *, label_column: str) -> Files:
    """Find the images below a folder, in the order of their relative paths.

    Labels come from ``metadata.csv`` where it has a ``file_name`` column (the ``imagefolder``
    layout of Hugging Face), else from the folders where every image lies in one (``CLASS/x.jpg``).
    """
    table = _metadata(root / "metadata.csv")
    if table is not None:
        names = [row["file_name"] for row in table]
        for name in names:
            _check_inside(root, name)
        labels, class_names = _labels_of_table(table, label_column)
    else:
        names = sorted(_images_below(root))
        labels, class_names = _labels_of_folders(names)
    if not names:
        raise ImagesNotFoundError(f"no image below {str(root)!r} (looked for {_endings()})")
    return _files(root, names, labels, class_names)


def listed(paths: Sequence[Path]) -> Files:
    """Take the named files in the order given; ids are the paths as written."""
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise ImagesNotFoundError(
            f"{len(missing)} of {len(paths)} listed files do not exist, the first: {missing[0]!r}"
        )
    if not paths:
        raise ImagesNotFoundError("the list of files is empty")
    return _files(Path(), [path.as_posix() for path in paths], None, ())


@dataclass(frozen=True)
class Table:
    """Rows of a ``datasets`` data set: parquet files or one of the hub."""

    rows: Any
    image_column: str
    ids: Sequence[str]
    labels: Labels | None
    class_names: tuple[str, ...]
    fingerprint: str

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Give the encoded bytes as stored; nothing is decoded here."""
        cells = self.rows[list(indices)][self.image_column]
        return [_read_cell(cell) for cell in cells]


def parquet(paths: Sequence[Path], *, label_column: str) -> Table:
    """Open parquet files through ``datasets``; ids are ``file.parquet#row``."""
    parts, digest = [], hashlib.sha256()
    for path in paths:
        footer = pq.ParquetFile(path)
        parts.append((path.name, footer.metadata.num_rows))
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        digest.update(_tail(path))
    rows = datasets.Dataset.from_parquet([str(path) for path in paths])
    return _table(rows, _RowNames(parts), digest.hexdigest(), label_column)


def hub(name: str, split: str, *, label_column: str) -> Table:
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
    return _table(rows, _RowNames([(f"{name}/{split}", len(rows))]), rows._fingerprint, label_column)


@dataclass(frozen=True)
class Shards:
    """Members of webdataset tar files, read in place: never extracted, never unpickled."""

    paths: tuple[Path, ...]
    ids: Sequence[str]
    places: NDArray[np.int64]
    labels: Labels | None
    class_names: tuple[str, ...]
    fingerprint: str

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Read byte ranges of the tar files."""
        return [self._read_one(*self.places[i].tolist()) for i in indices]

    def _read_one(self, shard: int, offset: int, size: int) -> bytes | OSError:
        try:
            with self.paths[shard].open("rb") as file:
                file.seek(offset)
                return file.read(size)
        except OSError as error:
            return error


def tar_shards(paths: Sequence[Path]) -> Shards:
    """Index tar files once; ids are ``shard.tar/member``, a ``.cls`` member gives the label."""
    names: list[str] = []
    places: list[tuple[int, int, int]] = []
    labels: dict[str, int] = {}
    for shard, path in enumerate(paths):
        try:
            for key, ending, member, archive in _members(path):
                if ending in EXTENSIONS:
                    names.append(f"{path.name}/{member.name}")
                    places.append((shard, member.offset_data, member.size))
                elif ending == ".cls":
                    labels[f"{path.name}/{key}"] = _class_index(archive, member)
        except tarfile.TarError as error:
            raise ImagesNotFoundError(
                f"{str(path)!r} is not an uncompressed tar file: {error}; "
                f"gunzip it first if it is a .tar.gz"
            ) from None
    if not names:
        raise ImagesNotFoundError(f"no image in {', '.join(str(path) for path in paths)}")
    found = np.array([labels.get(name.rpartition(".")[0], UNLABELLED) for name in names], np.int32)
    digest = hashlib.sha256()
    for name, place in zip(names, places, strict=True):
        digest.update(f"{name}\0{place}\n".encode())
    return Shards(
        tuple(paths),
        _Names(names),
        np.array(places, np.int64),
        found if labels else None,
        tuple(str(i) for i in range(max(labels.values(), default=-1) + 1)),
        digest.hexdigest(),
    )


def _files(
    root: Path, names: list[str], labels: Labels | None, class_names: tuple[str, ...]
) -> Files:
    digest = hashlib.sha256()
    for name in names:
        path = root / name
        # a file that is listed but missing is one bad image, not a reason to stop
        size = path.stat().st_size if path.is_file() else -1
        digest.update(f"{name}\0{size}\n".encode())
    return Files(root, _Names(names), labels, class_names, digest.hexdigest())


def _images_below(root: Path) -> Iterator[str]:
    for current, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in EXTENSIONS:
                yield (Path(current) / name).relative_to(root).as_posix()


def _metadata(path: Path) -> list[dict[str, str]] | None:
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if "file_name" not in (reader.fieldnames or ()):
            return None
        return list(reader)


def _check_inside(root: Path, name: str) -> None:
    if not (root / name).resolve().is_relative_to(root.resolve()):
        raise ImagesNotFoundError(f"metadata.csv names {name!r}, which lies outside {str(root)!r}")


def _labels_of_table(
    table: list[dict[str, str]], column: str
) -> tuple[Labels | None, tuple[str, ...]]:
    if not table or column not in table[0]:
        if column != "label":
            known = ", ".join(table[0]) if table else "none"
            raise OptionError(f"metadata.csv has no column {column!r}; it has: {known}")
        return None, ()
    values = [row[column] for row in table]
    if not all(value.isdecimal() for value in values):
        return _labels_of_words(values)
    labels = np.array([int(value) for value in values], np.int32)
    name_column = next((c for c in ("name", "label_name", "class_name") if c in table[0]), None)
    names = [str(i) for i in range(int(labels.max()) + 1)]
    if name_column is not None:
        for label, row in zip(labels, table, strict=True):
            names[label] = row[name_column]
    return labels, tuple(names)


def _labels_of_folders(names: Sequence[str]) -> tuple[Labels | None, tuple[str, ...]]:
    parts = [name.split("/") for name in names]
    if not parts or any(len(part) != 2 for part in parts):
        return None, ()
    return _labels_of_words([part[0] for part in parts])


def _labels_of_words(words: Sequence[str]) -> tuple[Labels, tuple[str, ...]]:
    class_names, labels = np.unique(np.array(words), return_inverse=True)
    return labels.astype(np.int32), tuple(str(name) for name in class_names)


def _table(rows: Any, ids: Sequence[str], fingerprint: str, label_column: str) -> Table:
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
    return Table(stored, image_column, ids, labels, class_names, fingerprint)


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
    return _labels_of_words([str(value) for value in values.to_pylist()])


def _read_cell(cell: dict[str, Any] | None) -> bytes | OSError:
    if cell is None:
        return OSError("the row holds no image")
    if cell["bytes"] is not None:
        return bytes(cell["bytes"])
    return _read_file(Path(cell["path"]))


def _read_file(path: Path) -> bytes | OSError:
    try:
        return path.read_bytes()
    except OSError as error:
        return error


def _tail(path: Path, size: int = 1 << 20) -> bytes:
    # a parquet file ends with its footer: schema, and every row group's offsets and statistics
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read()


def _members(path: Path) -> Iterator[tuple[str, str, tarfile.TarInfo, tarfile.TarFile]]:
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            # links and devices are no images; a sparse file's bytes do not lie in one piece
            if member.isreg() and not member.issparse():
                folder_name, _, base = member.name.rpartition("/")
                stem, dot, ending = base.rpartition(".")
                key = f"{folder_name}/{stem}" if folder_name else stem
                yield key, f"{dot}{ending}".lower(), member, archive


def _class_index(archive: tarfile.TarFile, member: tarfile.TarInfo) -> int:
    file = archive.extractfile(member)
    assert file is not None  # isreg() was checked
    text = file.read(32).decode("ascii", errors="replace").strip()
    if not text.isdecimal():
        raise ImagesNotFoundError(f"{member.name!r} should hold a class number, it holds {text!r}")
    return int(text)


def _endings() -> str:
    return ".jpg, .png, .webp and the like"
