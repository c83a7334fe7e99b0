"""A set shows itself, gives its images one by one, and is known by a fingerprint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurons import ImageSet, images
from neurons.errors import BadImageError, LabelsMissingError
from tests.data.picture_files import png, write


def test_the_fingerprint_follows_the_images_and_not_their_place(tmp_path: Path) -> None:
    one = images(write(tmp_path / "one", a=png(1), b=png(2))).provenance()
    moved = images(write(tmp_path / "two", a=png(1), b=png(2))).provenance()
    assert one == moved
    renamed = images(write(tmp_path / "three", a=png(1), c=png(2))).provenance()
    longer = images(write(tmp_path / "four", a=png(1), b=png(2) + b"\0")).provenance()
    assert len({str(p["fingerprint"]) for p in (one, renamed, longer)}) == 3
    left = images(write(tmp_path / "five", x__a=png(1), y__b=png(2))).provenance()
    (tmp_path / "five" / "metadata.csv").write_text("file_name,label\nx/a.png,1\ny/b.png,0\n")
    right = images(tmp_path / "five").provenance()
    assert left["fingerprint"] == right["fingerprint"]
    assert left["labels"] != right["labels"]


def test_large_images_are_refused_where_asked(tmp_path: Path) -> None:
    found = images(write(tmp_path, a=png(1)), max_pixels=10)
    with pytest.raises(BadImageError, match="5x4 px is over the limit of 10 px"):
        found.pixels(0)


@pytest.fixture
def farm(tmp_path: Path) -> ImageSet:
    return images(write(tmp_path, dog__1=png(1), cat__1=png(2), dog__2=png(3)))


def test_an_image_is_taken_by_its_number(farm: ImageSet) -> None:
    assert (farm[0].id, farm[0].label, farm[-1].id, farm[-1].index) == (
        "cat/1.png", "cat", "dog/2.png", 2,
    )  # fmt: skip
    assert int(farm[1].pixels[0, 0, 0]) == 1
    assert farm[np.int64(2)].id == "dog/2.png"
    for beyond in (3, -4):
        with pytest.raises(IndexError, match=f"has images 0 to 2: no {beyond}"):
            farm[beyond]
    assert [image.id for image in farm] == list(farm.ids)


def test_a_slice_is_a_set_of_its_own(farm: ImageSet) -> None:
    part = farm[1:]
    assert (len(part), list(part.ids)) == (2, ["dog/1.png", "dog/2.png"])
    assert part.require_labels().tolist() == [1, 1]
    assert int(part[1].pixels[0, 0, 0]) == 3
    assert part.provenance()["fingerprint"] != farm.provenance()["fingerprint"]
    # what opens it again: the folder, and which of its images
    assert part.location == farm.location
    assert list(farm.take(*part.taken).ids) == list(part.ids)


def test_a_set_and_an_image_are_one_line_each(farm: ImageSet, tmp_path: Path) -> None:
    assert repr(farm) == f"<ImageSet {tmp_path}: images 3, classes cat, dog, columns none>"
    assert repr(farm[0]) == "<Image cat/1.png: label cat>"
    assert "<td>cat, dog</td>" in farm._repr_html_()
    assert farm[0]._repr_html_().count("<img") == 1


def test_a_set_of_many_classes_names_some(tmp_path: Path) -> None:
    for i in range(30):
        write(tmp_path / f"class{i:02}", a=png(i))
    assert "class00, class01, class02, class03, ... (30), columns none" in repr(images(tmp_path))


def test_an_image_without_a_class_has_an_empty_label(tmp_path: Path) -> None:
    found = images(write(tmp_path, a=png(1)))
    assert (found[0].label, found.labels) == ("", None)
    with pytest.raises(LabelsMissingError, match="no column 'way'; it has: none"):
        found.column("way")
    with pytest.raises(LabelsMissingError, match="carries no labels"):
        found.require_labels()
