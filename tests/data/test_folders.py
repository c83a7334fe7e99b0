"""A folder of several kinds of images is refused by its counts; outer folders are a column."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons import images
from neurons.errors import ImagesNotFoundError, OptionError
from tests.data.picture_files import png, write


def test_a_tar_among_images_is_refused_with_both_counts(tmp_path: Path) -> None:
    write(tmp_path, dog__1=png(1), cat__1=png(2), cat__2=png(3))
    (tmp_path / "old.tar").write_bytes(b"")
    with pytest.raises(ImagesNotFoundError) as raised:
        images(tmp_path)
    told = str(raised.value)
    assert "3 images in 2 folders and 1 .tar file (old.tar)" in told
    assert f"name a file such as '{tmp_path}/old.tar'" in told and f"'{tmp_path}/cat'" in told
    # the same of a table, deeper down
    (tmp_path / "old.tar").rename(tmp_path / "dog" / "train.parquet")
    with pytest.raises(ImagesNotFoundError, match=r"1 \.parquet file \(dog/train\.parquet\)"):
        images(tmp_path)


def test_tables_in_folders_within_are_not_taken_unasked(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.parquet").write_bytes(b"")
    with pytest.raises(ImagesNotFoundError, match=f"name one of them, such as '{tmp_path}/data'"):
        images(tmp_path)


def test_an_empty_folder_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("no image")
    with pytest.raises(ImagesNotFoundError, match=r"no image below .*; left out: 1 \.txt file"):
        images(tmp_path)


def test_style_and_class_folders_are_a_column_and_labels(tmp_path: Path) -> None:
    write(
        tmp_path,
        photo__dog__1=png(1),
        photo__cat__1=png(2),
        sketch__dog__1=png(3),
        sketch__cat__1=png(4),
    )
    found = images(tmp_path)
    assert found.class_names == ("cat", "dog")
    assert found.require_labels().tolist() == [0, 1, 0, 1]
    assert found.column("folder") == ["photo", "photo", "sketch", "sketch"]
    assert images(tmp_path, label_column="folder").class_names == ("photo", "sketch")
    assert found.describe() == (
        "4 images in 4 folders, 2 classes from the inner folders, column folder from the outer "
        "ones (photo, sketch)"
    )


def test_what_is_no_image_is_counted_and_told(tmp_path: Path) -> None:
    write(tmp_path, dog__1=png(1), cat__1=png(2))
    (tmp_path / "dog" / "notes.md").write_text("no image")
    (tmp_path / "dog" / ".DS_Store").write_text("")
    assert images(tmp_path).describe() == (
        "2 images in 2 folders, 2 classes from the folders; left out: 1 .md file, 1 hidden file or "
        "folder"
    )


def test_images_without_labels_say_why_and_what_that_costs(tmp_path: Path) -> None:
    write(tmp_path, a=png(1), dog__1=png(2))
    told = images(tmp_path).describe()
    assert "no labels (the images lie 0 and 1 folders deep): probe, find" in told
    with pytest.raises(OptionError, match="no column 'kind'"):
        images(tmp_path, label_column="kind")


def test_a_link_that_leads_back_ends(tmp_path: Path) -> None:
    write(tmp_path, dog__1=png(1), cat__1=png(2))
    (tmp_path / "dog" / "all").symlink_to(tmp_path, target_is_directory=True)
    found = images(tmp_path)
    assert list(found.ids) == ["cat/1.png", "dog/1.png"]
    assert "1 link that lead back" in found.describe()
