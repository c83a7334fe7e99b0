"""The examples command shows a table here and a gallery in a file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import LAYER, RED, picture


def test_the_planted_units_images_are_shown_and_kept(
    command, scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = command("examples", scanned, f"{LAYER}:{RED}", "--count", 3)
    assert shown.code == 0, shown.err
    assert "noisy" in shown.out or "red" in shown.out
    assert (tmp_path / f"{LAYER}-{RED}.html").is_file()


def test_mistakes_are_one_line(refused, scanned: Path, tmp_path: Path) -> None:
    for arguments, told in (
        ((tmp_path, f"{LAYER}:1"), "no run at"),
        ((scanned, "layer4"), "LAYER:UNIT"),
        ((scanned, f"{LAYER}:9999"), "units 0 to 255"),
        ((scanned, "visual.layer1:0"), "holds no layer"),
        ((scanned, f"{LAYER}:1", "--count", 0), "0"),
        ((scanned, f"{LAYER}:1", "--images", tmp_path / "no"), "no images at"),
    ):
        assert told in refused("examples", *arguments)


def test_odd_file_names_survive(command, scan, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for name in ("[bold]x[red].png", "<b>.png", "ünï cøde.png"):
        Image.fromarray(picture()).save(tmp_path / "images" / name)
    assert scan(tmp_path / "images", tmp_path / "run").code == 0
    shown = command("examples", tmp_path / "run", f"{LAYER}:{RED}", "--out", tmp_path / "x.html")
    for name in ("[bold]x[red].png", "<b>.png", "ünï cøde.png"):
        assert name in shown.out
    page = (tmp_path / "x.html").read_text()
    assert "<b>.png" not in page


def test_moved_images_can_be_named_again(command, scan, pictures: Path, tmp_path: Path) -> None:
    shutil.copytree(pictures, tmp_path / "here")
    scan(tmp_path / "here", tmp_path / "run")
    (tmp_path / "here").rename(tmp_path / "there")
    lost = command("examples", tmp_path / "run", f"{LAYER}:{RED}")
    assert (lost.code, "where they are now" in lost.err) == (2, True)
    found = command("examples", tmp_path / "run", f"{LAYER}:{RED}", "--images", tmp_path / "there",
                    "--out", tmp_path / "x.html")  # fmt: skip
    assert found.code == 0, found.err
