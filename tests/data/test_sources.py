"""Files are read in a fixed order, and labels come from folders or metadata.csv."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurons import images
from neurons.data.folders import folder, list_folder
from neurons.data.parts import SourcePart
from neurons.data.sources import Names, labels_of_words, read_file
from neurons.errors import BadImageError, ImagesNotFoundError, LabelsMissingError, OptionError
from tests.data.picture_files import png, write


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path: Path) -> None:
    write(tmp_path, b=png(2), a__z=png(1), c__x__y=png(3), a__b=png(0))
    (tmp_path / "notes.md").write_text("no image")
    (tmp_path / ".hidden.png").write_bytes(png(9))
    found = images(tmp_path)
    assert list(found.ids) == ["a/b.png", "a/z.png", "b.png", "c/x/y.png"]
    assert [int(found.pixels(i)[0, 0, 0]) for i in range(4)] == [0, 1, 2, 3]
    assert found.labels is None
    with pytest.raises(LabelsMissingError, match=r"metadata\.csv"):
        found.require_labels()


def test_one_folder_per_class_gives_labels(tmp_path: Path) -> None:
    found = images(write(tmp_path, dog__1=png(1), cat__1=png(2), dog__2=png(3)))
    assert found.class_names == ("cat", "dog")
    assert found.require_labels().tolist() == [0, 1, 1]


def test_an_imagefolder_takes_order_labels_and_names_from_its_metadata(tmp_path: Path) -> None:
    write(tmp_path, x=png(1), y=png(2), z=png(3))
    table = "file_name,label,name\nz.png,2,zebra\nx.png,0,xerus\n"
    (tmp_path / "metadata.csv").write_text(table)
    found = images(tmp_path)
    assert list(found.ids) == ["z.png", "x.png"]
    assert found.require_labels().tolist() == [2, 0]
    assert found.class_names == ("xerus", "1", "zebra")
    (tmp_path / "metadata.csv").write_text("file_name,kind\nz.png,zebra\nx.png,ant\n")
    by_kind = images(tmp_path, label_column="kind")
    assert by_kind.class_names == ("ant", "zebra")
    assert by_kind.require_labels().tolist() == [1, 0]
    with pytest.raises(OptionError, match="no column 'sort'; it has: file_name, kind"):
        images(tmp_path, label_column="sort")


def test_metadata_cannot_name_files_outside_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "in", x=png(1))
    (tmp_path / "secret.png").write_bytes(png(7))
    (tmp_path / "in" / "metadata.csv").write_text("file_name\n../secret.png\n")
    with pytest.raises(ImagesNotFoundError, match="outside"):
        images(tmp_path / "in")


def test_a_listed_file_that_vanishes_is_one_bad_image(tmp_path: Path) -> None:
    write(tmp_path, x=png(1))
    (tmp_path / "metadata.csv").write_text("file_name\nx.png\ngone.png\n")
    found = images(tmp_path)
    assert found.pixels(0).shape == (4, 5, 3)
    with pytest.raises(BadImageError, match=r"gone\.png"):
        found.pixels(1)


def test_lists_and_text_files_keep_their_order(tmp_path: Path) -> None:
    write(tmp_path, a=png(1), b=png(2))
    paths = [tmp_path / "b.png", tmp_path / "a.png"]
    (tmp_path / "list.txt").write_text("\n".join(map(str, paths)) + "\n\n")
    for found in (images(paths), images(tmp_path / "list.txt")):
        assert list(found.ids) == [path.as_posix() for path in paths]
        assert int(found.pixels(0)[0, 0, 0]) == 2
    with pytest.raises(ImagesNotFoundError, match=r"1 of 2 listed files do not exist.*nope"):
        images([tmp_path / "a.png", tmp_path / "nope.png"])


def test_names_of_a_hundred_thousand_files_take_little_memory() -> None:
    names = Names(f"train/n01440764/n01440764_{i}.JPEG" for i in range(100_000))
    assert names[99_999] == "train/n01440764/n01440764_99999.JPEG"
    assert names[5:7] == [f"train/n01440764/n01440764_{i}.JPEG" for i in (5, 6)]
    assert names._names.nbytes / len(names) < 60


def test_further_columns_come_from_the_metadata(tmp_path: Path) -> None:
    write(tmp_path, a=png(1), b=png(2))
    (tmp_path / "metadata.csv").write_text("file_name,label,way\na.png,x,drawn\nb.png,y,written\n")
    found = folder(list_folder(tmp_path), label_column="label")
    assert found.columns == {
        "file_name": ["a.png", "b.png"], "label": ["x", "y"], "way": ["drawn", "written"],
    }  # fmt: skip
    assert images(tmp_path).column("way") == ["drawn", "written"]


def test_words_are_numbered_in_alphabetical_order() -> None:
    labels, names = labels_of_words(["pig", "ant", "pig"])
    assert (labels.tolist(), labels.dtype, names) == ([1, 0, 1], np.int32, ("ant", "pig"))


def test_an_unreadable_file_is_given_as_its_error(tmp_path: Path) -> None:
    assert isinstance(read_file(tmp_path), OSError)
    (tmp_path / "a").write_bytes(b"x")
    assert read_file(tmp_path / "a") == b"x"


def test_a_part_has_the_rows_of_the_whole(tmp_path: Path) -> None:
    write(tmp_path, dog__1=png(1), cat__1=png(2), dog__2=png(3))
    whole = folder(list_folder(tmp_path), label_column="label")
    backwards = range(2, -1, -2)
    part = SourcePart(whole, backwards)
    assert list(part.ids) == ["dog/2.png", "cat/1.png"]
    assert part.labels is not None and part.labels.tolist() == [1, 0]
    assert part.read([1, 0]) == whole.read([0, 2])
    assert part.class_names == whole.class_names == ("cat", "dog")
    others = [SourcePart(whole, rows).fingerprint for rows in (range(2), range(3), backwards)]
    assert part.fingerprint == others[2] and len({*others, whole.fingerprint}) == 4
