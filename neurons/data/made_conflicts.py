"""How are cue conflicts of one's own made, of the shapes of one set and the textures of another?

The folder is an ``imagefolder``: PNGs below ``images/`` and ``metadata.csv`` with shape and texture
of each, and the pictures that they were taken from. While it is being made, each shard is committed
by its piece of the table, written last; a kill loses at most the shard in flight, and what is made
again has the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
import scipy
from PIL import Image

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
from neurons.errors import BadImageError, ImagesNotFoundError, OptionError
from neurons.files import write_file
from neurons.folder_kinds import CONFLICTS
from neurons.folders import folder_for_writing

FORMAT = 1
_SHARD = 32
_COLUMNS = (
    "file_name", "label", "part", "shape", "texture", "shape_source", "texture_source",
)  # fmt: skip
Row = dict[str, str]


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
        return _finished(made, jobs, classes, progress)


def _finished(
    made: _Made,
    jobs: Sequence[_Job],
    classes: tuple[str, ...],
    progress: Callable[[int, int], None],
) -> MadeConflicts:
    table, parts = made.out / "metadata.csv", made.out / "parts"
    if not table.is_file():
        rows, skipped = [], []
        for start in range(0, len(jobs), _SHARD):
            part = parts / f"{start // _SHARD:08}.json"
            if not part.is_file():
                found = made.shard(jobs[start : start + _SHARD])
                parts.mkdir(exist_ok=True)
                write_file(part, json.dumps(found, ensure_ascii=False).encode())
            held = json.loads(part.read_text(encoding="utf-8"))
            rows += held["made"]
            skipped += held["skipped"]
            progress(min(start + _SHARD, len(jobs)), len(jobs))
        # a texture that several shapes got lies there once
        rows = list({row["file_name"]: row for row in rows}.values())
        skipped = sorted({(source, reason) for source, reason in skipped})
        if not any(row["part"] == "conflict" for row in rows):
            raise ImagesNotFoundError(
                f"none of {len(jobs)} shapes of {made.shapes.name!r} gave a conflict; the first: "
                f"{skipped[0][0]}: {skipped[0][1]}"
            )
        write_file(made.out / "skipped.json", json.dumps(skipped, ensure_ascii=False).encode())
        # the last file of all: if it is there, the rest is
        write_file(table, _as_csv(rows))
    # what a kill between the last file and here has left
    shutil.rmtree(parts, ignore_errors=True)
    with table.open(newline="", encoding="utf-8") as file:
        n = sum(1 for _ in csv.DictReader(file))
    told = json.loads((made.out / "skipped.json").read_text(encoding="utf-8"))
    return MadeConflicts(made.out, n, classes, tuple((a, b) for a, b in told))


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

    def shard(self, jobs: Sequence[_Job]) -> Mapping[str, Sequence[object]]:
        """Make the files of some shapes, and tell what is in them."""
        rows: list[Row] = []
        skipped: list[tuple[str, str]] = []
        for job in jobs:
            try:
                cover = self.shape_of(self.shapes.pixels(job.shape), self.side_px)
            except BadImageError as error:
                skipped.append((self.shapes.ids[job.shape], str(error)))
                continue
            rows += self._of_shape(job, cover, skipped)
        return {"made": rows, "skipped": skipped}

    def _of_shape(self, job: _Job, cover: Cover, skipped: list[tuple[str, str]]) -> Iterator[Row]:
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
        (self.out / "images").mkdir(exist_ok=True)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        write_file(self.out / file_name, buffer.getvalue())
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


def _as_csv(rows: Sequence[Row]) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()
