"""What several tests look at and none writes into is made once, for all workers of a run."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

SCAN_MINIATURE = tuple("neurons scan -m miniature -i miniature -l visual.layer4 -o run".split())
DEMO = ("neurons", "demo")


def common_folder(factory: pytest.TempPathFactory) -> Path:
    """Give the folder of this run of the tests that all of its workers share."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def made_once(place: Path, make: Callable[[Path], None]) -> Path:
    """Make a folder, or wait for the worker that makes it; it appears whole or not at all."""
    with FileLock(f"{place}.lock"):
        if not place.exists():
            part = place.with_name(f"{place.name}.part")
            # of a test that was stopped
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(place)
    return place


@dataclass(frozen=True)
class Ran:
    """What a command printed, its exit code, and the folder in which it ran, first of all."""

    code: int
    out: str
    err: str
    folder: Path


def ran_once(common: Path, words: Sequence[str]) -> Ran:
    """Run a command in an empty folder, or give what it did when it was first asked for."""

    def make(part: Path) -> None:
        (part / "here").mkdir()
        with contextlib.chdir(part / "here"):
            told = run_words(words)
        (part / "told.json").write_text(json.dumps(told), encoding="utf-8")

    name = "-".join(words).replace(os.sep, "-")
    place = made_once(common / name, make)
    code, out, err = json.loads((place / "told.json").read_text(encoding="utf-8"))
    return Ran(code, out, err, place / "here")


def run_words(words: Sequence[str]) -> tuple[int, str, str]:
    """Run a command in this process: its exit code, and what it printed to both streams."""
    from neurons.cli import app

    out, err = io.StringIO(), io.StringIO()
    code: Any = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", list(words))
        try:
            app.main()
        except SystemExit as left:
            code = left.code or 0
    return int(code), out.getvalue(), err.getvalue()
