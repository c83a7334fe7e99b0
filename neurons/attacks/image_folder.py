"""How are images with words on them kept as files, each with the truth about what was written?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
import torch
from PIL import Image, features

from neurons.data.decoding import decode_image, quiet_decoders
from neurons.data.images import ImageSet
from neurons.data.made_folder import Row, Skipped, as_csv, keep_png, make_folder
from neurons.data.sources import UNLABELLED
from neurons.errors import BadImageError, ImagesNotFoundError, OptionError
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
        made = _Made(images, unique, lettering, out, side_px, seed)
        with quiet_decoders():
            n_made, skipped = make_folder(
                out,
                len(rows),
                _SHARD,
                lambda start, end: made.shard(rows[start:end]),
                made.tables,
                progress=progress,
            )
    return Attacked(out, n_made, skipped)


def _drawn(total: int, n: int | None, seed: int) -> list[int]:
    if n is None or n >= total:
        return list(range(total))
    chosen = np.random.default_rng(seed).choice(total, n, replace=False)
    return [int(i) for i in np.sort(chosen)]


@dataclass(frozen=True, eq=False)
class _Made:
    """With what the files are made."""

    images: ImageSet
    texts: Sequence[str]
    lettering: Lettering
    out: Path
    side_px: int | None
    seed: int

    def shard(self, rows: Sequence[int]) -> tuple[list[Row], list[Skipped]]:
        """Make the files of some images, and tell what is in them."""
        made: list[Row] = []
        skipped: list[Skipped] = []
        for index in rows:
            try:
                made += list(self._files(index))
            except (BadImageError, OptionError) as error:
                # a text that fits on most images may be too long for one
                skipped.append((self.images.ids[index], str(error)))
        return made, skipped

    def tables(self, rows: list[Row], skipped: list[Skipped]) -> tuple[bytes, bytes]:
        """Give the table of all images, and what was left out."""
        if not rows:
            raise ImagesNotFoundError(
                f"none of {len(skipped)} images of {self.images.name!r} could be attacked; the "
                f"first: {skipped[0][0]}: {skipped[0][1]}"
            )
        # a column of nothing but empty names would make them a class
        columns = [c for c in _COLUMNS if c != "label" or any(row["label"] for row in rows)]
        told = json.dumps(skipped, ensure_ascii=False, indent=1) + "\n"
        return as_csv(rows, columns), told.encode()

    def _files(self, index: int) -> Iterator[Row]:
        (data,) = self.images.read([index])
        if isinstance(data, OSError):
            raise BadImageError(data.strerror or str(data))
        image = decode_image(data, max_pixels=self.images.max_pixels)
        if self.side_px is not None:
            scale = self.side_px / min(image.size)
            size = (round(image.width * scale), round(image.height * scale))
            image = image.resize(size, Image.Resampling.BICUBIC)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
        # before the first file: an image has all of its texts or none
        stamps = [fitted_stamp(text, self.lettering, image.size) for text in self.texts]
        label = "" if self.images.labels is None else _label(self.images, index)
        for i, (text, stamp) in enumerate(zip(self.texts, stamps, strict=True)):
            place_seed = self.seed * 1_000_003 + index
            written = write_on(pixels, [text], self.lettering, seeds=[place_seed])
            name = f"images/{index:08}-{i:02}.png"
            keep_png(self.out / name, written.pixels[0].permute(1, 2, 0).numpy())
            left, top, right, bottom = written.boxes[0].tolist()
            yield {
                "file_name": name,
                "source": self.images.ids[index],
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
                "colour": "#{:02x}{:02x}{:02x}".format(*self.lettering.colour),
            }


def _label(images: ImageSet, index: int) -> str:
    known = images.require_labels()[index]
    return "" if known == UNLABELLED else images.class_names[known]
