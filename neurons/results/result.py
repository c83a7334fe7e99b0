"""What does a study answer? A typed result that saves itself, reloads, and describes itself.

A study's result gives five things, and every writer works on them alone: its `title`, a few
`facts`, a `verdict` in a sentence or two, its `blocks` to draw, and its `rows` as numbers.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderResult

from neurons.errors import ResultNotFoundError
from neurons.files import check_place, write_file
from neurons.results.blocks import Block, Note
from neurons.results.drawn import as_html, as_text
from neurons.results.saved import (
    ARRAYS,
    ARRAYS_OF_0_1,
    FORMAT,
    JSON,
    check_not_another,
    converter,
    plain,
    read_saved,
)
from neurons.results.table import Row, as_arrow, write_table

if TYPE_CHECKING:
    import pandas as pd

# letters of a repr
_LONGEST = 190


@dataclass(frozen=True)
class Result:
    """Base of every study's answer: a frozen dataclass of plain values, arrays and thumbnails.

    Parameters
    ----------
    provenance : mapping
        What it was measured on: model, images, precision, versions.
    """

    # what this kind, and its fields, were called when they were written by version 0.1
    was: ClassVar[str] = ""
    fields_were: ClassVar[Mapping[str, str]] = {}

    provenance: Mapping[str, Any]

    def __init_subclass__(cls) -> None:
        # before @dataclass looks: it would print every field, and a result holds pictures
        cls.__repr__ = Result.__repr__  # type: ignore[method-assign]

    @property
    def title(self) -> str:
        """Name what was asked, such as ``visual.layer4:144``: the head of its page."""
        raise NotImplementedError(f"{type(self).__name__} must name itself")

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give a few numbers for the top of a page, each with its name."""
        return ()

    def verdict(self) -> str:
        """Say in a sentence or two what was found; that it means nothing, if so, comes first."""
        return ""

    def blocks(self) -> tuple[Block, ...]:
        """Describe the result as blocks to draw, the most telling first, after the verdict."""
        raise NotImplementedError(f"{type(self).__name__} must describe itself")

    def rows(self) -> Sequence[Row]:
        """Give the measured numbers one by one, as dataclasses or mappings: a table's rows."""
        raise NotImplementedError(f"{type(self).__name__} must give its numbers")

    def columns_about(self) -> Mapping[str, str]:
        """Tell in a sentence what columns of the rows say, for whoever does not know their names.

        Returns
        -------
        mapping of str to str
            By the column's name; a column that speaks for itself need not be there.
        """
        return {}

    def described(self) -> tuple[Block, ...]:
        """Give all that is shown: the verdict, and the blocks."""
        told = self.verdict()
        return ((Note(told),) if told else ()) + self.blocks()

    def to_pandas(self) -> pd.DataFrame:
        """Give the `rows` as a table of pandas; pictures are left out."""
        return as_arrow(self.rows()).to_pandas()

    def to_table(self, path: str | Path, *, replace: bool = False) -> Path:
        """Write the `rows` to a ``.csv`` or ``.parquet`` file; pictures are left out.

        Raises
        ------
        OptionError
            If the path has another ending, or is a folder.
        OutputExistsError
            If another table is there, and may not be replaced.
        """
        return write_table(self.rows(), Path(path), replace=replace)

    def check_save(self, folder: str | Path) -> None:
        """Refuse a folder that `save` would refuse; nothing is written.

        Raises
        ------
        OutputExistsError
            If another result is there: of another kind, of something else (its provenance differs,
            but for versions), or asked in another way (a number or a name of its fields differs).
        OptionError
            If the folder holds other things, or cannot be made.
        """
        names = (type(self).__name__, self.was)
        check_not_another(Path(folder), names, self.provenance, self._named_values())

    def _named_values(self) -> dict[str, Any]:
        """Give the fields that are names, numbers or choices: what it was asked with."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, (str, int))}

    def save(self, folder: str | Path, *, replace: bool = False) -> None:
        """Write the result into a folder; equal results give equal bytes.

        A kill at any moment leaves the result that was there before or the new one, whole: the
        arrays have a name of their own, and ``result.json``, written last, says which it is.

        Parameters
        ----------
        folder : str or Path
        replace : bool
            Whether another result that is there may be replaced.

        Raises
        ------
        OutputExistsError, OptionError
            As `check_save`; with ``replace`` only if the folder cannot be made.
        """
        folder = Path(folder)
        if replace:
            check_place(folder)
        else:
            self.check_save(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[Any]] = {}
        fields = plain(self, arrays)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        name = ARRAYS.format(hashlib.sha256(buffer.getvalue()).hexdigest()[:12])
        content = {
            "format": FORMAT,
            "kind": type(self).__name__,
            "arrays": name,
            "fields": fields,
        }
        write_file(folder / name, buffer.getvalue())
        write_file(folder / JSON, json.dumps(content, indent=1, allow_nan=False).encode())
        # also what a kill left unfinished, and what version 0.1 wrote
        for old in (*folder.glob("arrays-*"), folder / ARRAYS_OF_0_1):
            if old.name != name:
                old.unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        ResultNotFoundError
            If there is no result, it is one of another kind, or a version wrote it whose numbers
            this one cannot read.
        """
        file = Path(folder) / JSON
        if not file.is_file():
            raise ResultNotFoundError(f"no result at {str(folder)!r}")
        kind, version, content = read_saved(file)
        if kind not in (cls.__name__, cls.was):
            raise ResultNotFoundError(
                f"{str(folder)!r} holds a {kind}, not a {cls.__name__}; load it with {kind}.load"
            )
        if version > FORMAT:
            raise ResultNotFoundError(
                f"{str(folder)!r} was written by a later version (format {version}, here "
                f"{FORMAT}); update neurons to read it"
            )
        with np.load(Path(folder) / content.get("arrays", ARRAYS_OF_0_1)) as stored:
            arrays = dict(stored)
        fields = content["fields"]
        if version < FORMAT:
            fields = {cls.fields_were.get(name, name): value for name, value in fields.items()}
        try:
            return converter(arrays).structure(fields, cls)
        except Exception as error:
            # cattrs groups whatever it meets; all that matters is that the fields were others
            writer = "version 0.1" if version < FORMAT else "another state of this version"
            raise ResultNotFoundError(
                f"{str(folder)!r} was written by {writer}, whose {kind} had other fields; make it "
                f"again with the command that wrote it"
            ) from error

    def __repr__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self.facts())
        # a title may hold a file's name, and that a line break
        told = " ".join(f"{type(self).__name__} {self.title}{': ' if facts else ''}{facts}".split())
        return f"<{told}>" if len(told) <= _LONGEST else f"<{told[:_LONGEST]}...>"

    def _repr_html_(self) -> str:
        return "".join(as_html(block) for block in self.described())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for block in self.described():
            yield as_text(block)
