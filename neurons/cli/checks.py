"""What is refused before anything heavy is imported? A path that is not there, a wrong address."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from neurons.address import Neuron
from neurons.errors import (
    AddressError,
    ImagesNotFoundError,
    LayerNotFoundError,
    ModelNotFoundError,
    ResultNotFoundError,
)
from neurons.folder_kinds import PROBE, not_there, what_is

# what images come from without a path: drawn on first use, and a data set of the hub
MINIATURE, HUB = "miniature", "hf:"
_SOURCES = "a folder, a .parquet, .tar or .txt file, or hf:OWNER/NAME:SPLIT"
_MODELS = "MODEL/TAG such as RN50/openai, local-dir:PATH, hf-hub:OWNER/NAME or miniature"


def check_images(parts: Sequence[str]) -> None:
    """Refuse images that are not there; whether they can be read is seen when they are opened.

    Parameters
    ----------
    parts : sequence of str
        As ``--images`` was given; several are a list of files.

    Raises
    ------
    ImagesNotFoundError
        If there is nothing at a path.
    """
    if "" in parts:
        raise ImagesNotFoundError(f"no images were named; give {_SOURCES}")
    if len(parts) > 1:
        folders = [part for part in parts if part in (MINIATURE,) or Path(part).is_dir()]
        if folders:
            raise ImagesNotFoundError(
                f"several images are a list of files, and {folders[0]!r} is none: give one folder "
                f"(put folders into one, or write the paths of all files into a .txt)"
            )
        missing = [part for part in parts if not Path(part).is_file()]
        if missing:
            raise ImagesNotFoundError(
                f"{len(missing)} of {len(parts)} listed files do not exist, the first: "
                f"{missing[0]!r}"
            )
        return
    for source in parts:
        if source != MINIATURE and not source.startswith(HUB) and not Path(source).exists():
            near = difflib.get_close_matches(source, [MINIATURE, *_beside(Path(source))], 1, 0.8)
            meant = f"did you mean {near[0]!r}?" if near else f"give {_SOURCES}"
            raise ImagesNotFoundError(f"no images at {source!r}: {meant}")


def check_model(kind: Any, name: str | None) -> None:
    """Refuse a model's name that is a path, or nearly the miniature's; `Parameter` calls it.

    Whether open_clip knows a name is seen when it is loaded.

    Raises
    ------
    ModelNotFoundError
        If it cannot be one.
    """
    if name is None:
        return
    if not name.strip():
        raise ModelNotFoundError(f"no model was named; give {_MODELS}")
    if name.startswith(("/", "./", "../", "~")) or Path(name).is_dir():
        folder = Path(name).expanduser()
        told = f"did you mean local-dir:{folder}?" if folder.is_dir() else "no folder is there"
        raise ModelNotFoundError(f"{name!r} is a path, and no model's name; {told}")
    if name != MINIATURE and difflib.get_close_matches(name, [MINIATURE], 1, 0.8):
        raise ModelNotFoundError(f"no model {name!r}; did you mean {MINIATURE!r}?")


def check_layers(kind: Any, texts: tuple[str, ...]) -> None:
    """Refuse an empty list of layers; `Parameter` calls it.

    Raises
    ------
    LayerNotFoundError
        If no layer is named.
    """
    if texts and not any(part.strip() for text in texts for part in text.split(",")):
        raise LayerNotFoundError("no layer was named; `neurons layers MODEL` lists them")


def check_run(kind: Any, path: Path | None) -> None:
    """Refuse a folder that holds no run, or one of another version; `Parameter` calls it.

    Raises
    ------
    RunNotFoundError
        If there is no run.
    """
    from neurons.activations.run_format import read_spec  # needs numpy, and the help does not

    if path is not None:
        read_spec(path)


def check_probe(kind: Any, path: Path | None) -> None:
    """Refuse a folder that holds no probe; `Parameter` calls it.

    Raises
    ------
    ResultNotFoundError
        If there is nothing, something else, or one that is not finished.
    """
    if path is None:
        return
    there = what_is(path)
    if there not in (str(PROBE), "a saved Probe"):
        raise ResultNotFoundError(not_there(path, PROBE, "`neurons probe` makes one"))
    if not (path / "result.json").is_file():
        raise ResultNotFoundError(
            f"the probe at {str(path)!r} is not finished; give `neurons probe` the same command "
            f"again to go on"
        )


def _beside(path: Path) -> list[str]:
    """List what lies beside a path, as the path was written."""
    with suppress(OSError):
        return [str(path.parent / each.name) for each in path.parent.iterdir()]
    return []


def read_neuron(kind: Any, tokens: Sequence[Any]) -> Neuron:
    """Turn a word of the command line into a neuron; `Parameter` calls it.

    Raises
    ------
    AddressError
        If it is no address.
    """
    return Neuron.parse(tokens[0].value)


def read_neurons(kind: Any, tokens: Sequence[Any]) -> tuple[Neuron, ...]:
    """Turn words of the command line into neurons; `Parameter` calls it.

    A word is an address, a list (``layer:3,7``), a range (``layer:0-20``), or a file: of addresses,
    one a line, or a .csv with a column ``neuron``, as ``neurons units --csv`` writes it.

    Raises
    ------
    AddressError
        If one is no address.
    """
    found = [neuron for token in tokens for neuron in _neurons_of(token.value)]
    return tuple(dict.fromkeys(found))


def _neurons_of(word: str) -> tuple[Neuron, ...]:
    path = Path(word)
    if path.suffix not in (".txt", ".csv"):
        return Neuron.parse_many(word)
    if not path.is_file():
        raise AddressError(f"no file of addresses at {word!r}")
    with path.open(newline="", encoding="utf-8") as file:
        if path.suffix == ".txt":
            words = [line.strip() for line in file if line.strip()]
        else:
            reader = csv.DictReader(file)
            if "neuron" not in (reader.fieldnames or ()):
                held = ", ".join(reader.fieldnames or ()) or "none"
                raise AddressError(f"{word!r} has no column 'neuron'; its columns: {held}")
            words = [row["neuron"] for row in reader]
    if not words:
        raise AddressError(f"{word!r} holds no address")
    return tuple(neuron for each in words for neuron in Neuron.parse_many(each))
