"""Where do image files lie, and how is one of them read by its number?"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, overload

import numpy as np
import pyarrow as pa
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


_ENDINGS = ".jpg, .png, .webp and the like"


class Source(Protocol):
    """Images in a fixed order; everything but the bytes is known before the first is read."""

    @property
    def ids(self) -> Sequence[str]:
        """Stable names."""
        ...

    @property
    def labels(self) -> Labels | None:
        """Class of each image, -1 where unknown."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash that changes when the images do."""
        ...

    @property
    def columns(self) -> Mapping[str, Sequence[object]]:
        """What else the source tells of each image, by the column's name."""
        ...

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Give the files' contents, or the error in the place of one that cannot be read."""
        ...


class Names(Sequence[str]):
    """Strings kept in one Arrow buffer: about 50 bytes per name where a list takes 150."""

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


@dataclass(frozen=True)
class Files:
    """Image files on a disk: a folder, an ``imagefolder``, or a list."""

    root: Path
    ids: Sequence[str]
    labels: Labels | None
    class_names: tuple[str, ...]
    fingerprint: str
    columns: Mapping[str, Sequence[object]] = field(default_factory=dict)

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Read whole files."""
        return [read_file(self.root / self.ids[i]) for i in indices]


@dataclass(frozen=True)
class SourcePart:
    """Some images of another source, in the order of their numbers there."""

    whole: Source
    rows: range

    @property
    def ids(self) -> Sequence[str]:
        """Stable names, as in the whole."""
        return [self.whole.ids[row] for row in self.rows]

    @property
    def labels(self) -> Labels | None:
        """Class of each image, -1 where unknown."""
        labels = self.whole.labels
        return None if labels is None else labels[np.asarray(self.rows, np.intp)]

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class of the whole."""
        return self.whole.class_names

    @property
    def fingerprint(self) -> str:
        """A hash that changes when the whole does, or the choice of rows."""
        told = f"{self.whole.fingerprint}\0{self.rows}"
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def columns(self) -> Mapping[str, Sequence[object]]:
        """What else the source tells of each image, by the column's name."""
        return {
            name: [values[row] for row in self.rows] for name, values in self.whole.columns.items()
        }

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Read from the whole."""
        return self.whole.read([self.rows[i] for i in indices])


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
        raise ImagesNotFoundError(f"no image below {str(root)!r} (looked for {_ENDINGS})")
    columns = {key: [row[key] for row in table] for key in table[0]} if table else {}
    return replace(_files(root, names, labels, class_names), columns=columns)


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


def labels_of_words(words: Sequence[str]) -> tuple[Labels, tuple[str, ...]]:
    """Turn a column of class names into labels, numbered in alphabetical order."""
    class_names, labels = np.unique(np.array(words), return_inverse=True)
    return labels.astype(np.int32), tuple(str(name) for name in class_names)


def read_file(path: Path) -> bytes | OSError:
    """Read a whole file, or give the error."""
    try:
        return path.read_bytes()
    except OSError as error:
        return error


def _files(
    root: Path, names: list[str], labels: Labels | None, class_names: tuple[str, ...]
) -> Files:
    digest = hashlib.sha256()
    for name in names:
        path = root / name
        # a file that is listed but missing is one bad image, not a reason to stop
        size = path.stat().st_size if path.is_file() else -1
        digest.update(f"{name}\0{size}\n".encode())
    return Files(root, Names(names), labels, class_names, digest.hexdigest())


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
        return labels_of_words(values)
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
    return labels_of_words([part[0] for part in parts])
