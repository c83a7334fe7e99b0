"""Which rows of a table are meant, and in which order?"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from neurons.errors import OptionError

SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


@dataclass(frozen=True)
class Condition:
    """What a cell must be, such as ``lift>10`` or ``class=dog``.

    Parameters
    ----------
    column : str
    sign : str
        One of `SIGNS`; ``=`` and ``!=`` compare text without regard to case.
    value : str
        A number, or text.
    """

    column: str
    sign: str
    value: str

    def __str__(self) -> str:
        return f"{self.column} {self.sign} {self.value}"

    def holds(self, cell: object) -> bool:
        """Tell whether it holds; an empty cell equals only the empty text.

        Raises
        ------
        OptionError
            If text is asked of a number, or an order of text.
        """
        compare = SIGNS[self.sign]
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            # nan is equal to nothing and never in an order
            return compare(cell, self._number())
        if self.sign not in ("=", "!="):
            if cell is None:
                return False
            raise OptionError(f"{self.column!r} is text: it can be compared by = and != only")
        told = "" if cell is None else str(cell)
        return compare(told.casefold(), self.value.casefold())

    def _number(self) -> float:
        try:
            return float(self.value)
        except ValueError:
            raise OptionError(
                f"{self.column!r} holds numbers, and {self.value!r} is none"
            ) from None


def choose(
    rows: Sequence[Mapping[str, Any]],
    *,
    where: Sequence[Condition] = (),
    sort: str | None = None,
    top: int | None = None,
) -> list[int]:
    """Find the rows that all conditions hold for, sorted, and the first of them.

    Parameters
    ----------
    rows : sequence of mapping
        With the same columns.
    where : sequence of Condition
    sort : str, optional
        A column: numbers from the largest, text from A to Z, what is empty or nan last.
    top : int >= 1, optional
        How many to keep.

    Returns
    -------
    list of int
        Indices of rows; rows that are equal in the column keep their order.

    Raises
    ------
    OptionError
        If there is no such column, or a condition does not fit it.
    """
    if top is not None and top < 1:
        raise OptionError(f"the first {top} rows are none; ask for 1 or more")
    if rows:
        check_columns(list(rows[0]), where=where, sort=sort)
    kept = [i for i, row in enumerate(rows) if all(each.holds(row[each.column]) for each in where)]
    if sort is not None:
        kept.sort(key=lambda i: _key(rows[i][sort]))
    return kept[:top]


def check_columns(
    columns: Sequence[str], *, where: Sequence[Condition] = (), sort: str | None = None
) -> None:
    """Refuse what a table does not have.

    Raises
    ------
    OptionError
        If a condition, or the order, names no column.
    """
    for name in (*(each.column for each in where), *([sort] if sort else [])):
        if name not in columns:
            near = get_close_matches(name, columns, 1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise OptionError(f"no column {name!r}; there are: {', '.join(columns)}{meant}")


def _key(cell: object) -> tuple[bool, float, str]:
    if isinstance(cell, (int, float)):
        return (cell != cell, 0.0 if cell != cell else -float(cell), "")
    return (not cell, 0.0, "" if cell is None else str(cell))
