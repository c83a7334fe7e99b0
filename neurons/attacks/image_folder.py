"""How are images with words on them kept as files, each with the truth about what was written?

A folder of attacked images is an ``imagefolder``: PNGs below ``images/`` and ``metadata.csv`` with
a row for each. While it is being made, each shard of images is committed by its piece of the
truth, written last; a kill loses at most the shard in flight, and what is made again has the same
bytes.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
import torch
from PIL import Image, features

from neurons.data.decoding import decode_image, quiet_decoders
from neurons.data.images import ImageSet
from neurons.data.sources import UNLABELLED
from neurons.errors import BadImageError, ImagesNotFoundError, OptionError
from neurons.files import write_file
from neurons.folder_kinds import ATTACKED
from neurons.folders import folder_for_writing
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import fitted_stamp
from neurons.lettering.words import write_on

FORMAT = 1
_SHARD = 64
_COLUMNS = (
    "file_name", "source", "label", "text", "left", "top", "right", "bottom", "coverage", "seed",
    "font", "font_px", "colour",
)  # fmt: skip

Row = dict[str, str]


@dataclass(frozen=True)
class Attacked:
    """What was made.

    Parameters
    ----------
    path : Path
        The folder; `neurons.images` opens it.
    n : int
        Images in it.
    skipped : tuple of (str, str)
        Ids of images that were left out, and why.
    """

    path: Path
    n: int
    skipped: tuple[tuple[str, str], ...]


def build_attacked(
    images: ImageSet,
    texts: Sequence[str],
    lettering: Lettering,
    out: str | Path,
    *,
    side_px: int | None = None,
    n: int | None = None,
    seed: int = 0,
    replace: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Attacked:
    """Write texts on images and keep them as PNG files with their truth, or go on with that.

    Parameters
    ----------
    images : ImageSet
    texts : sequence of str
        Each is written on every image, one file each.
    lettering : Lettering
        At the image's own size; so is its area.
    out : str or Path
    side_px : int >= 16, optional
        Resize images first, so that the shorter side has this many pixels (bicubic); default:
        leave them as large as they are.
    n : int >= 1, optional
        Images, drawn without replacement; default: all.
    seed : int
        Of the draw and of the places.
    replace : bool
        Whether images that were made in another way may be replaced.
    progress : callable
        Takes how many of how many images are done.

    Returns
    -------
    Attacked

    Raises
    ------
    OptionError
        If there is no text, a number makes no sense, or the folder holds something else.
    OutputExistsError
        If the folder holds images that were made in another way, and may not be replaced.
    RunLockedError
        If another process is writing there.
    ImagesNotFoundError
        If not one image could be made; the message gives the first reason.
    """
    out, unique = Path(out), tuple(dict.fromkeys(texts))
    if not unique:
        raise OptionError("no text to write")
    if (side_px is not None and side_px < 16) or (n is not None and n < 1):
        raise OptionError(f"side_px {side_px}, n {n}: give at least 16 pixels and 1 image")
    rows = _drawn(len(images), n, seed)
    depends_on = {
        "format": FORMAT,
        "images": images.provenance(),
        "texts": list(unique),
        "lettering": lettering.provenance(),
        "side_px": side_px,
        "n": len(rows),
        "seed": seed,
        # another version may draw or compress otherwise
        "pillow": PIL.__version__,
        "freetype": features.version("freetype2"),
    }
    with folder_for_writing(out, ATTACKED, depends_on, replace=replace):
        table, parts = out / "metadata.csv", out / "parts"
        if not table.is_file():
            made, skipped = [], []
            with quiet_decoders():
                for start in range(0, len(rows), _SHARD):
                    part = parts / f"{start // _SHARD:08}.json"
                    if not part.is_file():
                        found = _shard(
                            images, rows[start : start + _SHARD], unique, lettering, out, side_px,
                            seed,
                        )  # fmt: skip
                        parts.mkdir(exist_ok=True)
                        write_file(part, json.dumps(found, ensure_ascii=False).encode())
                    held = json.loads(part.read_text(encoding="utf-8"))
                    made += held["made"]
                    skipped += held["skipped"]
                    progress(min(start + _SHARD, len(rows)), len(rows))
            if not made:
                raise ImagesNotFoundError(
                    f"none of {len(rows)} images of {images.name!r} could be attacked; the first: "
                    f"{skipped[0][0]}: {skipped[0][1]}"
                )
            write_file(out / "skipped.json", _as_json(skipped))
            # the last file of all: if it is there, the rest is
            write_file(table, _as_csv(made))
        # what a kill between the last file and here has left
        shutil.rmtree(parts, ignore_errors=True)
        return _finished(out)


def _finished(out: Path) -> Attacked:
    with (out / "metadata.csv").open(newline="", encoding="utf-8") as file:
        n = sum(1 for _ in csv.DictReader(file))
    skipped = json.loads((out / "skipped.json").read_text(encoding="utf-8"))
    return Attacked(out, n, tuple((source, reason) for source, reason in skipped))


def _drawn(total: int, n: int | None, seed: int) -> list[int]:
    if n is None or n >= total:
        return list(range(total))
    chosen = np.random.default_rng(seed).choice(total, n, replace=False)
    return [int(i) for i in np.sort(chosen)]


def _shard(
    images: ImageSet,
    rows: Sequence[int],
    texts: Sequence[str],
    lettering: Lettering,
    out: Path,
    side_px: int | None,
    seed: int,
) -> dict[str, list[object]]:
    made: list[object] = []
    skipped: list[object] = []
    for index in rows:
        try:
            made += list(_files(images, index, texts, lettering, out, side_px, seed))
        except (BadImageError, OptionError) as error:
            # a text that fits on most images may be too long for one
            skipped.append((images.ids[index], str(error)))
    return {"made": made, "skipped": skipped}


def _files(
    images: ImageSet,
    index: int,
    texts: Sequence[str],
    lettering: Lettering,
    out: Path,
    side_px: int | None,
    seed: int,
) -> Iterator[Row]:
    (data,) = images.read([index])
    if isinstance(data, OSError):
        raise BadImageError(data.strerror or str(data))
    image = decode_image(data, max_pixels=images.max_pixels)
    if side_px is not None:
        scale = side_px / min(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.BICUBIC)
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
    # before the first file: an image has all of its texts or none
    stamps = [fitted_stamp(text, lettering, image.size) for text in texts]
    label = "" if images.labels is None else _label(images, index)
    (out / "images").mkdir(exist_ok=True)
    for i, (text, stamp) in enumerate(zip(texts, stamps, strict=True)):
        place_seed = seed * 1_000_003 + index
        written = write_on(pixels, [text], lettering, seeds=[place_seed])
        name = f"images/{index:08}-{i:02}.png"
        buffer = io.BytesIO()
        Image.fromarray(written.pixels[0].permute(1, 2, 0).numpy()).save(buffer, "PNG")
        write_file(out / name, buffer.getvalue())
        left, top, right, bottom = written.boxes[0].tolist()
        yield {
            "file_name": name,
            "source": images.ids[index],
            "label": label,
            "text": text,
            "left": str(left),
            "top": str(top),
            "right": str(right),
            "bottom": str(bottom),
            "coverage": f"{float(written.coverage[0]):.6f}",
            "seed": str(place_seed),
            "font": stamp.font,
            "font_px": f"{stamp.size_px:g}",
            "colour": "#{:02x}{:02x}{:02x}".format(*lettering.colour),
        }


def _label(images: ImageSet, index: int) -> str:
    known = images.require_labels()[index]
    return "" if known == UNLABELLED else images.class_names[known]


def _as_csv(rows: Sequence[Row]) -> bytes:
    # a column of nothing but empty names would make them a class
    columns = [c for c in _COLUMNS if c != "label" or any(row["label"] for row in rows)]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def _as_json(skipped: Sequence[object]) -> bytes:
    return (json.dumps(skipped, ensure_ascii=False, indent=1) + "\n").encode()
