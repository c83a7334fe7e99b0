"""What does a study answer? A typed result that saves itself, reloads, and describes itself.

A study's result gives five things, and every writer works on them alone: its `title`, a few
`facts`, a `verdict` in a sentence or two, its `blocks` to draw, and its `rows` as numbers.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import cattrs
import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderResult

from neurons.errors import ResultNotFoundError
from neurons.files import write_file
from neurons.results.blocks import Block, Note
from neurons.results.drawn import as_html, as_text
from neurons.results.table import Row, as_arrow, write_table

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 2
_JSON, _ARRAYS, _ARRAYS_OF_0_1 = "result.json", "arrays-{}.npz", "arrays.npz"
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

    def described(self) -> tuple[Block, ...]:
        """Give all that is shown: the verdict, and the blocks."""
        told = self.verdict()
        return ((Note(told),) if told else ()) + self.blocks()

    def to_pandas(self) -> pd.DataFrame:
        """Give the `rows` as a table of pandas; pictures are left out."""
        return as_arrow(self.rows()).to_pandas()

    def to_table(self, path: str | Path) -> Path:
        """Write the `rows` to a ``.csv`` or ``.parquet`` file; pictures are left out.

        Raises
        ------
        OptionError
            If the path has another ending.
        """
        return write_table(self.rows(), Path(path))

    def save(self, folder: str | Path) -> None:
        """Write the result into a folder; equal results give equal bytes.

        A kill at any moment leaves the result that was there before or the new one, whole: the
        arrays have a name of their own, and ``result.json``, written last, says which it is.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[Any]] = {}
        fields = _plain(self, arrays)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        name = _ARRAYS.format(hashlib.sha256(buffer.getvalue()).hexdigest()[:12])
        content = {
            "format": FORMAT,
            "kind": type(self).__name__,
            "arrays": name,
            "fields": fields,
        }
        write_file(folder / name, buffer.getvalue())
        write_file(folder / _JSON, json.dumps(content, indent=1, allow_nan=False).encode())
        # also what a kill left unfinished, and what version 0.1 wrote
        for old in (*folder.glob("arrays-*"), folder / _ARRAYS_OF_0_1):
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
        file = Path(folder) / _JSON
        if not file.is_file():
            raise ResultNotFoundError(f"no result at {str(folder)!r}")
        kind, version, content = _read(file)
        if kind not in (cls.__name__, cls.was):
            raise ResultNotFoundError(
                f"{str(folder)!r} holds a {kind}, not a {cls.__name__}; load it with {kind}.load"
            )
        if version > FORMAT:
            raise ResultNotFoundError(
                f"{str(folder)!r} was written by a later version (format {version}, here "
                f"{FORMAT}); update neurons to read it"
            )
        with np.load(Path(folder) / content.get("arrays", _ARRAYS_OF_0_1)) as stored:
            arrays = dict(stored)
        fields = content["fields"]
        if version < FORMAT:
            fields = {cls.fields_were.get(name, name): value for name, value in fields.items()}
        try:
            return _converter(arrays).structure(fields, cls)
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


def _read(file: Path) -> tuple[str, int, dict[str, Any]]:
    """Read the kind, the format and the content of a saved result."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return str(content["kind"]), int(content["format"]), content
    except (ValueError, KeyError, TypeError):
        raise ResultNotFoundError(f"{str(file)!r} is no result that `save` wrote") from None


def _plain(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Turn a value into JSON's types; arrays and bytes move into ``arrays``."""
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name), arrays) for field in fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(item, arrays) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, arrays) for item in value]
    if isinstance(value, (np.ndarray, bytes)):
        name = f"a{len(arrays)}"
        array = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
        arrays[name] = array
        return name
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no nan; the name is read back by float()
        return str(value)
    return value


def _converter(arrays: Mapping[str, NDArray[Any]]) -> cattrs.Converter:
    # a field that this version does not know must not be dropped in silence
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(bytes, lambda name, _: arrays[name].tobytes())
    converter.register_structure_hook_func(_is_array, lambda name, _: arrays[name])
    converter.register_structure_hook_func(_is_provenance, lambda value, _: value)
    return converter


def _is_array(kind: Any) -> bool:
    return bool(getattr(kind, "__origin__", kind) is np.ndarray)


def _is_provenance(kind: Any) -> bool:
    return bool(kind == Mapping[str, Any])
