"""Which rows of several systems are of one image? Joined by id or content, never by position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.activations.run_system import RunSystem
from neurons.activations.system_side import Side
from neurons.data.systems import ROW, System
from neurons.errors import MismatchError

# below, a debiased measure does not exist
FEWEST = 4


@dataclass(frozen=True, eq=False)
class CommonImages:
    """The images that several systems have in common, and each system's rows of them.

    Parameters
    ----------
    ids : tuple of str
        In the order of the first system.
    sides : tuple of Side
        One per system, in the order given.
    by : str
        What they were joined by: ``id``, ``row`` of a table of images, or ``content``.
    told : str
        What was left out, in a sentence; empty if every system has the same images.
    """

    ids: tuple[str, ...]
    sides: tuple[Side, ...]
    by: str
    told: str

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def names(self) -> tuple[str, ...]:
        """Name each system: its model's short name, numbered where several have the same.

        All of them are numbered, the first too, so that none looks like the only one.
        """
        titles = [side.system.title for side in self.sides]
        numbers = {title: count(1) for title in titles}
        taken = {title for title in titles if titles.count(title) == 1}
        found = []
        for title in titles:
            told = title
            while title not in taken and (told == title or told in taken or told in found):
                told = f"{title} ({next(numbers[title])})"
            found.append(told)
        return tuple(found)

    def part(self, rows: NDArray[np.intp]) -> CommonImages:
        """Take some of the images, in another order if so given: the same of every side."""
        sides = tuple(replace(side, rows=side.rows[rows]) for side in self.sides)
        return replace(self, ids=tuple(self.ids[row] for row in rows.tolist()), sides=sides)

    def provenance(self) -> dict[str, Any]:
        """Tell what is compared on what, as plain values."""
        systems = {f"system {i + 1}": side.system.provenance() for i, side in enumerate(self.sides)}
        return {**systems, "common images": {"n": len(self), "joined by": self.by}}


def common_images(*systems: System | Activations, fewest: int = FEWEST) -> CommonImages:
    """Join rows of several systems that are of one image.

    Images are joined by their ids; where an array only knows the row of each image in a table, by
    that row; and where no id is shared but every run keeps the content of its files, by that. An
    image that is not in every system, or of which nothing is known in one of them, is left out,
    and counted in `CommonImages.told`.

    Parameters
    ----------
    *systems : System or Activations
        Two or more; a run is pooled by its peak.
    fewest : int
        Images that there must be in common.

    Returns
    -------
    CommonImages

    Raises
    ------
    MismatchError
        If ids are missing or doubled, the same ids are of other files, or fewer images are in
        common; the message says what differs.
    """
    found = [RunSystem(each) if isinstance(each, Activations) else each for each in systems]
    by, keys = _keys(found)
    for system, each in zip(found, keys, strict=True):
        _check_once(system, each, by)
    known = [
        {key: row for row, key in enumerate(each) if system.known[row]}
        for system, each in zip(found, keys, strict=True)
    ]
    shared = [key for key in known[0] if all(key in each for each in known[1:])]
    if len(shared) < fewest:
        raise MismatchError(_told_too_few(found, len(shared), fewest, by))
    rows = [np.array([each[key] for key in shared], np.intp) for each in known]
    _check_same_files(found, rows, by)
    named = next((i for i, each in enumerate(found) if not _only_rows(each)), 0)
    ids = found[named].ids
    return CommonImages(
        tuple(ids[row] for row in rows[named].tolist()),
        tuple(Side(system, each) for system, each in zip(found, rows, strict=True)),
        by,
        "".join(each.note for each in found) + _told_left_out(found, keys, shared),
    )


def _only_rows(system: System) -> bool:
    return all(each.startswith(ROW) for each in system.ids)


def _keys(systems: Sequence[System]) -> tuple[str, list[list[str]]]:
    """Give what each system's rows are joined by, and its name."""
    if any(map(_only_rows, systems)):
        return "row", [_row_numbers(each) for each in systems]
    ids = [list(each.ids) for each in systems]
    if set(ids[0]).intersection(*ids[1:]):
        return "id", ids
    hashes = [each.hashes() for each in systems]
    if any(each is None for each in hashes):
        return "id", ids
    return "content", [_once([row.tobytes().hex() for row in h]) for h in hashes if h is not None]


def _once(keys: list[str]) -> list[str]:
    """Keep the first of equal files: the same file gives the same numbers."""
    seen: set[str] = set()
    found = []
    for row, key in enumerate(keys):
        found.append(f"copy {row} of {key}" if key in seen else key)
        seen.add(key)
    return found


def _row_numbers(system: System) -> list[str]:
    found = [each.rpartition(ROW)[2] if ROW in each else "" for each in system.ids]
    if not all(each.isdecimal() for each in found):
        first = next(i for i, each in enumerate(found) if not each.isdecimal())
        raise MismatchError(
            f"the rows of an array are numbers of a table of images, but the images of "
            f"{system.told} are no rows of a table (the first such: {system.ids[first]!r}); give "
            f"the id of each row"
        )
    return found


def _check_once(system: System, keys: list[str], by: str) -> None:
    doubled = [key for key, n in Counter(keys).items() if n > 1]
    if doubled:
        raise MismatchError(
            f"{len(doubled):,} ids stand on several rows of {system.told}, the first, "
            f"{doubled[0]!r}{', in several files' if by == 'row' else ''}, on "
            f"{keys.count(doubled[0]):,}: each row needs an id of its own, but where rows of one "
            f"id are said to be repeats of one image"
        )


def _check_same_files(systems: Sequence[System], rows: list[NDArray[np.intp]], by: str) -> None:
    """Refuse images of the same names that are other files, as far as the runs can tell."""
    if by == "content":
        return
    hashes = [each.hashes() for each in systems]
    for other in range(1, len(systems)):
        for one in range(other):
            told = f"{systems[one].told} and {systems[other].told}"
            first, second = hashes[one], hashes[other]
            if first is not None and second is not None:
                differs = (first[rows[one]] != second[rows[other]]).any(1)
                if differs.any():
                    example = systems[one].ids[int(rows[one][np.flatnonzero(differs)[0]])]
                    raise MismatchError(
                        f"{int(differs.sum()):,} of {len(differs):,} images of the same id in "
                        f"{told} are other files (SHA-256), the first {example!r}; scan the same "
                        f"images with both models"
                    )
            elif _other_fingerprint(systems[one], systems[other]):
                raise MismatchError(
                    f"{told} were made of other files of the same names (their fingerprints "
                    f"differ: names, sizes); scan the same images with both models"
                )


def _other_fingerprint(one: System, other: System) -> bool:
    """Compare fingerprints where both are of whole sets of the same ids in the same order."""
    of = [each.provenance().get("images", {}) for each in (one, other)]
    if any("part" in each or "fingerprint" not in each for each in of):
        return False
    return list(one.ids) == list(other.ids) and of[0]["fingerprint"] != of[1]["fingerprint"]


def _told_too_few(systems: Sequence[System], n: int, fewest: int, by: str) -> str:
    each = "; ".join(
        f"{system.told} knows {int(system.known.sum()):,} of {len(system.ids):,} images, such as "
        f"{_example(system)}"
        for system in systems
    )
    return (
        f"{n:,} images are in common by {by}, and {fewest:,} are needed: {each}; compare systems "
        f"that saw the same images, named alike"
    )


def _example(system: System) -> str:
    return repr(system.ids[0]) if len(system.ids) else "none"


def _told_left_out(
    systems: Sequence[System], keys: Sequence[Sequence[str]], shared: Sequence[str]
) -> str:
    there = set(shared)
    told = []
    for system, each in zip(systems, keys, strict=True):
        known = system.known
        unknown = int((~known).sum())
        others = sum(key not in there for row, key in enumerate(each) if known[row])
        if unknown or others:
            parts = [f"{others:,} that not every other has"] if others else []
            parts += [f"{unknown:,} of which it knows nothing (skipped, or nan)"] if unknown else []
            told.append(f"{' and '.join(parts)} of {len(each):,} in {system.told}")
    return f"{len(shared):,} images are compared; left out: {'; '.join(told)}. " if told else ""
