"""Which pictures show the shape of one class and the texture of another, and which are these?

Geirhos et al. 2019 call such a picture a cue conflict, and name its file ``SHAPE1-TEXTURE2.png``:
``dog10-bird2`` has the shape of the tenth dog and the texture of the second bird.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from neurons.data.folders import OUTER
from neurons.data.images import ImageSet, images
from neurons.data.opening import MINIATURE
from neurons.data.sources import UNLABELLED
from neurons.drawn_world import cue_contest
from neurons.errors import ImagesNotFoundError, LabelsMissingError

SHAPE, TEXTURE, WORD = "shape", "texture", "word"
CUES = (SHAPE, TEXTURE, WORD)
# of pictures that lie in no folder of a kind of their own
CONFLICT, AGREEING = "conflict", "shape and texture agree"
_PAIR = re.compile(r"(\D+)(\d+)-(\D+)(\d+)")


@dataclass(frozen=True)
class Stimulus:
    """What a file's name tells of a cue conflict."""

    shape: str
    shape_source: str
    texture: str
    texture_source: str


@dataclass(frozen=True, eq=False)
class CueImages:
    """Pictures with their cues: each names a class, and in a conflict they name different ones.

    Parameters
    ----------
    images : ImageSet
    cues : mapping of str to tuple of str
        By cue (`SHAPE`, `TEXTURE`, perhaps `WORD`) the class that each image's cue is of; empty
        where it has none.
    sources : mapping of str to tuple of str
        By cue which picture of that class it was taken from, such as ``dog10``; empty if unknown.
    parts : tuple of str
        The part of the set that each image belongs to, such as ``conflict`` or ``edges``.
    """

    images: ImageSet
    cues: Mapping[str, tuple[str, ...]]
    sources: Mapping[str, tuple[str, ...]]
    parts: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class that a cue names, in alphabetical order."""
        return tuple(sorted({name for names in self.cues.values() for name in names} - {""}))

    @property
    def in_conflict(self) -> NDArray[np.bool_]:
        """Tell which images have cues of different classes, (images,)."""
        rows = zip(*self.cues.values(), strict=True)
        return np.array([len({*row} - {""}) > 1 for row in rows], bool)

    def truth(self) -> tuple[str, ...]:
        """Give each image's class if its cues agree; empty in a conflict."""
        rows = zip(*self.cues.values(), strict=True)
        told = [{*row} - {""} for row in rows]
        return tuple(min(names) if len(names) == 1 else "" for names in told)


def cue_images(source: str | Path | ImageSet) -> CueImages:
    """Open pictures whose shape, texture and perhaps word are known.

    Parameters
    ----------
    source : str, Path or ImageSet
        A folder with ``CLASS/SHAPE1-TEXTURE2.png`` as Geirhos et al. 2019 published it; a folder
        of such folders (``conflict``, ``edges``, ``filled-silhouettes``), where what is called
        otherwise has no conflict; images with columns ``shape`` and ``texture`` (and ``word``)
        in their table; ``miniature`` (drawn on first use); or labelled images such as
        ``STYLE/CLASS/x.jpg``, of which none is in conflict.

    Raises
    ------
    ImagesNotFoundError
        If there is nothing there, or a file's name contradicts its folder.
    LabelsMissingError
        If neither names, nor a table, nor folders tell a class.

    References
    ----------
    Geirhos et al., "ImageNet-trained CNNs are biased towards texture; increasing shape bias
    improves accuracy and robustness", ICLR 2019.
    """
    if source == MINIATURE:
        source = cue_contest.folder()
    opened = source if isinstance(source, ImageSet) else images(source)
    if {SHAPE, TEXTURE} <= set(opened.columns):
        return _of_table(opened)
    told = [read_name(name) for name in opened.ids]
    if any(told):
        _check_folders(opened, told)
    return _of_names(opened, told)


def read_name(name: str) -> Stimulus | None:
    """Read a file's name, such as ``dog10-bird2.png``: a dog's shape; None if it is no such name.

    What raw data put before it (``0001_s5n_dnn_0_dog_00_dog10-bird2.png``) is left out.
    """
    stem = PurePosixPath(name).stem
    if stem[:1].isdigit():
        stem = stem.rpartition("_")[2]
    found = _PAIR.fullmatch(stem)
    if found is None:
        return None
    shape, first, texture, second = found.groups()
    return Stimulus(shape, shape + first, texture, texture + second)


def _of_table(opened: ImageSet) -> CueImages:
    cues = {cue: _text(opened, cue) for cue in CUES if cue in opened.columns}
    sources = {
        cue: _text(opened, f"{cue}_source") for cue in cues if f"{cue}_source" in opened.columns
    }
    parts = _text(opened, "part") if "part" in opened.columns else _parts(cues)
    rows = zip(*cues.values(), strict=True)
    nameless = [name for name, row in zip(opened.ids, rows, strict=True) if not any(row)]
    if nameless:
        raise LabelsMissingError(
            f"{opened.name!r}: {nameless[0]!r} has neither a shape nor a texture in the table "
            f"({len(nameless):,} such); give it one, or leave it out"
        )
    return CueImages(opened, cues, sources, parts)


def _of_names(opened: ImageSet, told: Sequence[Stimulus | None]) -> CueImages:
    """Take what names tell; an image that is called otherwise shows its folder's class."""
    folders = opened.column(OUTER) if OUTER in opened.columns else [""] * len(opened)
    shapes, textures, parts = [], [], []
    labels = opened.labels
    for i, each in enumerate(told):
        if each is not None:
            shapes.append(each.shape)
            textures.append(each.texture)
            parts.append(AGREEING if each.shape == each.texture else CONFLICT)
            continue
        known = -1 if labels is None else int(labels[i])
        if known == UNLABELLED:
            raise LabelsMissingError(
                f"{opened.name!r}: nothing tells the class of {opened.ids[i]!r}; call files "
                f"SHAPE1-TEXTURE2.png, put them into a folder per class, or give a metadata.csv "
                f"with the columns file_name, shape and texture"
            )
        shapes.append(opened.class_names[known])
        textures.append("")
        parts.append(str(folders[i]) or "images without conflict")
    sources = {
        SHAPE: tuple(each.shape_source if each else "" for each in told),
        TEXTURE: tuple(each.texture_source if each else "" for each in told),
    }
    cues = {SHAPE: tuple(shapes), TEXTURE: tuple(textures)}
    return CueImages(opened, cues, sources if any(told) else {}, tuple(parts))


def _check_folders(opened: ImageSet, told: Sequence[Stimulus | None]) -> None:
    """Refuse names whose first class is not their folder's: then which is the shape is unsure."""
    if opened.labels is None:
        return
    for name, each, label in zip(opened.ids, told, opened.labels.tolist(), strict=True):
        if each is None or label == UNLABELLED:
            continue
        if opened.class_names[label] != each.shape:
            raise ImagesNotFoundError(
                f"{opened.name!r}: {name!r} lies in the folder of {opened.class_names[label]!r}, "
                f"and its name says shape {each.shape!r}, texture {each.texture!r}; put it into "
                f"the folder of its shape, or give a metadata.csv with the columns file_name, "
                f"shape and texture"
            )


def _parts(cues: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Name each image's part by which cues it has, and whether they agree."""
    found = []
    for row in zip(*cues.values(), strict=True):
        has = [cue for cue, name in zip(cues, row, strict=True) if name]
        if len(has) == 1:
            found.append(f"{has[0]} alone")
        else:
            agree = len({*row} - {""}) == 1
            found.append(" and ".join(has) + " agree" if agree else " x ".join(has))
    return tuple(found)


def _text(opened: ImageSet, column: str) -> tuple[str, ...]:
    return tuple("" if cell is None else str(cell).strip() for cell in opened.column(column))
