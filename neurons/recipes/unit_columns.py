"""What is known of every unit of a layer, column by column, whichever study said it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurons.errors import OptionError
from neurons.pages.atlas import Column
from neurons.recipes.write_result import kind_of
from neurons.results.result import Result
from neurons.results.table import as_arrow

# names the unit that a row is about
NEURON = "neuron"
Rows = Mapping[str, Mapping[str, Any]]


def unit_columns(neurons: Sequence[str], tables: Sequence[Result]) -> tuple[Column, ...]:
    """Give the columns of results whose rows name a neuron, in the order of a layer's units.

    Parameters
    ----------
    neurons : sequence of str
        Addresses of the layer's units.
    tables : sequence of Result
        Where several have a column of one name, that of a later one gains its kind's name. Where a
        result has several rows for a unit, its first one counts.

    Returns
    -------
    tuple of Column
        Columns that say nothing of any of these units are left out.

    Raises
    ------
    OptionError
        If a result's rows name no neuron, or none of these.
    """
    found: dict[str, Column] = {}
    for table in tables:
        rows = rows_by_neuron(table)
        if not any(neuron in rows for neuron in neurons):
            raise OptionError(_other_units(table, rows, neurons))
        about = table.columns_about()
        for name in dict.fromkeys(name for row in rows.values() for name in row):
            column = _column(name, [rows.get(each, {}).get(name) for each in neurons], about)
            if column is not None:
                free = name if name not in found else f"{kind_of(table)}.{name}"
                found[free] = Column(free, column.values, column.about, column.searched)
    return tuple(found.values())


def rows_by_neuron(table: Result) -> Rows:
    """Give a result's rows by the neuron that they are about, without that column.

    Raises
    ------
    OptionError
        If its rows name no neuron.
    """
    listed = as_arrow(table.rows()).to_pylist()
    found: dict[str, dict[str, Any]] = {}
    for row in listed:
        neuron = row.pop(NEURON, None)
        if neuron is None:
            raise OptionError(
                f"{table.title!r} ({kind_of(table)}) has a row that names no neuron; give results "
                f"with a column {NEURON!r}, such as units, labels or a census"
            )
        found.setdefault(str(neuron), row)
    return found


def _column(name: str, values: list[Any], about: Mapping[str, str]) -> Column | None:
    """Make a column of numbers, or of text where any value is none; None if all are empty."""
    known = [value for value in values if value not in (None, "") and value == value]
    if not known:
        return None
    told = about.get(name, "")
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known):
        nan = float("nan")
        return Column(name, [nan if v in (None, "") else float(v) for v in values], told)
    words = [_word(value) for value in values]
    return Column(name, words, told, searched=not all(isinstance(v, bool) for v in known))


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _other_units(table: Result, rows: Rows, neurons: Sequence[str]) -> str:
    named = next(iter(rows), "none")
    return (
        f"{table.title!r} ({kind_of(table)}) says nothing of the units {neurons[0]} to "
        f"{neurons[-1]}: its first is {named}; give one of this layer"
    )
