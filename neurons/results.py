"""What does a study answer? A typed result that saves itself, reloads, and describes itself."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cattrs
import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderResult

from neurons.blocks import Block, as_html, as_text
from neurons.errors import RunNotFoundError

FORMAT = 1


@dataclass(frozen=True)
class Result:
    """Base of every study's answer: a frozen dataclass of plain values, arrays and thumbnails.

    Parameters
    ----------
    provenance : mapping
        What it was measured on: model, images, precision, versions.
    """

    provenance: Mapping[str, Any]

    def blocks(self) -> tuple[Block, ...]:
        """Describe the result as blocks to draw, the most telling first."""
        raise NotImplementedError(f"{type(self).__name__} must describe itself")

    def save(self, folder: str | Path) -> None:
        """Write ``result.json`` and ``arrays.npz`` into a folder; equal results, equal bytes."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[Any]] = {}
        fields = _plain(self, arrays)
        content = {"format": FORMAT, "kind": type(self).__name__, "fields": fields}
        part = folder / "arrays.partial.npz"
        np.savez_compressed(part, **arrays)  # type: ignore[arg-type]
        part.replace(folder / "arrays.npz")
        text = folder / "result.json.partial"
        text.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")
        text.replace(folder / "result.json")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        RunNotFoundError
            If there is no result, or it is one of another kind.
        """
        file = Path(folder) / "result.json"
        if not file.is_file():
            raise RunNotFoundError(f"no result at {str(folder)!r}")
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["kind"] != cls.__name__:
            raise RunNotFoundError(
                f"{str(folder)!r} holds a {content['kind']}, not a {cls.__name__}; "
                f"load it with {content['kind']}.load"
            )
        with np.load(Path(folder) / "arrays.npz", allow_pickle=False) as stored:
            arrays = dict(stored)
        return _converter(arrays).structure(content["fields"], cls)

    def _repr_html_(self) -> str:
        return "".join(as_html(block) for block in self.blocks())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for block in self.blocks():
            yield as_text(block)


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
    converter = cattrs.Converter()
    converter.register_structure_hook(bytes, lambda name, _: arrays[name].tobytes())
    converter.register_structure_hook_func(_is_array, lambda name, _: arrays[name])
    converter.register_structure_hook_func(_is_provenance, lambda value, _: value)
    return converter


def _is_array(kind: Any) -> bool:
    return bool(getattr(kind, "__origin__", kind) is np.ndarray)


def _is_provenance(kind: Any) -> bool:
    return bool(kind == Mapping[str, Any])
