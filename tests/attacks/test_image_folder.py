from __future__ import annotations

import gc
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from PIL import Image

import neurons
from neurons.attacks import image_folder
from neurons.attacks.image_folder import build_attacked
from neurons.data import made_folder
from neurons.errors import ImagesNotFoundError, MismatchError, OptionError, RunLockedError
from neurons.folders import locked
from neurons.lettering.lettering import Lettering
from neurons.lettering.words import write_on
from tests.processes import start_telling

WORD = Lettering(places="random", area=0.05)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise in two classes, of different sizes; one file is no image, one is too small."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for i, (width, height) in enumerate([(120, 80), (80, 120), (200, 200), (90, 90), (120, 80)]):
        folder = root / ("cat" if i % 2 else "dog")
        folder.mkdir(exist_ok=True)
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    (root / "cat" / "torn.jpg").write_bytes(b"\xff\xd8\xff no more")
    Image.new("RGB", (6, 6)).save(root / "dog" / "tiny.png")
    return root


def test_files_hold_what_was_written_and_the_truth_tells_it(photos: Path, tmp_path: Path) -> None:
    images = neurons.images(photos)
    made = build_attacked(images, ["iPod", "$$$"], WORD, tmp_path / "out", seed=3)
    assert made.n == 10
    reasons = dict(made.skipped)
    assert set(reasons) == {"cat/torn.jpg", "dog/tiny.png"}
    assert "does not fit" in reasons["dog/tiny.png"] or "no room" in reasons["dog/tiny.png"]
    opened = neurons.images(tmp_path / "out")
    assert len(opened) == 10 and set(opened.class_names) == {"cat", "dog"}
    truth = [dict(zip(opened.columns, row, strict=True)) for row in
             zip(*(opened.column(name) for name in opened.columns), strict=True)]  # fmt: skip
    for i, row in enumerate(truth):
        source = list(images.ids).index(row["source"])
        clean = torch.from_numpy(images.pixels(source)).permute(2, 0, 1)[None]
        written = write_on(clean, [row["text"]], WORD, seeds=[int(row["seed"])])
        found = torch.from_numpy(opened.pixels(i)).permute(2, 0, 1)
        assert torch.equal(found, written.pixels[0])
        changed = (found != clean[0]).any(0)
        assert float(row["coverage"]) == pytest.approx(float(changed.float().mean()), abs=1e-6)
        left, top, right, bottom = (int(row[k]) for k in ("left", "top", "right", "bottom"))
        assert changed[top:bottom, left:right].sum() == changed.sum()
        assert row["label"] == row["source"].split("/")[0]
        assert row["font"] == "SourceSansPro-Bold" and row["colour"] == "#000000"
        assert float(row["font_px"]) > 4


def test_the_folder_is_an_imagefolder_of_datasets(photos: Path, tmp_path: Path) -> None:
    build_attacked(neurons.images(photos), ["iPod"], WORD, tmp_path / "out")
    with warnings.catch_warnings():
        # datasets leaves metadata.csv open
        warnings.simplefilter("ignore", ResourceWarning)
        rows = datasets.load_dataset(
            "imagefolder", data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "cache")
        )["train"]
        gc.collect()
    assert len(rows) == 5
    assert {"text", "source", "label", "coverage"} <= set(rows.features)
    assert set(rows["text"]) == {"iPod"}


def test_images_without_labels_have_no_label_column(photos: Path, tmp_path: Path) -> None:
    files = [photos / "dog" / "0.png", photos / "dog" / "2.png"]
    build_attacked(neurons.images(files), ["iPod"], WORD, tmp_path / "out")
    opened = neurons.images(tmp_path / "out")
    assert opened.labels is None and "label" not in opened.columns


def test_images_can_be_resized_first_and_drawn(photos: Path, tmp_path: Path) -> None:
    images = neurons.images(photos)
    made = build_attacked(images, ["iPod"], WORD, tmp_path / "out", side_px=64, n=4, seed=1)
    again = build_attacked(images, ["iPod"], WORD, tmp_path / "again", side_px=64, n=4, seed=1)
    assert made.n + len(made.skipped) == 4
    assert contents(made.path) == contents(again.path)
    opened = neurons.images(made.path)
    assert {min(opened.pixels(i).shape[:2]) for i in range(len(opened))} == {64}


def test_a_finished_folder_is_left_as_it_is_and_another_way_is_refused(
    photos: Path, tmp_path: Path
) -> None:
    images, out = neurons.images(photos), tmp_path / "out"
    first = build_attacked(images, ["iPod"], WORD, out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.*") if path.suffix != ".lock"}
    assert build_attacked(images, ["iPod"], WORD, out) == first
    assert before == {path: path.stat().st_mtime_ns for path in before}
    with pytest.raises(MismatchError, match=r"lettering\.area: .* 0\.05, asked is 0\.06"):
        build_attacked(images, ["iPod"], Lettering(places="random", area=0.06), out)
    with pytest.raises(MismatchError, match="texts"):
        build_attacked(images, ["$$$"], WORD, out)


def test_what_stops_half_way_is_gone_on_with_to_the_same_bytes(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = neurons.images(photos)
    monkeypatch.setattr(image_folder, "_SHARD", 2)
    whole = build_attacked(images, ["iPod", "$$$"], WORD, tmp_path / "whole")
    plain_write, calls = made_folder.write_file, [0]

    def stops(path: Path, content: bytes) -> None:
        calls[0] += 1
        if calls[0] == stop_at:
            path.with_name(f"{path.name}.partial").write_bytes(content[:7])
            raise KeyboardInterrupt
        plain_write(path, content)

    monkeypatch.setattr(made_folder, "write_file", stops)
    for stop_at in (1, 2, 4, 5, 6, 9, 14, 15, 16):
        out, calls[0] = tmp_path / f"stopped-{stop_at}", 0
        with pytest.raises(KeyboardInterrupt):
            build_attacked(images, ["iPod", "$$$"], WORD, out)
        calls[0] = -1000
        build_attacked(images, ["iPod", "$$$"], WORD, out)
        assert contents(out) == contents(whole.path), stop_at


def build_and_wait(tell: Callable[[int], None], photos: Path, out: Path) -> None:
    def wait(done: int, total: int) -> None:
        tell(done)
        # it is killed while it waits; files half written are another test's
        time.sleep(60)

    image_folder._SHARD = 1
    texts = [f"word {i}" for i in range(12)]
    build_attacked(
        neurons.images(photos), texts, Lettering(places="random", area=0.05), out, progress=wait
    )


def test_a_killed_build_is_gone_on_with_to_the_same_bytes(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, heard = start_telling(build_and_wait, photos, tmp_path / "killed")
    assert heard() == 1
    process.kill()
    process.join()
    assert not (tmp_path / "killed" / "metadata.csv").exists()
    monkeypatch.setattr(image_folder, "_SHARD", 1)
    texts = [f"word {i}" for i in range(12)]
    for name in ("killed", "whole"):
        build_attacked(
            neurons.images(photos), texts, Lettering(places="random", area=0.05), tmp_path / name
        )
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_what_makes_no_sense_is_told(photos: Path, tmp_path: Path) -> None:
    images, out = neurons.images(photos), tmp_path / "out"
    with pytest.raises(OptionError, match="no text"):
        build_attacked(images, [], WORD, out)
    for wrong in ({"side_px": 8}, {"n": 0}):
        with pytest.raises(OptionError, match="at least 16 pixels and 1 image"):
            build_attacked(images, ["iPod"], WORD, out, **wrong)
    with pytest.raises(
        ImagesNotFoundError, match=r"none of 7 .* the first: cat/1\.png: .*too long"
    ):
        build_attacked(images, ["notwithstanding " * 9], WORD, tmp_path / "none")
    with (
        locked(tmp_path / "held", "folder"),
        pytest.raises(RunLockedError, match="folder of attacked images"),
    ):
        build_attacked(images, ["iPod"], WORD, tmp_path / "held")
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").touch()
    with pytest.raises(OptionError, match="is no folder of attacked images"):
        build_attacked(images, ["iPod"], WORD, other)


def test_the_settings_are_kept_beside_the_images(photos: Path, tmp_path: Path) -> None:
    made = build_attacked(neurons.images(photos), ["iPod"], WORD, tmp_path / "out")
    kept = json.loads((made.path / "attack.json").read_text())
    assert kept["texts"] == ["iPod"] and kept["lettering"] == json.loads(
        json.dumps(WORD.provenance())
    )
