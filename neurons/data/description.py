"""What is in a set of images, in one line?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurons.data.folders import OUTER
from neurons.data.sources import Source, counted

# so many classes, or outer folders, are named each
_FEW = 12
_WITHOUT = "probe, find and the lifts of classes need them"


def describe(source: Source, taken: str, counts: NDArray[np.intp] | None) -> str:
    """Tell how many images there are, where, of which classes, and what was left out.

    Parameters
    ----------
    source : Source
    taken : str
        Which images of a larger set these are, such as ``the first 50 of 400 images``; empty: all.
    counts : ndarray of int, (classes,), or None
        Images of each class; None where there are no labels.

    Returns
    -------
    str
        One line.
    """
    n, origin = len(source.ids), source.origin
    told = [" ".join(part for part in (taken or counted(n, "image"), origin.place) if part)]
    if counts is None:
        why = f" ({origin.labels})" if origin.labels else ""
        told.append(f"no labels{why}: {_WITHOUT}")
    else:
        told.append(_classes(counts, origin.labels))
        if n > counts.sum():
            told.append(f"{n - int(counts.sum()):,} of the images without a label")
    outer = sorted({str(value) for value in source.columns[OUTER]}) if _has_outer(source) else []
    if outer:
        named = ", ".join(outer[:_FEW]) + ", ..." * (len(outer) > _FEW)
        told.append(f"column {OUTER} from the outer ones ({named})")
    if taken and counts is not None:
        told.append(_per_class(counts, source.class_names))
    return "; ".join([", ".join(told), *origin.remarks])


def _has_outer(source: Source) -> bool:
    # a table may have a column of that name, which says nothing of folders
    return OUTER in source.columns and source.origin.labels.endswith(
        ("inner folders", "outer folders")
    )


def _classes(counts: NDArray[np.intp], where: str) -> str:
    present = int(np.count_nonzero(counts))
    of = f"{present:,} of {len(counts):,} classes" if present < len(counts) else ""
    return (of or counted(present, "class")) + (f" from {where}" if where else "")


def _per_class(counts: NDArray[np.intp], names: Sequence[str]) -> str:
    if len(counts) <= _FEW:
        each = (f"{name} {n:,}" for name, n in zip(names, counts, strict=True))
        return f"per class: {', '.join(each)}"
    return f"{counts.min():,} to {counts.max():,} images per class"
