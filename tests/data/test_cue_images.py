"""Which class is a picture's shape, and which its texture?"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons.data.cue_images import AGREEING, CONFLICT, cue_images, read_name
from neurons.errors import ImagesNotFoundError, LabelsMissingError
from tests.conftest import shared


def save(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)


@pytest.mark.parametrize(
    ("name", "shape", "texture"),
    [
        ("dog10-bird2.png", "dog10", "bird2"),
        ("0007_s5n_dnn_0_dog_00_dog10-bird2.png", "dog10", "bird2"),
        ("truck/truck6-boat2.jpg", "truck6", "boat2"),
        ("piggy bank1-t-shirt12.png", "piggy bank1", "t-shirt12"),
    ],
)
def test_the_first_name_is_the_shapes(name: str, shape: str, texture: str) -> None:
    found = read_name(name)
    assert found is not None
    assert (found.shape_source, found.texture_source) == (shape, texture)
    assert found.shape_source.startswith(found.shape) and found.texture in texture
    assert not found.shape[-1].isdigit() and not found.texture[-1].isdigit()


@pytest.mark.parametrize("name", ["dog10.png", "056_0001.jpg", "dog-bird.png", "dog1-bird2-x.png"])
def test_other_names_tell_nothing(name: str) -> None:
    assert read_name(name) is None


def test_folders_beside_the_conflicts_have_none(tmp_path: Path) -> None:
    for name in ("dog1-cat2", "dog2-dog1"):
        save(tmp_path / "conflict" / "dog" / f"{name}.png")
    save(tmp_path / "conflict" / "cat" / "cat1-dog1.png")
    save(tmp_path / "edges" / "dog" / "dog1.png")
    found = cue_images(tmp_path)
    by_id = dict(zip(found.images.ids, zip(found.cues["shape"], found.cues["texture"], found.parts,
                                           strict=True), strict=True))  # fmt: skip
    assert by_id["conflict/dog/dog1-cat2.png"] == ("dog", "cat", CONFLICT)
    assert by_id["conflict/dog/dog2-dog1.png"] == ("dog", "dog", AGREEING)
    assert by_id["edges/dog/dog1.png"] == ("dog", "", "edges")
    assert found.in_conflict.sum() == 2 and found.classes == ("cat", "dog")
    assert Counter(found.truth()) == {"": 2, "dog": 2}


def test_a_name_that_contradicts_its_folder_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "dog1-cat2.png")
    save(tmp_path / "dog" / "dog1-cat2.png")
    with pytest.raises(ImagesNotFoundError, match="folder of 'cat'.*shape 'dog', texture 'cat'"):
        cue_images(tmp_path)


def test_a_table_tells_what_no_name_does(tmp_path: Path) -> None:
    rows = [("a.png", "dog", "cat", "bird"), ("b.png", "dog", "", ""), ("c.png", "", "cat", "")]
    with (tmp_path / "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file_name", "shape", "texture", "word"), *rows])
    for name, *_ in rows:
        save(tmp_path / name)
    found = cue_images(tmp_path)
    assert found.parts == ("shape x texture x word", "shape alone", "texture alone")
    assert found.truth() == ("", "dog", "cat") and found.classes == ("bird", "cat", "dog")


def test_images_that_say_nothing_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    with pytest.raises(LabelsMissingError, match="SHAPE1-TEXTURE2.png"):
        cue_images(tmp_path)


def test_styles_have_no_conflict(tmp_path: Path) -> None:
    for style in ("photo", "sketch"):
        for name in ("dog", "horse"):
            save(tmp_path / style / name / "1.png")
    found = cue_images(neurons.images(tmp_path))
    assert not found.in_conflict.any() and set(found.parts) == {"photo", "sketch"}


def test_the_published_pictures_are_read_as_they_were_published() -> None:
    found = cue_images(shared("data/cue-conflict"))
    assert len(found.classes) == 16
    assert Counter(found.parts) == {
        "filled-silhouettes": 160, "edges": 160, CONFLICT: 601, AGREEING: 39
    }  # fmt: skip
    # ten pictures of each class lend their shape, three their texture
    told = found.in_conflict
    for cue, n in (("shape", 160), ("texture", 48)):
        assert len({s for s, it in zip(found.sources[cue], told, strict=True) if it}) == n
