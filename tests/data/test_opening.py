"""What a user names as images is found, or there is one line about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons import images
from neurons.data.opening import MINIATURE, location_of
from neurons.errors import ImagesNotFoundError
from tests.data.picture_files import png, write


def test_nothing_there_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "empty", tmp_path / "nowhere", []):
        with pytest.raises(ImagesNotFoundError) as caught:
            images(source)
        assert "\n" not in str(caught.value)


def test_one_file_is_a_set_of_one(tmp_path: Path) -> None:
    write(tmp_path, a=png(7))
    found = images(tmp_path / "a.png")
    assert (len(found), int(found[0].pixels[0, 0, 0])) == (1, 7)


def test_what_a_tar_file_in_a_folder_holds_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(b"x" * 600)
    with pytest.raises(ImagesNotFoundError, match="not an uncompressed tar file"):
        images(tmp_path)


def test_a_place_is_kept_that_opens_the_same_images_again(tmp_path: Path) -> None:
    assert location_of(MINIATURE) == MINIATURE
    assert location_of("hf:owner/name:test") == "hf:owner/name:test"
    assert location_of(tmp_path / "x" / "..") == str(tmp_path.resolve())
    assert location_of([tmp_path]) is None
