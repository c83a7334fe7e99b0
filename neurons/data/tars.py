"""How are the members of webdataset tar files read, without extracting or unpickling any?"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurons.data.sources import EXTENSIONS, UNLABELLED, Labels, Names, Origin
from neurons.errors import ImagesNotFoundError


@dataclass(frozen=True)
class TarFiles:
    """Members of webdataset tar files, read in place: never extracted, never unpickled."""

    paths: tuple[Path, ...]
    ids: Sequence[str]
    places: NDArray[np.int64]
    labels: Labels | None
    class_names: tuple[str, ...]
    fingerprint: str
    columns: Mapping[str, Sequence[object]] = field(default_factory=dict)
    origin: Origin = Origin()

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Read byte ranges of the tar files."""
        return [self._read_one(*self.places[i].tolist()) for i in indices]

    def _read_one(self, file_number: int, offset: int, size: int) -> bytes | OSError:
        try:
            with self.paths[file_number].open("rb") as file:
                file.seek(offset)
                return file.read(size)
        except OSError as error:
            return error


def tar_files(paths: Sequence[Path]) -> TarFiles:
    """Index tar files once; ids are ``file.tar/member``, a ``.cls`` member gives the label."""
    names: list[str] = []
    places: list[tuple[int, int, int]] = []
    labels: dict[str, int] = {}
    for file_number, path in enumerate(paths):
        try:
            for key, ending, member, archive in _members(path):
                if ending in EXTENSIONS:
                    names.append(f"{path.name}/{member.name}")
                    places.append((file_number, member.offset_data, member.size))
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
    where = f"in {paths[0].name}" if len(paths) == 1 else f"in {len(paths):,} .tar files"
    origin = Origin(where, "members that end in .cls" if labels else "no member ends in .cls")
    return TarFiles(
        tuple(paths),
        Names(names),
        np.array(places, np.int64),
        found if labels else None,
        tuple(str(i) for i in range(max(labels.values(), default=-1) + 1)),
        digest.hexdigest(),
        origin=origin,
    )


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
