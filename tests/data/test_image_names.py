"""A name means one image of the set, or else a file; anything else is one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons.data.image_names import picture_called, row_of
from neurons.errors import OptionError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, shade in (("a/0.png", 10), ("b/0.png", 20), ("b/1.png", 30)):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 2), (shade,) * 3).save(tmp_path / "set" / name)
    return tmp_path


def test_an_image_is_called_by_its_id_its_number_or_the_end_of_its_id(folder: Path) -> None:
    images = neurons.images(folder / "set")
    assert row_of(images, "b/0.png") == row_of(images, 1) == 1
    name, pixels = picture_called(images, "1.png")
    assert name == "b/1.png" and pixels.shape == (2, 4, 3) and (pixels == 30).all()
    with pytest.raises(OptionError, match="2 images are called '0.png'"):
        row_of(images, "0.png")


def test_a_file_of_ones_own_is_read_and_what_is_none_is_one_line(folder: Path) -> None:
    images = neurons.images(folder / "set")
    mine = folder / "mine.png"
    Image.fromarray(np.full((3, 5, 3), 77, np.uint8)).save(mine)
    name, pixels = picture_called(images, mine)
    assert name == "mine.png" and pixels.shape == (3, 5, 3) and (pixels == 77).all()
    # an image of the run goes before a file, wherever that lies
    assert picture_called(images, folder / "set" / "b" / "1.png")[0] == "b/1.png"
    (folder / "no.png").write_text("no image")
    for wrong, told in (("b/7.png", "did you mean 'b/"), (9, "numbers 0 to 2"),
                        (folder / "no.png", "cannot read the image")):  # fmt: skip
        with pytest.raises(OptionError, match=told) as error:
            picture_called(images, wrong)
        assert "\n" not in str(error.value)
