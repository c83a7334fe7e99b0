"""Which concepts do an image set's labels and columns hold? What a unit may be named by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.data.images import ImageSet
from neurons.data.sources import UNLABELLED
from neurons.errors import OptionError

CLASS = "class"
# a column of more values than this describes images one by one, such as a caption
_MOST_VALUES = 100
_FAMILY = "family"


@dataclass(frozen=True)
class Concept:
    """Something that some of the images show.

    Parameters
    ----------
    name : str
        Such as ``spider``, ``word`` or ``spider, word``.
    family : str
        The kind of thing that it is, such as ``animals``; its name where none is known.
    source : str
        Where it comes from: ``class``, a column's name, several joined by `` and ``, or what the
        labels were made by.
    rows : ndarray of int
        The images that show it, ascending.
    """

    name: str
    family: str
    source: str
    rows: NDArray[np.intp]


def concepts_of(
    images: ImageSet,
    rows: NDArray[np.intp],
    *,
    columns: Sequence[str] | None = None,
    within: Sequence[str] = (),
    families: Mapping[str, str] | None = None,
) -> tuple[Concept, ...]:
    """List the classes and the values of columns.

    Parameters
    ----------
    images : ImageSet
        With labels.
    rows : ndarray of int
        The images to look at; those without a label are left out.
    columns : sequence of str, optional
        Columns whose values are concepts, too; default: `naming_columns`.
    within : sequence of str
        Columns whose values part the classes: ``spider, word`` beside ``spider``.
    families : mapping of str to str, optional
        The family of each class by its name without capitals; a column ``family`` with one value
        per class comes before it.

    Returns
    -------
    tuple of Concept
        Classes first, then values of columns, then classes within values, where these are fewer
        images than either.

    Raises
    ------
    LabelsMissingError
        If the images carry no labels, or have no such column.
    """
    labels = images.require_labels()
    kept = rows[labels[rows] != UNLABELLED]
    names = images.class_names
    family_of = _families(images, kept, families or {})
    classes = [
        Concept(names[k], family_of.get(k, names[k]), CLASS, kept[labels[kept] == k])
        for k in np.unique(labels[kept]).tolist()
    ]
    found: list[Concept] = list(classes)
    for column in naming_columns(images) if columns is None else columns:
        values = _values(images, kept, column)
        # one value only, or the classes over again, tells nothing more
        if len(values) > 1 and not _are_classes(values, classes):
            found += values
    for column in within:
        found += _both(classes, _values(images, kept, column))
    return tuple(found)


def naming_columns(images: ImageSet) -> tuple[str, ...]:
    """Give the columns of text with 2 to 100 different values, which name groups of images."""
    return tuple(
        column
        for column in images.columns
        if column not in ("file_name", "label") and _names_groups(images.column(column))
    )


def _names_groups(cells: Sequence[object]) -> bool:
    values = {_text(cell) for cell in cells} - {""}
    return 2 <= len(values) <= _MOST_VALUES and not all(map(_is_number, values))


def _values(images: ImageSet, rows: NDArray[np.intp], column: str) -> list[Concept]:
    """Give the images that have each value of a column; what is empty has none."""
    values = images.column(column)
    cells = np.array([_text(values[row]) for row in rows.tolist()], dtype=object)
    return [
        # of a column of families each value is one itself
        Concept(value, value if column == _FAMILY else column, column, rows[cells == value])
        for value in sorted({str(cell) for cell in cells if cell})
    ]


def _both(classes: Sequence[Concept], values: Sequence[Concept]) -> Iterator[Concept]:
    """Give the images that are of a class and have a value, where that is less than either."""
    for value in values:
        for each in classes:
            rows = np.intersect1d(each.rows, value.rows, assume_unique=True)
            if 0 < len(rows) < min(len(each.rows), len(value.rows)):
                name, source = f"{each.name}, {value.name}", f"{CLASS} and {value.source}"
                yield Concept(name, each.family, source, rows)


def _are_classes(values: Sequence[Concept], classes: Sequence[Concept]) -> bool:
    known = {each.rows.tobytes() for each in classes}
    return all(value.rows.tobytes() in known for value in values)


def _families(images: ImageSet, rows: NDArray[np.intp], known: Mapping[str, str]) -> dict[int, str]:
    """Give the family of each class, by its number, as far as it is known."""
    labels = images.require_labels()
    found = {
        k: known[name.casefold()]
        for k, name in enumerate(images.class_names)
        if name.casefold() in known
    }
    if _FAMILY in images.columns:
        seen: dict[int, set[str]] = {}
        cells = images.column(_FAMILY)
        for row in rows.tolist():
            seen.setdefault(int(labels[row]), set()).add(_text(cells[row]))
        found |= {k: min(values) for k, values in seen.items() if len(values) == 1 and min(values)}
    return found


def check_columns_of(images: ImageSet, columns: Sequence[str]) -> None:
    """Refuse columns that the set does not have, or that name no groups.

    Raises
    ------
    LabelsMissingError
        If there is no such column.
    OptionError
        If all of its values are empty, or equal.
    """
    for column in columns:
        values = {_text(cell) for cell in images.column(column)} - {""}
        if len(values) < 2:
            raise OptionError(
                f"column {column!r} has {len(values)} different values: it parts no images; "
                f"leave it out"
            )


def kinds_of(concepts: Sequence[Concept], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give one number to the images that show the same concepts, (images,).

    Parameters
    ----------
    concepts : sequence of Concept
    rows : ndarray of int
        The images.
    """
    kinds = np.zeros(len(rows), np.uint64)
    for i, concept in enumerate(concepts):
        # a sum of random numbers stands for the set of concepts
        mark = np.random.default_rng(i).integers(1, 2**62, dtype=np.uint64)
        kinds[np.isin(rows, concept.rows, assume_unique=True)] += mark
    return np.unique(kinds, return_inverse=True)[1].astype(np.intp)


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
