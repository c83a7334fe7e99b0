"""Where do image files lie, and how is one of them read by its number?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from neurons.errors import ImagesNotFoundError

Labels = NDArray[np.int32]

UNLABELLED = -1

# what a folder's files are taken for; the decoder then goes by the content, never by the name
EXTENSIONS = frozenset(
    ".apng .avif .avifs .blp .bmp .bw .cur .dds .dib .fli .flc .gif .icns .ico .im .j2c .j2k .jfif "
    ".jp2 .jpc .jpe .jpeg .jpf .jpg .jpx .mpo .msp .pbm .pcx .pgm .png .pnm .ppm .psd .qoi .ras "
    ".rgb .rgba .sgi .tga .tif .tiff .webp .xbm .xpm".split()
)


@dataclass(frozen=True)
class Origin:
    """Where images lie and where their labels come from, in the words of one line.

    Parameters
    ----------
    place : str
        Such as ``in 12 folders`` or ``in train.parquet``.
    labels : str
        Where labels come from, such as ``the folders``; where there are none: why.
    remarks : tuple of str
        What else a user must know: what was left out, what is not there.
    """

    place: str = ""
    labels: str = ""
    remarks: tuple[str, ...] = ()


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

    @property
    def origin(self) -> Origin:
        """Where the images lie, and where the labels come from."""
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
    origin: Origin = Origin()

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Read whole files."""
        return [read_file(self.root / self.ids[i]) for i in indices]


def listed(paths: Sequence[Path], *, place: str = "in a list of files") -> Files:
    """Take the named files in the order given; ids are the paths as written."""
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise ImagesNotFoundError(
            f"{len(missing)} of {len(paths)} listed files do not exist, the first: {missing[0]!r}"
        )
    if not paths:
        raise ImagesNotFoundError("the list of files is empty")
    return files(
        Path(),
        [path.as_posix() for path in paths],
        origin=Origin(place, "a list of files has none"),
    )


def files(
    root: Path,
    names: Sequence[str],
    *,
    labels: Labels | None = None,
    class_names: tuple[str, ...] = (),
    columns: Mapping[str, Sequence[object]] | None = None,
    origin: Origin,
) -> Files:
    """Take files below a folder by their names; known by their names and sizes."""
    digest, n_missing = hashlib.sha256(), 0
    for name in names:
        path = root / name
        # a file that is listed but missing is one bad image, not a reason to stop
        size = path.stat().st_size if path.is_file() else -1
        n_missing += size < 0
        digest.update(f"{name}\0{size}\n".encode())
    if n_missing:
        told = f"{counted(n_missing, 'named file')} not there"
        origin = replace(origin, remarks=(*origin.remarks, told))
    return Files(
        root, Names(names), labels, class_names, digest.hexdigest(), dict(columns or {}), origin
    )


def labels_of_words(words: Sequence[str | None]) -> tuple[Labels, tuple[str, ...]]:
    """Turn a column of class names into labels, numbered in alphabetical order; None has none."""
    known = np.array([word is not None for word in words], bool)
    class_names, found = np.unique(
        np.array([word for word in words if word is not None], str), return_inverse=True
    )
    labels = np.full(len(words), UNLABELLED, np.int32)
    labels[known] = found
    return labels, tuple(str(name) for name in class_names)


def read_file(path: Path) -> bytes | OSError:
    """Read a whole file, or give the error."""
    try:
        return path.read_bytes()
    except OSError as error:
        return error


def counted(n: int, what: str) -> str:
    """Write a number of things: 1 file, 2 files, 3 classes."""
    many = "es" if what.endswith(("s", "x")) else "s"
    return f"{n:,} {what}{'' if n == 1 else many}"
