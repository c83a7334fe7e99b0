"""How does a result lie in a folder, and is one that lies there another one?"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cattrs
import numpy as np
from numpy.typing import NDArray

from neurons.differences import differences, listed_differences, without_versions
from neurons.errors import OptionError, OutputExistsError, ResultNotFoundError
from neurons.files import check_place
from neurons.folder_kinds import inside, kind_of_folder

FORMAT = 2
JSON, ARRAYS, ARRAYS_OF_0_1 = "result.json", "arrays-{}.npz", "arrays.npz"
_OURS = ("table.csv", "arrays*.npz")


def check_not_another(
    folder: Path,
    names: Sequence[str],
    provenance: Mapping[str, Any],
    values: Mapping[str, str | int],
) -> None:
    """Refuse a folder where a result would be put over another one, or among other things.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        What the kind of result is called, and was.
    provenance : mapping
        What it was measured on; versions are not compared.
    values : mapping
        Its fields that are names, numbers or choices.

    Raises
    ------
    OutputExistsError, OptionError
        As `Result.check_save`.
    """
    check_place(folder)
    if not (folder / JSON).is_file():
        foreign = [each.name for each in inside(folder) if not any(map(each.match, _OURS))]
        if foreign and kind_of_folder(folder) is None:
            raise OptionError(
                f"{str(folder)!r} is not empty and holds no result: {foreign[0]!r} is in it; "
                f"choose another folder"
            )
        return
    kind, version, content = read_saved(folder / JSON)
    if kind in names:
        asked: dict[str, Any] = {"provenance": without_versions(plain(provenance, {}))}
        if version == FORMAT:
            # 0.1 had other names
            asked = {**asked, **values}
        held = content["fields"]
        found = differences(held, asked, holder="the one there", other="this one has")
    else:
        found = [f"it holds a {kind}, not a {names[0]}"]
    if found:
        raise OutputExistsError(
            f"another result is in {str(folder)!r} ({listed_differences(found)}); choose another "
            f"folder, or replace it (replace=True)"
        )


def read_saved(file: Path) -> tuple[str, int, dict[str, Any]]:
    """Read the kind, the format and the content of a saved result."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return str(content["kind"]), int(content["format"]), content
    except (ValueError, KeyError, TypeError):
        raise ResultNotFoundError(f"{str(file)!r} is no result that `save` wrote") from None


def plain(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Turn a value into JSON's types; arrays and bytes move into ``arrays``."""
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name), arrays) for field in fields}
    if isinstance(value, Mapping):
        return {str(key): plain(item, arrays) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, arrays) for item in value]
    if isinstance(value, (np.ndarray, bytes)):
        name = f"a{len(arrays)}"
        array = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
        arrays[name] = array
        return name
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no nan; the name is read back by float()
        return str(value)
    return value


def converter(arrays: Mapping[str, NDArray[Any]]) -> cattrs.Converter:
    """Give what builds a result from its fields; arrays and bytes are named in them."""
    # a field that this version does not know must not be dropped in silence
    made = cattrs.Converter(forbid_extra_keys=True)
    made.register_structure_hook(bytes, lambda name, _: arrays[name].tobytes())
    made.register_structure_hook_func(_is_array, lambda name, _: arrays[name])
    made.register_structure_hook_func(_is_provenance, lambda value, _: value)
    return made


def _is_array(kind: Any) -> bool:
    return bool(getattr(kind, "__origin__", kind) is np.ndarray)


def _is_provenance(kind: Any) -> bool:
    return bool(kind == Mapping[str, Any])
