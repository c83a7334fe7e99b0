"""Are cue conflicts of one's own what their table says, and the same after a kill?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import neurons
from neurons.data import made_conflicts
from neurons.data.cue_images import cue_images
from neurons.data.cue_parts import edges, spectrum
from neurons.errors import ImagesNotFoundError, OptionError, OutputExistsError

COLOURS = {"ball": (200, 30, 30), "box": (30, 30, 200), "cone": (30, 160, 30)}


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[neurons.ImageSet, neurons.ImageSet]:
    """Black drawings of three things, and plain colours that stand for their textures."""
    root = tmp_path_factory.mktemp("sets")
    for name, colour in COLOURS.items():
        for kind in ("drawings", "photos"):
            (root / kind / name).mkdir(parents=True)
        for i in range(3):
            image = Image.new("RGB", (80, 60), "white")
            box = (20 + i, 10, 60 + i, 50)
            pen = ImageDraw.Draw(image)
            if name == "ball":
                pen.ellipse(box, fill="black")
            elif name == "box":
                pen.rectangle(box, fill="black")
            else:
                pen.polygon([(40, 8), (20, 50), (60 + i, 50)], fill="black")
            image.save(root / "drawings" / name / f"{i}.png")
            Image.new("RGB", (50, 50), colour).save(root / "photos" / name / f"{i}.png")
    (root / "photos" / "tree").mkdir()
    Image.new("RGB", (50, 50), "green").save(root / "photos" / "tree" / "0.png")
    (root / "drawings" / "ball" / "torn.png").write_bytes(b"no image")
    return neurons.images(root / "drawings"), neurons.images(root / "photos")


Sets = tuple[neurons.ImageSet, neurons.ImageSet]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_each_image_shows_what_the_table_says(sets: Sets, tmp_path: Path) -> None:
    made = neurons.build_conflicts(*sets, tmp_path / "out", per_shape=2, side_px=64)
    assert made.classes == ("ball", "box", "cone")
    assert [source for source, _ in made.skipped] == ["ball/torn.png"]
    found = cue_images(made.path)
    assert len(found.images) == made.n and found.in_conflict.sum() == 9 * 2
    assert set(found.parts) == {"conflict", "shape alone", "texture alone"}
    for row, texture in enumerate(found.cues["texture"]):
        middle, corner = (tuple(found.images.pixels(row)[at, at].tolist()) for at in (34, 1))
        alone = found.parts[row]
        assert middle == COLOURS.get(texture, (0, 0, 0))
        assert corner == (middle if alone == "texture alone" else (255, 255, 255))
        if alone == "conflict":
            assert found.cues["shape"][row] != texture
            assert found.sources["texture"][row].startswith(texture)


def test_what_is_made_again_has_the_same_bytes_also_after_a_kill(
    sets: Sets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_conflicts, "_SHARD", 2)
    whole = neurons.build_conflicts(*sets, tmp_path / "whole", side_px=48, texture_of=spectrum)

    def stop(done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        neurons.build_conflicts(
            *sets, tmp_path / "cut", side_px=48, texture_of=spectrum, progress=stop
        )
    assert len(list((tmp_path / "cut" / "parts").iterdir())) == 2
    with pytest.raises(OutputExistsError, match="side_px"):
        neurons.build_conflicts(*sets, tmp_path / "cut", side_px=64, texture_of=spectrum)
    again = neurons.build_conflicts(*sets, tmp_path / "cut", side_px=48, texture_of=spectrum)
    assert (again.n, again.skipped) == (whole.n, whole.skipped)
    assert contents(again.path) == contents(whole.path)
    assert json.loads((whole.path / "conflicts.json").read_text())["texture_of"] == "spectrum"


def test_edges_take_what_has_no_plain_ground(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("dog", "cat"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        pixels = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / name / "0.png")
    photos = neurons.images(tmp_path / "photos")
    with pytest.raises(ImagesNotFoundError, match="none of 2 shapes.*not plain"):
        neurons.build_conflicts(photos, photos, tmp_path / "a", side_px=64)
    made = neurons.build_conflicts(photos, photos, tmp_path / "b", side_px=64, shape_of=edges)
    assert cue_images(made.path).in_conflict.sum() == 2


def test_sets_of_other_classes_are_refused(sets: Sets, tmp_path: Path) -> None:
    drawings, photos = sets
    with pytest.raises(OptionError, match="have 1 in common"):
        neurons.build_conflicts(drawings, photos.first(3), tmp_path / "out")
    with pytest.raises(OptionError, match="per_shape 0"):
        neurons.build_conflicts(drawings, photos, tmp_path / "out", per_shape=0)
    assert not (tmp_path / "out").exists()
