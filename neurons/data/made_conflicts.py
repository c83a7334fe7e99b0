"""How are cue conflicts of one's own made, of the shapes of one set and the textures of another?

The folder's table, ``metadata.csv``, has shape and texture of each image, and the pictures that
they were taken from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import PIL
import scipy

from neurons.data.cue_parts import (
    Cover,
    ShapeOf,
    TextureOf,
    edges,
    patches,
    silhouette,
    under_edges,
    under_silhouette,
)
from neurons.data.decoding import Pixels
from neurons.data.images import ImageSet
from neurons.data.made_folder import Row, Skipped, as_csv, keep_png, make_folder
from neurons.errors import BadImageError, ImagesNotFoundError, OptionError
from neurons.folder_kinds import CONFLICTS
from neurons.folders import folder_for_writing

FORMAT = 1
_SHARD = 32
_COLUMNS = (
    "file_name", "label", "part", "shape", "texture", "shape_source", "texture_source",
)  # fmt: skip


@dataclass(frozen=True)
class MadeConflicts:
    """What was made.

    Parameters
    ----------
    path : Path
        The folder; `cue_images` opens it.
    n : int
        Images in it, those of one cue counted too.
    classes : tuple of str
        That both sets have.
    skipped : tuple of (str, str)
        Ids of shapes and textures that were left out, and why.
    """

    path: Path
    n: int
    classes: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Job:
    """One shape, and the textures that it gets; rows of their sets."""

    shape: int
    textures: tuple[int, ...]


def build_conflicts(
    shapes: ImageSet,
    textures: ImageSet,
    out: str | Path,
    *,
    shape_of: ShapeOf = silhouette,
    texture_of: TextureOf = patches,
    per_shape: int = 3,
    n: int | None = None,
    side_px: int = 224,
    seed: int = 0,
    replace: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> MadeConflicts:
    """Put the textures of one labelled set under the shapes of another, as files with their truth.

    Each shape gets textures of other classes. Beside the conflicts lie each shape alone (black on
    white) and each texture alone: what a model does not recognise by itself, it cannot prefer.

    Parameters
    ----------
    shapes : ImageSet
        With labels: silhouettes, drawings, or things before a plain ground; of `edges` any images.
    textures : ImageSet
        With labels; classes that only one of the sets has are left out.
    out : str or Path
    shape_of : callable
        `silhouette` or `edges`.
    texture_of : callable
        `patches` (cells in any order) or `spectrum` (noise of the same frequencies and colours).
    per_shape : int >= 1
        Textures of each shape, each of another class, as far as there are.
    n : int >= 1, optional
        Shapes, drawn without replacement; default: all.
    side_px : int >= 32
        Of the images.
    seed : int
        Of draws and cells.
    replace : bool
        Whether conflicts that were made in another way may be replaced.
    progress : callable
        Takes how many of how many shapes are done.

    Returns
    -------
    MadeConflicts

    Raises
    ------
    LabelsMissingError
        If a set carries no labels.
    OptionError
        If the sets have fewer than two classes in common, a number makes no sense, or the folder
        holds something else.
    OutputExistsError
        If the folder holds conflicts that were made in another way, and may not be replaced.
    RunLockedError
        If another process is writing there.
    ImagesNotFoundError
        If not one conflict could be made; the message gives the first reason.
    """
    if per_shape < 1 or side_px < 32 or (n is not None and n < 1):
        raise OptionError(
            f"per_shape {per_shape}, side_px {side_px}, n {n}: give at least 1, 32 and 1"
        )
    classes = _common(shapes, textures)
    jobs = _jobs(shapes, textures, classes, per_shape, n, seed)
    settings = {
        "format": FORMAT,
        "shapes": shapes.provenance(),
        "textures": textures.provenance(),
        "shape_of": shape_of.__name__,
        "texture_of": texture_of.__name__,
        "per_shape": per_shape,
        "n": len(jobs),
        "side_px": side_px,
        "seed": seed,
        # another version may resize, filter or compress otherwise
        "pillow": PIL.__version__,
        "scipy": scipy.__version__,
        "numpy": np.__version__,
    }
    made = _Made(shapes, textures, Path(out), shape_of, texture_of, side_px, seed)
    with folder_for_writing(made.out, CONFLICTS, settings, replace=replace):
        n_made, skipped = make_folder(
            made.out,
            len(jobs),
            _SHARD,
            lambda start, end: made.shard(jobs[start:end]),
            partial(made.tables, len(jobs)),
            progress=progress,
        )
    return MadeConflicts(made.out, n_made, classes, skipped)


@dataclass(frozen=True, eq=False)
class _Made:
    """With what the files are made."""

    shapes: ImageSet
    textures: ImageSet
    out: Path
    shape_of: ShapeOf
    texture_of: TextureOf
    side_px: int
    seed: int

    def shard(self, jobs: Sequence[_Job]) -> tuple[list[Row], list[Skipped]]:
        """Make the files of some shapes, and tell what is in them."""
        rows: list[Row] = []
        skipped: list[Skipped] = []
        for job in jobs:
            try:
                cover = self.shape_of(self.shapes.pixels(job.shape), self.side_px)
            except BadImageError as error:
                skipped.append((self.shapes.ids[job.shape], str(error)))
                continue
            rows += self._of_shape(job, cover, skipped)
        return rows, skipped

    def tables(self, n: int, rows: list[Row], skipped: list[Skipped]) -> tuple[bytes, bytes]:
        """Give the table of all images, and what was left out of so many shapes."""
        # a texture that several shapes got lies there once
        unique = list({row["file_name"]: row for row in rows}.values())
        left_out = sorted(set(skipped))
        if not any(row["part"] == "conflict" for row in unique):
            raise ImagesNotFoundError(
                f"none of {n} shapes of {self.shapes.name!r} gave a conflict; the first: "
                f"{left_out[0][0]}: {left_out[0][1]}"
            )
        return as_csv(unique, _COLUMNS), json.dumps(left_out, ensure_ascii=False).encode()

    def _of_shape(self, job: _Job, cover: Cover, skipped: list[Skipped]) -> Iterator[Row]:
        shape, source = self.shapes[job.shape].label, self.shapes.ids[job.shape]
        paint = under_edges if self.shape_of is edges else under_silhouette
        flat = np.full((self.side_px, self.side_px, 3), 255, np.uint8)
        # a shape alone is black on white, in either way of drawing it
        alone = under_edges(cover, flat)
        yield self._kept(f"shape-{job.shape:06}", alone, "shape alone", shape, source, "", "")
        for row in job.textures:
            try:
                # the same cells on every shape: the texture alone is what lies under each
                random = np.random.default_rng((self.seed, row))
                texture = self.texture_of(self.textures.pixels(row), self.side_px, random)
            except BadImageError as error:
                skipped.append((self.textures.ids[row], str(error)))
                continue
            label, from_ = self.textures[row].label, self.textures.ids[row]
            yield self._kept(f"texture-{row:06}", texture, "texture alone", "", "", label, from_)
            yield self._kept(
                f"conflict-{job.shape:06}-{row:06}", paint(cover, texture), "conflict", shape,
                source, label, from_,
            )  # fmt: skip

    def _kept(self, name: str, pixels: Pixels, part: str, *cues: str) -> Row:
        """Write one image, and give its row of the table."""
        shape, shape_source, texture, texture_source = cues
        file_name = f"images/{name}.png"
        keep_png(self.out / file_name, pixels)
        values = (file_name, shape or texture, part, shape, texture, shape_source, texture_source)
        return dict(zip(_COLUMNS, values, strict=True))


def _common(shapes: ImageSet, textures: ImageSet) -> tuple[str, ...]:
    """Give the classes that both sets have images of."""
    for images in (shapes, textures):
        images.require_labels()
    has = [{image.label for image in images} - {""} for images in (shapes, textures)]
    common = tuple(sorted(has[0] & has[1]))
    if len(common) < 2:
        raise OptionError(
            f"the shapes' classes ({', '.join(sorted(has[0])[:5])}) and the textures' "
            f"({', '.join(sorted(has[1])[:5])}) have {len(common)} in common; a conflict needs "
            f"two: call them alike"
        )
    return common


def _jobs(
    shapes: ImageSet,
    textures: ImageSet,
    classes: Sequence[str],
    per_shape: int,
    n: int | None,
    seed: int,
) -> list[_Job]:
    """Choose for each shape pictures of other classes, each class about as often."""
    random = np.random.default_rng(seed)
    rows = [row for row in range(len(shapes)) if shapes[row].label in classes]
    if n is not None and n < len(rows):
        rows = sorted(random.choice(rows, n, replace=False).tolist())
    by_class = {
        name: [row for row in range(len(textures)) if textures[row].label == name]
        for name in classes
    }
    jobs = []
    for row in rows:
        others = [name for name in classes if name != shapes[row].label]
        drawn = random.permutation(len(others))[:per_shape]
        chosen = [int(random.choice(by_class[others[i]])) for i in drawn]
        jobs.append(_Job(row, tuple(chosen)))
    return jobs
