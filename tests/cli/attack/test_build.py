"""Images with words on them are kept as files, and the options of the lettering reach them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image


def test_words_are_written_where_and_how_it_was_asked(
    command, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "built"
    done = command("attack", "build", "-i", pictures, "--text", "oil", "--text=-x", "--out", out,
                   "--n", 3, "--place", "0.5,0.5", "--size", 24, "--colour", "#ff0000",
                   "--stroke", 0, "--plate", "white")  # fmt: skip
    assert done.code == 0, done.err
    written = "one copy in the middle, letters of 24 px, #ff0000, on a plate"
    assert done.out == f"6 images; written: {written}\nimages: {out}\n"
    with (out / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["text"] for row in rows} == {"oil", "-x"} and len(rows) == 6
    for row in rows:
        pixels = np.asarray(Image.open(out / row["file_name"]).convert("RGB"))
        red = (pixels == (255, 0, 0)).all(-1)
        white = (pixels == (255, 255, 255)).all(-1)
        # red letters on white paper, in the middle and nowhere else
        assert red.sum() > 20 and white.sum() > 100
        top, left = np.argwhere(red).min(0)
        bottom, right = np.argwhere(red).max(0)
        assert abs((top + bottom) / 2 - 48) < 8 and abs((left + right) / 2 - 48) < 8


def test_a_text_that_does_not_fit_is_told(command, pictures: Path, tmp_path: Path) -> None:
    done = command("attack", "build", "-i", pictures, "--text", "a very long sentence indeed",
                   "--size", 90, "--place", "random", "--out", tmp_path / "x")  # fmt: skip
    # the bar stands above: that a text is too long is seen on the first image
    told = done.err.splitlines()[-1]
    assert done.code == 2 and told.startswith("error: ") and "no room for one copy" in told
