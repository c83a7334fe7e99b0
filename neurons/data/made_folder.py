"""How is a folder of made images written, so that a kill loses little and the bytes stay the same?

It is an ``imagefolder``: PNGs below ``images/``, and ``metadata.csv`` with the truth of each. While
it is being made, each shard is committed by its piece of the table, written last; a kill loses at
most the shard in flight, and what is made again has the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from neurons.data.decoding import Pixels
from neurons.files import write_file

Row = dict[str, str]
# the id of an image that was left out, and why
Skipped = tuple[str, str]
_TABLE, _SKIPPED, _PARTS = "metadata.csv", "skipped.json", "parts"


def make_folder(
    out: Path,
    n: int,
    per_shard: int,
    make: Callable[[int, int], tuple[Sequence[Row], Sequence[Skipped]]],
    tables: Callable[[list[Row], list[Skipped]], tuple[bytes, bytes]],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[int, tuple[Skipped, ...]]:
    """Make a folder shard by shard, or go on with it.

    Parameters
    ----------
    out : Path
        The folder, which is the caller's to write into.
    n : int
        Things to make images of.
    per_shard : int >= 1
    make : callable
        Makes the images of some of them, from the first to before the last, by `keep_png`; gives
        their rows of the table, and what was left out.
    tables : callable
        From all rows and all that was left out to the bytes of ``metadata.csv`` and of
        ``skipped.json``; raises where nothing was made.
    progress : callable
        Takes how many of how many are done.

    Returns
    -------
    int, tuple of (str, str)
        Images in the folder, and what was left out.
    """
    table, parts = out / _TABLE, out / _PARTS
    if not table.is_file():
        rows: list[Row] = []
        skipped: list[Skipped] = []
        for start in range(0, n, per_shard):
            part = parts / f"{start // per_shard:08}.json"
            end = min(start + per_shard, n)
            if not part.is_file():
                made, left_out = make(start, end)
                parts.mkdir(exist_ok=True)
                held = {"made": made, "skipped": left_out}
                write_file(part, json.dumps(held, ensure_ascii=False).encode())
            held = json.loads(part.read_text(encoding="utf-8"))
            rows += held["made"]
            skipped += [(source, reason) for source, reason in held["skipped"]]
            progress(end, n)
        told, left = tables(rows, skipped)
        write_file(out / _SKIPPED, left)
        # the last file of all: if it is there, the rest is
        write_file(table, told)
    # what a kill between the last file and here has left
    shutil.rmtree(parts, ignore_errors=True)
    with table.open(newline="", encoding="utf-8") as file:
        n_images = sum(1 for _ in csv.DictReader(file))
    read = json.loads((out / _SKIPPED).read_text(encoding="utf-8"))
    return n_images, tuple((source, reason) for source, reason in read)


def keep_png(path: Path, pixels: Pixels) -> None:
    """Write one image, uint8 (height, width, 3), whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    write_file(path, buffer.getvalue())


def as_csv(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    """Write rows as a table of these columns; others are left out."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()
