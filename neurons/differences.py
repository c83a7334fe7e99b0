"""Do two things belong together, and where do their descriptions differ?

What is made of a model, of images or of a run keeps a description of it, as plain values. Two
things belong together where these agree as far as both speak of the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurons.errors import MismatchError


def differences(
    held: Mapping[str, Any],
    asked: Mapping[str, Any],
    at: str = "",
    *,
    holder: str = "the run",
    other: str = "asked is",
) -> list[str]:
    """List where two nested mappings differ, key by key, as far as ``asked`` has the key.

    Where things lay is no difference: a moved folder holds the same images, and a moved model
    has the same weights.

    Parameters
    ----------
    held, asked : mapping
        Plain values, as JSON has them.
    at : str
        What stands before each key.
    holder, other : str
        How the two values are introduced: ``steps: the run has 1, asked is 2``.
    """
    found = []
    if at == "layers." and set(held) != set(asked):
        return [f"layers: {holder} has {', '.join(held)}, {other} {', '.join(asked)}"]
    for key, value in asked.items():
        if _is_place(f"{at}{key}"):
            continue
        there = held.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            found += differences(there, value, f"{at}{key}.", holder=holder, other=other)
        elif there != value:
            found.append(f"{at}{key}: {holder} has {_short(there)}, {other} {_short(value)}")
    return found


def check_belongs(
    thing: str, made_of: Mapping[str, Any], source: str, is_now: Mapping[str, Any]
) -> None:
    """Refuse two things that do not belong together, such as an album and another model's run.

    Parameters
    ----------
    thing : str
        As a message calls it, such as ``album 'pictures'``.
    made_of : mapping
        Its description of what it was made of: its provenance. It may name the model and the
        images itself, or inside ``run`` or ``probe``.
    source : str
        What it is put together with, such as ``run 'photos'``.
    is_now : mapping
        The source's own provenance.

    Raises
    ------
    MismatchError
        If they name different models, or different images; a thing that names no images, such as
        an album that was made without a run, belongs to every run of its model.
    """
    found = []
    for key in ("model", "images"):
        of, now = _spoken_of(made_of, key), _spoken_of(is_now, key)
        if of is not None and now is not None:
            found += differences(of, now, f"{key}.", holder="the one", other="the other has")
    if found:
        raise MismatchError(
            f"{thing} does not belong to {source}: {'; '.join(found)}; give what belongs together, "
            f"or make the first anew from the second"
        )


def _spoken_of(provenance: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    found = provenance.get(key)
    if isinstance(found, Mapping):
        return found
    for inner in ("run", "probe"):
        deeper = provenance.get(inner)
        if isinstance(deeper, Mapping):
            spoken = _spoken_of(deeper, key)
            if spoken is not None:
                return spoken
    return None


def without_versions(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the versions of the libraries, at any depth: an update is no other setting."""
    return {
        key: without_versions(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
        if key != "versions"
    }


def listed_differences(found: Sequence[str], most: int = 4) -> str:
    """Join differences into one line, the first few of many."""
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(found[:most]) + more


def _is_place(key: str) -> bool:
    return key.split(".")[-1] == "where" or key.split(".")[-2:] == ["model", "name"]


def _short(value: object) -> str:
    # two hashes differ in their first digits
    return f"{value[:12]!r}" if isinstance(value, str) and len(value) == 64 else repr(value)
