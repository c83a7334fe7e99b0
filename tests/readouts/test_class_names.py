"""No two classes are shown by one name, and names that are no words are told."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image

import neurons
from neurons import ImageSet
from neurons.readouts.class_names import ids_for_names, shown_names


def images_of(root: Path, rows: list[tuple[str, int, str]]) -> ImageSet:
    """Write tiny pictures with a number and a name for their class."""
    for file, _, _ in rows:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(root / file)
    with (root / "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file_name", "label", "name"), *rows])
    return neurons.images(root)


def test_two_classes_of_one_name_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    rows = [
        ("n02012849/a.png", 0, "crane"), ("n02012849/b.png", 0, "crane"),
        ("n03126707/a.png", 1, "crane"), ("x/a.png", 2, "dog"),
    ]  # fmt: skip
    shown = shown_names(images_of(tmp_path, rows))
    assert shown == ("crane (n02012849)", "crane (n03126707)", "dog")


def test_where_folders_do_not_tell_their_number_does(tmp_path: Path) -> None:
    rows = [("a.png", 0, "crane"), ("b.png", 1, "crane"), ("c.png", 2, "dog")]
    assert shown_names(images_of(tmp_path / "flat", rows)) == ("crane (#0)", "crane (#1)", "dog")
    # a class that is called like that already
    rows = [("a.png", 0, "crane (#2)"), ("b.png", 1, "crane"), ("c.png", 2, "crane")]
    assert len(set(shown_names(images_of(tmp_path / "odd", rows)))) == 3


def test_names_that_differ_stay_as_they_are(pictures: Path) -> None:
    shown = neurons.images(pictures)
    assert shown_names(shown) == shown.class_names


@pytest.mark.parametrize(
    "names",
    [
        ["n01443537", "n01629819"], ["0", "1", "2"], ["class_1", "label 2"], ["/m/0abc", "/m/01_x"],
        ["3f2a9c01d4", "deadbeef00"], ["n01443537", "n01629819", "dog"], ["Q140", "Q144"],
    ],
)  # fmt: skip
def test_ids_are_told(names: list[str]) -> None:
    assert "look like ids, not words" in ids_for_names(names)


@pytest.mark.parametrize(
    "names",
    [
        ["dog", "cat"], ["n01443537", "dog"], ["acceded", "facade"], ["Boeing 747", "747-400"],
        ["q", "face"], [], ["bag", "cab"],
    ],
)  # fmt: skip
def test_words_are_not(names: list[str]) -> None:
    assert ids_for_names(names) == ""
