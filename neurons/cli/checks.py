"""What is refused before anything heavy is imported? A path that is not there, a wrong address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neurons.address import Neuron
from neurons.errors import ImagesNotFoundError, ResultNotFoundError

# what images come from without a path: drawn on first use, and a data set of the hub
MINIATURE, HUB = "miniature", "hf:"


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
    if len(parts) > 1:
        missing = [part for part in parts if not Path(part).is_file()]
        if missing:
            raise ImagesNotFoundError(
                f"{len(missing)} of {len(parts)} listed files do not exist, the first: "
                f"{missing[0]!r}"
            )
        return
    for source in parts:
        if source != MINIATURE and not source.startswith(HUB) and not Path(source).exists():
            raise ImagesNotFoundError(
                f"no images at {source!r}: give a folder, a .parquet, .tar or .txt file, or "
                f"hf:OWNER/NAME:SPLIT"
            )


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
    """Refuse a folder that holds no saved result; whether it is a probe is seen on loading.

    Raises
    ------
    ResultNotFoundError
        If there is none.
    """
    if path is not None and not (path / "result.json").is_file():
        raise ResultNotFoundError(f"no result at {str(path)!r}")


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

    Raises
    ------
    AddressError
        If one is no address.
    """
    return tuple(Neuron.parse(token.value) for token in tokens)
