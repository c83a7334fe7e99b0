"""Who comes with one picture gets its way through a network, or is told what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import LAYER, picture


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.png"
    Image.fromarray(picture(red=0.7)).save(file)
    return file


def test_a_picture_beside_a_folder_of_images_becomes_a_page(
    command, planted_name: str, pictures: Path, mine: Path, tmp_path: Path
) -> None:
    done = command("layers-of", planted_name, mine, "-i", pictures, "-l", f"visual.layer1,{LAYER}",
                   "--steps", 4, "--prompts", "plain", "-o", tmp_path / "out")  # fmt: skip
    assert done.code == 0, done.err
    assert "No other images" not in done.out and "No lens is fitted" not in done.out
    assert len([row for row in done.out.splitlines() if row.startswith("visual.layer")]) == 2
    (page,) = (tmp_path / "out").glob("*mine*.html")
    text = page.read_text()
    assert "From pixels to the answer" in text and "Channels that the image surprises" in text


def test_a_run_is_enough_and_an_image_of_it_is_found_by_its_name(
    command, planted_name: str, scanned: Path, tmp_path: Path
) -> None:
    done = command("layers-of", planted_name, "red/03.png", "--run", scanned, "-l", LAYER,
                   "--steps", 3, "--prompts", "plain", "-o", tmp_path / "out")  # fmt: skip
    assert done.code == 0, done.err
    assert "to red/03.png" in done.out


def test_without_other_images_the_way_to_them_is_told(
    command, planted_name: str, mine: Path, tmp_path: Path
) -> None:
    done = command("layers-of", planted_name, mine, "--classes", "cat,dog", "-l", LAYER,
                   "--steps", 3, "--prompts", "plain", "-o", tmp_path / "out")  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.startswith("No other images were given")
    assert f"neurons scan -m {planted_name} -i IMAGES -l {LAYER} -o run" in done.out


def test_what_cannot_be_followed_is_one_line(
    refused, planted_name: str, mine: Path, pictures: Path, scanned: Path, tmp_path: Path
) -> None:
    to = ("-o", tmp_path / "none")
    assert "needs --out" in refused("layers-of", planted_name, mine)
    assert "which classes" in refused("layers-of", planted_name, mine, *to)
    classes = ("--classes", "cat,dog")
    assert "cannot read the image" in refused("layers-of", planted_name, "no.png", *classes, *to)
    both = ("--run", scanned, "-i", pictures)
    assert "not both" in refused("layers-of", planted_name, mine, *both, *to)
    assert "no images at" in refused("layers-of", planted_name, mine, "-i", "nowhere", *to)
    assert "at least 1" in refused("layers-of", planted_name, mine, *classes, "--steps", 0, *to)
    elsewhere = refused("layers-of", planted_name, mine, *classes, "-l", "visual.layer9", *to)
    assert "visual.layer9" in elsewhere and not (tmp_path / "none").exists()
