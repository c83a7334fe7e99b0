"""Which images, in which order, with which labels? One door for folders, tables and tar files."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import SupportsIndex, overload

import numpy as np
from numpy.typing import NDArray

from neurons.data.decoding import MAX_PIXELS, Pixels, decode, quiet_decoders
from neurons.data.description import describe
from neurons.data.opening import location_of, open_source
from neurons.data.parts import Draw, SourcePart, Span, Taken
from neurons.data.preprocess import crop
from neurons.data.sources import Labels, Source
from neurons.data.thumbnails import SmallCopy, thumbnail
from neurons.errors import BadImageError, LabelsMissingError, OptionError
from neurons.geometry import Box
from neurons.results.blocks import Gallery, Tile
from neurons.results.drawn import as_html
from neurons.results.shown import one_line, small_table

# classes named in one line
_NAMED = 4


@dataclass(frozen=True, eq=False, repr=False)
class Image:
    """One image of a set; its file is read when its pixels are asked for.

    Parameters
    ----------
    images : ImageSet
    index : int >= 0
        In the set.
    """

    images: ImageSet
    index: int

    @property
    def id(self) -> str:
        """Its stable name."""
        return self.images.ids[self.index]

    @property
    def label(self) -> str:
        """Its class's name; empty where it has none."""
        labels, names = self.images.labels, self.images.class_names
        if labels is None or labels[self.index] < 0:
            return ""
        label = int(labels[self.index])
        return names[label] if label < len(names) else str(label)

    @property
    def pixels(self) -> Pixels:
        """Its pixels, upright, at its own size: uint8 (height, width, 3).

        Raises
        ------
        BadImageError
            If it cannot be read or decoded.
        """
        return self.images.pixels(self.index)

    def __repr__(self) -> str:
        return one_line("Image", self.id, [("label", self.label or "none")])

    def _repr_html_(self) -> str:
        tile = Tile(thumbnail(self.pixels), self.label, "", self.id)
        return as_html(Gallery("", (tile,)))


@dataclass(frozen=True, eq=False, repr=False)
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
    taken : tuple of Span or Draw
        Which of the images that lie there these are, step by step; empty: all.
    """

    name: str
    source: Source
    location: str | None = None
    label_column: str = "label"
    max_pixels: int = MAX_PIXELS
    taken: tuple[Taken, ...] = ()

    def __len__(self) -> int:
        return len(self.source.ids)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> ImageSet: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Image | ImageSet:
        if isinstance(index, slice):
            rows = range(len(self))[index]
            return self.take(Span(rows.start, rows.stop, rows.step))
        place = operator.index(index)
        n = len(self)
        if not -n <= place < n:
            raise IndexError(f"{self.name!r} has images 0 to {n - 1}: no {place}")
        return Image(self, place % n)

    def __iter__(self) -> Iterator[Image]:
        return (Image(self, index) for index in range(len(self)))

    def first(self, n: int) -> ImageSet:
        """Take the first images, in the order of the set.

        Raises
        ------
        OptionError
            If ``n`` is below one, or there are fewer.
        """
        _check_n(n)
        return self.take(Span(0, n))

    def sample(self, n: int, *, seed: int = 0) -> ImageSet:
        """Draw images at random without replacement; they keep the order of the set.

        Every image is as likely as any other, so that a small sample may miss a class:
        `class_counts` tells how many there are of each.

        Raises
        ------
        OptionError
            If ``n`` is below one, or there are fewer; if the seed is below 0.
        """
        _check_n(n)
        if seed < 0:
            raise OptionError(f"a seed is 0 or more: not {seed}")
        return self.take(Draw(n, seed))

    def take(self, *taken: Taken) -> ImageSet:
        """Take some images, step by step; all of them are the set itself.

        Raises
        ------
        OptionError
            If there are fewer.
        """
        found = self
        for each in taken:
            rows = each.rows(len(found))
            if len(rows) == len(found) and (len(rows) < 2 or rows[0] < rows[1]):
                continue
            part = SourcePart(found.source, rows)
            found = replace(found, source=part, taken=(*found.taken, each))
        return found

    def describe(self) -> str:
        """Tell in one line how many images there are, where, of which classes, what was left out.

        Examples
        --------
        ``1,120 images in 28 folders, 7 classes from the inner folders, ...``
        """
        return describe(self.source, self._told_part(), self.class_counts())

    def class_counts(self) -> NDArray[np.intp] | None:
        """Count the images of each class, (classes,), by label; None where there are no labels."""
        if self.labels is None:
            return None
        known = self.labels[self.labels >= 0]
        counts: NDArray[np.intp] = np.bincount(known, minlength=len(self.class_names))
        return counts

    def _told_part(self) -> str:
        if not self.taken or not isinstance(self.source, SourcePart):
            return ""
        return self.taken[-1].told(len(self.source.whole.ids))

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give how many images there are, of which classes, with which further columns."""
        names = self.class_names
        more = f", ... ({len(names):,})" if len(names) > _NAMED else ""
        return (
            ("images", f"{len(self):,}"),
            ("classes", (", ".join(names[:_NAMED]) or "none") + more),
            ("columns", ", ".join(self.columns) or "none"),
        )

    def __repr__(self) -> str:
        return one_line("ImageSet", self.name, self.facts())

    def _repr_html_(self) -> str:
        return small_table("ImageSet", self.name, self.facts())

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

    def small(self, index: int) -> SmallCopy:
        """Make a small copy of one image.

        Raises
        ------
        BadImageError
            If it cannot be read or decoded.
        """
        pixels = self.pixels(index)
        return SmallCopy(thumbnail(pixels), pixels.shape[1], pixels.shape[0])

    def part(self, index: int, box: Box) -> bytes:
        """Cut out what lies in a box, and encode it.

        Raises
        ------
        BadImageError
            If it cannot be read or decoded.
        """
        return thumbnail(crop(self.pixels(index), box))

    def provenance(self) -> dict[str, object]:
        """Tell which images these are: equal for equal ids, sizes and labels."""
        labels = b"" if self.labels is None else np.ascontiguousarray(self.labels).tobytes()
        names = "\0".join(self.class_names).encode()
        part = self._told_part()
        return {
            **({"part": part} if part else {}),
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
        A folder (with ``metadata.csv``: an ``imagefolder``; with one folder per class: labelled), a
        ``.csv`` or ``.jsonl`` table of file names, a ``.parquet`` file or a folder of them,
        ``hf:OWNER/NAME:SPLIT`` for a data set of the hub, ``.tar`` files (webdataset; one, a list,
        or a folder of them), a ``.txt`` file with one path per line, one image file, a list of
        image files, or ``miniature`` (drawn on first use).
    label_column : str
        Where a table or metadata.csv keeps the class; of folders within folders, ``folder`` makes
        the outer ones the classes.
    max_pixels : int
        Images with more are refused before they are decoded.

    Returns
    -------
    ImageSet

    Raises
    ------
    ImagesNotFoundError
        If there is nothing there, no image in it, or images of several kinds.
    OptionError
        If the label column is not there.
    """
    name = str(source) if isinstance(source, (str, Path)) else f"{len(source)} files"
    opened = open_source(source, label_column)
    return ImageSet(name, opened, location_of(source), label_column, max_pixels)


def _check_n(n: int) -> None:
    if n < 1:
        raise OptionError(f"the number of images to take is {n}; it must be 1 or more")
