"""A table of file names brings labels: of an imagefolder, or one that lies beside the images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neurons import images
from neurons.errors import ImagesNotFoundError
from tests.data.picture_files import png, write


def test_a_table_of_labels_beside_the_images_is_taken_by_its_name(tmp_path: Path) -> None:
    write(tmp_path / "images", a=png(1), b=png(2), c=png(3))
    (tmp_path / "labels.csv").write_text("id,breed\na,pug\nc,collie\n")
    found = images(tmp_path / "labels.csv", label_column="breed")
    assert list(found.ids) == ["images/a.png", "images/c.png"]
    assert [found.class_names[label] for label in found.require_labels()] == ["pug", "collie"]
    assert "1 image that labels.csv does not list" in found.describe()
    (tmp_path / "other.csv").write_text("size,breed\n3,pug\n")
    with pytest.raises(ImagesNotFoundError, match=r"no column .* names images .*size, breed"):
        images(tmp_path / "other.csv", label_column="breed")


def test_a_metadata_csv_without_file_names_is_about_other_things(tmp_path: Path) -> None:
    # the published SCAM set has one, which names some of its images by a number
    write(tmp_path, dog__1=png(1), cat__2=png(2))
    (tmp_path / "metadata.csv").write_text("image_id,word\n1,oil\n")
    found = images(tmp_path)
    assert list(found.ids) == ["cat/2.png", "dog/1.png"] and found.class_names == ("cat", "dog")


def test_metadata_in_lines_of_json_is_read(tmp_path: Path) -> None:
    write(tmp_path, x=png(1), y=png(2))
    rows = [{"file_name": "y.png", "label": "yak"}, {"file_name": "x.png", "label": "xerus"}]
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = images(tmp_path)
    assert list(found.ids) == ["y.png", "x.png"]
    assert found.class_names == ("xerus", "yak") and found.require_labels().tolist() == [1, 0]
