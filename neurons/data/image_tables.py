"""Which images does a table of file names list, with which labels and columns?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from neurons.data.sources import UNLABELLED, Labels, labels_of_words
from neurons.errors import ImagesNotFoundError, OptionError

# the tables of an ``imagefolder`` of Hugging Face, which names the files in FILE_NAME
FOLDER_TABLES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
FILE_NAME = "file_name"
# where tables of others keep the file of an image
_FILE_COLUMNS = (
    "filename", "file", "filepath", "file_path", "path", "image_path", "image_file", "image",
    "img", "image_id", "id", "name",
)  # fmt: skip
_NAME_COLUMNS = ("name", "label_name", "class_name")
# numbers that are larger than this, and than ten times the rows, are no indices of classes
_MOST_CLASSES = 100_000


@dataclass(frozen=True)
class ImageTable:
    """A table with one row per image.

    Parameters
    ----------
    name : str
        Of its file.
    names : tuple of str
        The images' paths below the table's folder.
    columns : mapping of str to list
    """

    name: str
    names: tuple[str, ...]
    columns: Mapping[str, list[object]]

    def take(self, column: str) -> tuple[tuple[str, ...], Labels | None, tuple[str, ...], str]:
        """Give the images' paths, labels and class names, and in words where labels come from.

        Raises
        ------
        OptionError
            If there is no such column.
        ImagesNotFoundError
            If the table has no row.
        """
        if not self.names:
            raise ImagesNotFoundError(f"{self.name} lists no image")
        if column not in self.columns:
            known = ", ".join(self.columns)
            if column != "label":
                raise OptionError(f"{self.name} has no column {column!r}; it has: {known}")
            why = f"{self.name} has no column {column!r}; name that of the class, of: {known}"
            return self.names, None, (), why
        return self.names, *self._labels(column), f"column {column}"

    def _labels(self, column: str) -> tuple[Labels, tuple[str, ...]]:
        values = [None if _is_empty(value) else str(value) for value in self.columns[column]]
        known = [value for value in values if value is not None]
        most = max(_MOST_CLASSES, 10 * len(values))
        if not known or not all(value.isdecimal() and int(value) < most for value in known):
            return labels_of_words(values)
        labels = np.array([UNLABELLED if v is None else int(v) for v in values], np.int32)
        names = [str(i) for i in range(int(labels.max()) + 1)]
        name_column = next((c for c in _NAME_COLUMNS if c in self.columns and c != column), None)
        if name_column is not None:
            for label, name in zip(labels, self.columns[name_column], strict=True):
                if label >= 0:
                    names[label] = str(name)
        return labels, tuple(names)


def read_image_table(path: Path, images: Sequence[str]) -> ImageTable | None:
    """Read a table that names image files; None if no column of it does.

    Parameters
    ----------
    path : Path
        A .csv, .tsv, .jsonl or .parquet file.
    images : sequence of str
        What lies below its folder. Where the table names no file by its path, a name or a stem
        that one image alone has is enough, as in Kaggle's tables.

    Raises
    ------
    ImagesNotFoundError
        If the table cannot be read, or names files outside its folder.
    """
    columns = _read(path)
    if FILE_NAME in columns:
        names = [str(value) for value in columns[FILE_NAME]]
        for name in names:
            if not (path.parent / name).resolve().is_relative_to(path.parent.resolve()):
                raise ImagesNotFoundError(
                    f"{path.name} names {name!r}, which lies outside {str(path.parent)!r}"
                )
        return ImageTable(path.name, tuple(names), columns)
    by_word = _images_by_word(images)
    for column in _FILE_COLUMNS:
        values = [str(value) for value in columns.get(column, ())]
        # some may be lost, but a column that names mostly other things is none of files
        if values and 2 * sum(value in by_word for value in values) >= len(values):
            names = [by_word.get(value, value) for value in values]
            return ImageTable(path.name, tuple(names), columns)
    return None


def columns_of(path: Path) -> tuple[str, ...]:
    """Give the names of a table's columns."""
    return tuple(_read(path))


def _images_by_word(images: Sequence[str]) -> dict[str, str]:
    """Give each image by its path, and by its name and its stem where no other has them."""
    found = {}
    for words in ([PurePosixPath(n).stem for n in images], [PurePosixPath(n).name for n in images]):
        times = Counter(words)
        found.update({w: n for w, n in zip(words, images, strict=True) if times[w] == 1})
    found.update({name: name for name in images})
    return found


def _read(path: Path) -> dict[str, list[object]]:
    try:
        if path.suffix == ".parquet":
            table: dict[str, list[object]] = pq.read_table(path).to_pydict()
            return table
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".jsonl":
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
            names = dict.fromkeys(key for row in rows for key in row)
            return {name: [row.get(name) for row in rows] for name in names}
        head = text.partition("\n")[0]
        frame = pd.read_csv(
            path,
            sep=max(",;\t", key=head.count),
            dtype=str,
            keep_default_na=False,
            index_col=False,
            encoding="utf-8-sig",
        )
    except (ValueError, AttributeError, pa.ArrowException) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise ImagesNotFoundError(f"{str(path)!r} cannot be read as a table: {first}") from None
    return {str(name): frame[name].tolist() for name in frame.columns}


def _is_empty(value: object) -> bool:
    return value is None or value == "" or value != value
