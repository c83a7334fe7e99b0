"""What the commands' tests share: a scanned run, and mistakes that are one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import neurons
from neurons import Clip
from tests.conftest import LAYER, Outcome


@pytest.fixture(scope="session")
def scanned(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the planted network on the forty pictures; no test writes into it."""
    out = tmp_path_factory.mktemp("cli") / "run"
    neurons.scan(planted, neurons.images(pictures), [LAYER], out)
    return out


@pytest.fixture
def scan(command, planted_name: str) -> Callable[..., Outcome]:
    """Scan images with the planted network, by the command."""

    def call(images: Path, out: Path, *more: object) -> Outcome:
        return command("scan", "--model", planted_name, "--images", images, "--layers", LAYER,
                       "--out", out, "--device", "cpu", *more)  # fmt: skip

    return call


@pytest.fixture
def refused(command) -> Callable[..., str]:
    """Give a command line that must be refused, and get the one line that it says."""

    def call(*arguments: object) -> str:
        done = command(*arguments)
        # the miniature's pictures may have to be drawn first
        lines = [line for line in done.err.splitlines() if not line.startswith("drawing: ")]
        assert (done.code, len(lines)) == (2, 1), (arguments, done.err)
        assert lines[0].startswith("error: ") and "Traceback" not in done.out
        return lines[0]

    return call
