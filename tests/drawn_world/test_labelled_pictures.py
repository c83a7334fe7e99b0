"""The labelled pictures: drawn once, whole or not at all, with their truth."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons.drawn_world import labelled_pictures
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.items import RENDITIONS
from neurons.errors import LabelsMissingError


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEURONS_CACHE", str(tmp_path))
    monkeypatch.setattr(labelled_pictures, "PER_CELL", 1)
    return tmp_path


def test_it_is_balanced_and_tells_the_truth(cache: Path) -> None:
    told: list[tuple[int, int]] = []
    folder = labelled_pictures.folder(progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(concepts()) * len(RENDITIONS),) * 2
    images = neurons.images("miniature")
    assert images.name == "miniature" and len(images) == told[-1][1]
    assert images.class_names == tuple(sorted(concepts()))
    names = [images.class_names[label] for label in images.require_labels()]
    cells = Counter(zip(names, images.column("rendition"), strict=True))
    assert set(cells.values()) == {1} and len(cells) == len(images)
    for i in range(0, len(images), 37):
        box = [int(str(images.column(edge)[i])) for edge in ("left", "top", "right", "bottom")]
        assert 0 <= box[0] < box[2] <= 96 and 0 <= box[1] < box[3] <= 96
        assert (images.column("word")[i] != "") == (images.column("rendition")[i] == "word")
        assert images.pixels(i).shape == (96, 96, 3)
    assert {p.name for p in folder.parent.iterdir()} == {folder.name, "miniature.lock"}


def test_it_is_drawn_once_and_the_same_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = labelled_pictures.folder()
    before = {path.name: path.stat().st_mtime_ns for path in first.rglob("*.png")}
    assert labelled_pictures.folder() == first
    assert before == {path.name: path.stat().st_mtime_ns for path in first.rglob("*.png")}
    monkeypatch.setenv("NEURONS_CACHE", str(cache / "other"))
    again = labelled_pictures.folder()
    assert again != first
    for path in first.rglob("*.*"):
        assert path.read_bytes() == (again / path.relative_to(first)).read_bytes()


def test_a_drawing_that_breaks_off_leaves_nothing_behind(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(labelled_pictures, "_save", full)
    with pytest.raises(OSError, match="no space"):
        labelled_pictures.folder()
    assert [path.name for path in cache.iterdir()] == ["miniature.lock"]


def test_a_column_that_is_not_there_is_said(cache: Path) -> None:
    images = neurons.images("miniature")
    with pytest.raises(LabelsMissingError, match="no column 'colour'; it has: .*rendition"):
        images.column("colour")
    assert not np.any(images.require_labels() < 0)
