"""What is in an atlas? Columns, places on a map, similar units, images; no study by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.pages.page import Page


@dataclass(frozen=True)
class Column:
    """What is known of every unit, by one name: units are coloured, listed and found by it.

    Parameters
    ----------
    name : str
        Such as ``family``, ``sparsity`` or ``class``; different from those of other columns.
    values : sequence of float, or of str
        One per unit, all numbers or all text; nan or an empty text where nothing is known.
    about : str
        What it says, in a sentence, for whoever does not know its name.
    searched : bool
        Whether its words are found by the search; numbers are not.
    """

    name: str
    values: Sequence[float] | Sequence[str]
    about: str = ""
    searched: bool = False

    @property
    def is_text(self) -> bool:
        """Whether its values are text."""
        return bool(self.values) and isinstance(self.values[0], str)


@dataclass(frozen=True)
class Pictures:
    """The images of the set that an atlas shows, and the units that answer to each.

    Parameters
    ----------
    rows : ndarray of int, (pictures,)
        Of the image set, ascending.
    names : sequence of str
        The id of each; may be hostile text, as labels may.
    labels : sequence of str
        The class of each; empty where there is none.
    thumbnail : callable
        From a row of the set to an encoded picture. Where a page's tile has the same bytes, the
        picture is stored once. Called from several threads at a time.
    units : ndarray of int, (pictures, several)
        The units that answer to each picture most, by how far its peak lies above the unit's mean;
        -1 where there are fewer.
    deviations : ndarray of float, (pictures, several)
        That distance, in standard deviations of the unit.
    """

    rows: NDArray[np.intp]
    names: Sequence[str]
    labels: Sequence[str]
    thumbnail: Callable[[int], bytes]
    units: NDArray[np.int32]
    deviations: NDArray[np.float32]


@dataclass(frozen=True)
class AtlasContent:
    """What is known of all units of a layer.

    Parameters
    ----------
    layer, model : str
        As pages name them.
    verdict : str
        What was found of the layer; that it means nothing, if so, first.
    facts : tuple of (str, str)
    neurons : sequence of str
        The units' addresses, such as ``visual.layer4:89``: deep links name units by them.
    heads : sequence of str
        What each unit is called in lists, such as ``spider`` or ``no name``.
    columns : tuple of Column
        The most telling first: the first text of 4 to 24 different values (or of two, three)
        colours the map, the first number sorts the list, a list's line shows the first few that
        are known, and of more than some seven, the later ones are shown when asked for.
    places : ndarray of float32, (units, 2)
        On the map; nan for units that have none, such as dead ones.
    map_note : str
        How the map was made, and which share of each unit's nearest neighbours it keeps.
    similar : ndarray of int32, (units, several)
        The units most alike, from the first; -1 where there are fewer.
    similarity : ndarray of float32, (units, several)
        Pearson correlation over the images of the run.
    top : ndarray of int, (units, several)
        Rows of the images that excite each unit most; -1 where there are fewer.
    pictures : Pictures
    page : callable
        From a unit's index to its page, as a report draws it. Called from several threads at a
        time.
    provenance : mapping
    table : str
        A file beside ``index.html`` that holds all columns, if there is one: it is linked.
    """

    layer: str
    model: str
    verdict: str
    facts: tuple[tuple[str, str], ...]
    neurons: Sequence[str]
    heads: Sequence[str]
    columns: tuple[Column, ...]
    places: NDArray[np.float32]
    map_note: str
    similar: NDArray[np.int32]
    similarity: NDArray[np.float32]
    top: NDArray[np.intp]
    pictures: Pictures
    page: Callable[[int], Page]
    provenance: Mapping[str, Any]
    table: str = ""
