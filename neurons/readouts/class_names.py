"""Which name stands for a class where two are called the same, and is it a word at all?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from neurons.data.images import ImageSet

# WordNet's and Freebase's ids, numbers, "class_12", and hashes: none is a word that CLIP has read
_ID = re.compile(
    r"[nvar]\d{8}|/?[mg]/[0-9a-z_]+|\d+|(class|label|cls|id|category)[ _-]?\d+"
    r"|(?=[0-9a-f-]*\d)[0-9a-f-]{8,}|q\d+",
    re.IGNORECASE,
)
_NAMED = 2


def shown_names(images: ImageSet) -> tuple[str, ...]:
    """Name every class of a set so that no two are the same.

    Where several classes have one name (ImageNet's "crane" is a bird and a machine), each gets the
    folder that holds its images if they all lie in one, else its number: ``crane (n02012849)`` or
    ``crane (#134)``.

    Parameters
    ----------
    images : ImageSet

    Returns
    -------
    tuple of str, (classes,)
        By label. Equal sets have equal names.
    """
    names = images.class_names
    times = Counter(names)
    doubled = [k for k, name in enumerate(names) if times[name] > 1]
    if not doubled:
        return names
    folders = {k: _folder_of(images, k) for k in doubled}
    by_folder = Counter((names[k], folders[k]) for k in doubled)
    shown = list(names)
    for k in doubled:
        telling = folders[k] and by_folder[names[k], folders[k]] == 1
        shown[k] = f"{names[k]} ({folders[k] if telling else f'#{k}'})"
    # a name that was there before, in this very form
    taken = Counter(shown)
    return tuple(name if taken[name] == 1 else f"{names[k]} (#{k})" for k, name in enumerate(shown))


def ids_for_names(names: Sequence[str]) -> str:
    """Say that class names are no words, if most look like ids.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    str
        A sentence; empty where half of the names or more are words.
    """
    found = [name for name in names if _ID.fullmatch(name.strip())]
    if not names or 2 * len(found) <= len(names):
        return ""
    return (
        f"{len(found):,} of {len(names):,} class names look like ids, not words "
        f"({', '.join(map(repr, found[:_NAMED]))}): a text tower reads them as they are "
        f"written, so zero-shot answers by these names mean little; name the classes in words."
    )


def _folder_of(images: ImageSet, label: int) -> str:
    """Give the name of the folder that holds all images of a class; empty if there is none."""
    if images.labels is None:
        return ""
    folders = {
        PurePosixPath(images.ids[int(row)]).parent.name
        for row in np.flatnonzero(images.labels == label)
    }
    return folders.pop() if len(folders) == 1 else ""
