"""Tar files are read in place: nothing is extracted, nothing unpickled."""

from __future__ import annotations

import io
import pickle
import tarfile
from pathlib import Path

import pytest

from neurons import images
from neurons.errors import ImagesNotFoundError
from tests.data.picture_files import png


class Harmful:
    """Unpickling one of these would leave a mark."""

    def __reduce__(self):
        return (Path.touch, (Path("harmed"),))


def archive_of(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def test_tar_files_are_read_in_place_and_never_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shards").mkdir()
    bad = pickle.dumps(Harmful())
    members = {"000.png": png(1), "000.cls": b"3", "000.pyd": bad, "sub/001.png": png(2)}
    archive_of(tmp_path / "shards" / "a.tar", members)
    archive_of(tmp_path / "shards" / "b.tar", {"../up.png": png(3), "../up.cls": b"0\n"})
    before = sorted(tmp_path.rglob("*"))
    found = images(tmp_path / "shards")
    assert list(found.ids) == ["a.tar/000.png", "a.tar/sub/001.png", "b.tar/../up.png"]
    assert [int(found.pixels(i)[0, 0, 0]) for i in range(3)] == [1, 2, 3]
    assert found.require_labels().tolist() == [3, -1, 0]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_compressed_tar_is_refused_with_the_way_out(tmp_path: Path) -> None:
    squeezed = archive_of(tmp_path / "a.tar", {"x.png": png(1)}, "w:gz")
    with pytest.raises(ImagesNotFoundError, match="gunzip"):
        images(squeezed)


def test_a_class_that_is_no_number_is_named(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "a.tar", {"x.png": png(1), "x.cls": b"pig"})
    with pytest.raises(ImagesNotFoundError, match=r"'x.cls' should hold a class number.*'pig'"):
        images(path)


def test_an_archive_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImagesNotFoundError, match="no image in"):
        images(archive_of(tmp_path / "a.tar", {"x.txt": b"words"}))
