"""An atlas is the same folder whenever it was killed, and its pictures are where it says."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neurons.errors import OptionError
from neurons.pages import Page
from neurons.pages.atlas import AtlasContent, Column, write_atlas
from neurons.pages.atlas.sheets import LARGE, SMALL, Kind, sheet_name
from tests.pages.atlas.worlds import HOSTILE, content, picture, sized

NAMES = [f"thing {i}" for i in range(40)]


def files(out: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(out)): file.read_bytes()
        for file in sorted(out.rglob("*"))
        if file.is_file()
    }


def payload(out: Path, name: str) -> Any:
    text = (out / "data" / f"{name}.js").read_text()
    found = re.fullmatch(r'atlas\("([^"]+)",(.*)\);\n', text)
    assert found is not None
    assert found[1] == name
    return json.loads(found[2])


def shown(out: Path, kind: Kind, code: int) -> np.ndarray[Any, Any]:
    """Cut a picture out of its sheet, as the page does."""
    cell, width, height = code // 1_000_000, code // 1_000 % 1_000, code % 1_000
    number, at = divmod(cell, kind.cells)
    margin = kind.facts()["margin"]
    left = at % kind.across * (kind.side + 2 * margin) + margin
    top = at // kind.across * (kind.side + 2 * margin) + margin
    with Image.open(out / "data" / sheet_name(kind, number)) as sheet:
        return np.asarray(sheet.convert("RGB").crop((left, top, left + width, top + height)))


def expected(image: bytes, side: int) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(image)) as opened:
        whole = opened.convert("RGB")
    whole.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(whole)


def assert_same(seen: np.ndarray[Any, Any], true: np.ndarray[Any, Any]) -> None:
    assert seen.shape == true.shape
    # WebP changes colours a little, most at edges; a picture beside it differs by tens
    assert np.abs(seen.astype(int) - true.astype(int)).mean() < 6


def test_pictures_of_any_shape_lie_where_their_code_says(tmp_path: Path) -> None:
    labels = ["b", "a"] * 4
    write_atlas(tmp_path, content(NAMES[:5], labels=labels))
    pictures = payload(tmp_path, "pictures/00000")
    for name, code in zip(pictures["names"], pictures["at"], strict=True):
        row = int(re.sub(r"\D", "", name))
        assert_same(shown(tmp_path, SMALL, code), expected(sized(row), SMALL.side))
    tops = payload(tmp_path, "tops/00000")
    assert_same(shown(tmp_path, SMALL, tops[2][0]), expected(sized(2), SMALL.side))
    html = payload(tmp_path, "units/00000")[3][0]
    codes = re.findall(r'data-sheet="(\w)" data-at="(\d+)"', html)
    true = [*(sized(row) for row in (3, 4, 5, 6)), picture(1003), picture(1003)]
    kinds = [*[SMALL] * 5, LARGE]
    for (sheet, code), image, kind in zip(codes, true, kinds, strict=True):
        assert sheet == kind.name
        assert_same(shown(tmp_path, kind, int(code)), expected(image, kind.side))


def test_a_picture_is_stored_once_however_many_pages_show_it(tmp_path: Path) -> None:
    write_atlas(tmp_path, content(NAMES, own_picture=False))
    # eight pictures, in one sheet of small ones, and one of large ones per 16 pages that are new
    small = list((tmp_path / "data" / "sheets").glob("s*"))
    large = list((tmp_path / "data" / "sheets").glob("l*"))
    assert (len(small), len(large)) == (1, 1)
    pages = [page for k in range(3) for page in payload(tmp_path, f"units/{k:05d}")]
    codes = {code for page in pages for code in re.findall(r'"s" data-at="(\d+)"', page[0])}
    assert len(codes) == 8


def test_equal_contents_give_equal_bytes_with_any_number_of_workers(tmp_path: Path) -> None:
    for name, workers in (("a", 1), ("b", 3)):
        write_atlas(tmp_path / name, content(NAMES), workers=workers)
    assert files(tmp_path / "a") == files(tmp_path / "b")


class StoppedError(Exception):
    """A stop from outside."""


def test_stopped_after_any_step_it_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    made = content(NAMES)
    steps: list[tuple[str, int, int]] = []
    write_atlas(tmp_path / "whole", made, progress=lambda *step: steps.append(step))
    whole = files(tmp_path / "whole")
    for step in steps:

        def stopping(*now: object, last: tuple[str, int, int] = step) -> None:
            if now == last:
                raise StoppedError

        with pytest.raises(StoppedError):
            write_atlas(tmp_path / "part", made, progress=stopping)
        assert payload(tmp_path / "part", "state")["whole"] is False
    # each call began where the one before had stopped: the last one had only the end to do
    asked: list[int] = []

    def counted(unit: int) -> Page:
        asked.append(unit)
        return made.page(unit)

    write_atlas(tmp_path / "part", dataclasses.replace(made, page=counted))
    assert files(tmp_path / "part") == whole
    assert asked == []


KILLED = """
import sys, time
from pathlib import Path
from neurons.pages.atlas import write_atlas
from tests.pages.atlas.worlds import content
import dataclasses
made = content([f"thing {i}" for i in range(40)])
def slow(unit):
    time.sleep(0.02)
    return made.page(unit)
print("ready", flush=True)
write_atlas(Path(sys.argv[1]), dataclasses.replace(made, page=slow))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_at_any_moment_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    made = content(NAMES)
    write_atlas(tmp_path / "whole", made)
    for seconds in (0.05, 0.25):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "part")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
    write_atlas(tmp_path / "part", made)
    left = [name for name in files(tmp_path / "part") if name.endswith(".partial")]
    assert left == []
    assert files(tmp_path / "part") == files(tmp_path / "whole")


def test_what_other_contents_left_half_built_is_not_gone_on_with(tmp_path: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if what == "writing pages" and done:
            raise StoppedError

    with pytest.raises(StoppedError):
        write_atlas(tmp_path / "part", content(NAMES), progress=stop)
    other = content(NAMES[::-1])
    write_atlas(tmp_path / "part", other)
    write_atlas(tmp_path / "whole", other)
    assert files(tmp_path / "part") == files(tmp_path / "whole")


def test_data_scripts_are_ascii_and_end_no_script(tmp_path: Path) -> None:
    hostile = Column("c", list(HOSTILE), searched=True)
    write_atlas(tmp_path, content(HOSTILE, columns=(hostile,), labels=[HOSTILE[0]] * 8))
    scripts = list((tmp_path / "data").rglob("*.js"))
    assert len(scripts) > 5
    for script in scripts:
        text = script.read_bytes()
        assert text.isascii()
        assert b"<" not in text
        assert text.count(b"\n") == 1
    assert payload(tmp_path, "heads")["words"] == sorted(HOSTILE)


def test_numbers_are_short_and_what_is_unknown_is_null(tmp_path: Path) -> None:
    numbers = Column("n", [1 / 3, float("nan"), 123456.0, float("inf"), -0.000012345])
    write_atlas(tmp_path, content(NAMES[:5], columns=(numbers,)))
    assert payload(tmp_path, "columns/000")["values"] == [0.3333, None, 123456, None, -1.234e-05]


def test_content_that_does_not_fit_together_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    def refused(words: str, made: AtlasContent) -> None:
        with pytest.raises(OptionError, match=words):
            write_atlas(tmp_path / "out", made)
        assert not (tmp_path / "out").exists()

    made = content(NAMES[:3])
    refused("no units", dataclasses.replace(made, neurons=[]))
    refused("heads of an atlas: 2 are given, 3", dataclasses.replace(made, heads=["a", "b"]))
    one = Column("x", [1.0, 2.0, 3.0])
    refused("one name", dataclasses.replace(made, columns=(one, one)))
    refused("'x'", dataclasses.replace(made, columns=(Column("x", [1.0]),)))
    refused("one address", dataclasses.replace(made, neurons=["a:1", "a:1", "a:2"]))
