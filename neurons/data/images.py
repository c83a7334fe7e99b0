"""Which images, in which order, with which labels? One door for folders, tables and shards."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neurons.data import sources, tables, tars
from neurons.data.decoding import MAX_PIXELS, Pixels, decode, quiet_decoders
from neurons.data.sources import Labels, Source
from neurons.drawn_world import labelled_pictures
from neurons.errors import BadImageError, ImagesNotFoundError, LabelsMissingError

# the labelled pictures of the toolkit's own world
MINIATURE = "miniature"


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images in a fixed order, each with a stable id.

    Parameters
    ----------
    name : str
        The source as the user wrote it.
    source : Source
        Where the bytes come from.
    location : str or None
        What `images` takes to open the same set again; None for a list of files.
    label_column : str
    max_pixels : int
        Images with more are refused before they are decoded.
    """

    name: str
    source: Source = field(repr=False)
    location: str | None = None
    label_column: str = "label"
    max_pixels: int = MAX_PIXELS

    def __len__(self) -> int:
        return len(self.source.ids)

    @property
    def ids(self) -> Sequence[str]:
        """Stable names: a relative path, ``file.parquet#row`` or ``shard.tar/member``."""
        return self.source.ids

    @property
    def labels(self) -> Labels | None:
        """Class of each image, -1 where unknown; None where the source carries none."""
        return self.source.labels

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class, indexed by label."""
        return self.source.class_names

    def require_labels(self) -> Labels:
        """Give the labels.

        Raises
        ------
        LabelsMissingError
            If the source carries none.
        """
        if self.labels is None:
            raise LabelsMissingError(
                f"{self.name!r} carries no labels; use an imagefolder with metadata.csv, folders "
                f"named by class, or a table with a label column"
            )
        return self.labels

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of what else the source tells of each image; see `column`."""
        return tuple(self.source.columns)

    def column(self, name: str) -> list[object]:
        """Give one column of metadata.csv or of a table: a value for each image, in order.

        Raises
        ------
        LabelsMissingError
            If the source has no such column.
        """
        if name not in self.source.columns:
            raise LabelsMissingError(
                f"{self.name!r} has no column {name!r}; it has: {', '.join(self.columns) or 'none'}"
            )
        return list(self.source.columns[name])

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Give the encoded bytes of some images, or the error in an unreadable one's place."""
        return self.source.read(indices)

    def pixels(self, index: int) -> Pixels:
        """Decode one image, upright, at its own size.

        Returns
        -------
        ndarray of uint8, (height, width, 3)

        Raises
        ------
        BadImageError
            If it cannot be read or decoded.
        """
        (data,) = self.read([index])
        if isinstance(data, OSError):
            raise BadImageError(f"{self.ids[index]}: {data}")
        with quiet_decoders():
            return decode(data, max_pixels=self.max_pixels)

    def provenance(self) -> dict[str, object]:
        """Tell which images these are: equal for equal ids, sizes and labels."""
        labels = b"" if self.labels is None else np.ascontiguousarray(self.labels).tobytes()
        names = "\0".join(self.class_names).encode()
        return {
            "n": len(self),
            "fingerprint": self.source.fingerprint,
            "labels": hashlib.sha256(labels + names).hexdigest()[:16] if labels else None,
        }


def images(
    source: str | Path | Sequence[str | Path],
    *,
    label_column: str = "label",
    max_pixels: int = MAX_PIXELS,
) -> ImageSet:
    """Open a set of images; nothing is decoded yet.

    Parameters
    ----------
    source : str, Path or list of these
        A folder (with ``metadata.csv``: an ``imagefolder``; with a folder a class: labelled), a
        ``.parquet`` file or a folder of them, ``hf:OWNER/NAME:SPLIT`` for a data set of the hub,
        ``.tar`` files (webdataset; one, a list, or a folder of them), a ``.txt`` file with one
        path a line, one image file, a list of image files, or ``miniature`` (drawn on first use).
    label_column : str
        Where a table or metadata.csv keeps the class.
    max_pixels : int
        Images with more are refused before they are decoded.

    Returns
    -------
    ImageSet

    Raises
    ------
    ImagesNotFoundError
        If there is nothing there, or no image in it.
    """
    name = str(source) if isinstance(source, (str, Path)) else f"{len(source)} files"
    opened = _open(source, label_column)
    return ImageSet(name, opened, _location(source), label_column, max_pixels)


def _location(source: str | Path | Sequence[str | Path]) -> str | None:
    if isinstance(source, str) and (source.startswith("hf:") or source == MINIATURE):
        return source
    return str(Path(source).resolve()) if isinstance(source, (str, Path)) else None


def _open(source: str | Path | Sequence[str | Path], label_column: str) -> Source:
    if source == MINIATURE:
        return sources.folder(labelled_pictures.folder(), label_column=label_column)
    if isinstance(source, str) and source.startswith("hf:"):
        dataset, _, split = source.removeprefix("hf:").partition(":")
        return tables.hub(dataset, split or "train", label_column=label_column)
    if not isinstance(source, (str, Path)):
        return _open_list([Path(path) for path in source], label_column)
    path = Path(source)
    if path.is_dir():
        return _open_folder(path, label_column)
    if not path.is_file():
        raise ImagesNotFoundError(
            f"no images at {str(source)!r}: give a folder, a .parquet, .tar or .txt file, "
            f"or hf:OWNER/NAME:SPLIT"
        )
    if path.suffix == ".txt":
        lines = path.read_text(encoding="utf-8").splitlines()
        return sources.listed([Path(line) for line in lines if line.strip()])
    return _open_list([path], label_column)


def _open_list(paths: list[Path], label_column: str) -> Source:
    endings = {path.suffix.lower() for path in paths}
    if endings == {".parquet"}:
        return tables.parquet(paths, label_column=label_column)
    if endings == {".tar"}:
        return tars.tar_shards(paths)
    return sources.listed(paths)


def _open_folder(root: Path, label_column: str) -> Source:
    for ending in (".parquet", ".tar"):
        found = sorted(root.glob(f"*{ending}"))
        if found:
            return _open_list(found, label_column)
    return sources.folder(root, label_column=label_column)
