"""What lies in a folder is told by its marker, and what was meant is offered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neurons.files import write_file
from neurons.folder_kinds import (
    ALBUM,
    ANSWER,
    DEMO,
    KINDS,
    PROBE,
    REPORT,
    RUN,
    FolderKind,
    inside,
    kind_of_folder,
    not_there,
    what_is,
)
from neurons.folders import folder_for_writing


def made(path: Path, kind: FolderKind) -> Path:
    if kind.marked_last:
        path.mkdir(parents=True)
        (path / kind.marker).write_text(json.dumps({kind.settings_at: {}, "what": kind.what}))
        return path
    with folder_for_writing(path, kind, {"n": 3}):
        write_file(path / "index.html", b"")
    return path


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_is_known_by_its_marker_and_owns_it(tmp_path: Path, kind: FolderKind) -> None:
    path = made(tmp_path / "x", kind)
    assert kind_of_folder(path) is kind
    assert what_is(path) == str(kind)
    assert kind.owns(path / kind.marker) and not kind.owns(tmp_path / "thesis.txt")


def test_patterns_of_folders_look_at_what_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "red").mkdir()
    assert not ALBUM.owns(tmp_path / "red")
    (tmp_path / "red" / "result.json").touch()
    assert ALBUM.owns(tmp_path / "red") and not RUN.owns(tmp_path / "red")
    for name in (".lock", "a.json.partial", ".DS_Store"):
        (tmp_path / name).touch()
    assert inside(tmp_path) == [tmp_path / "red"]


def test_what_an_earlier_version_wrote_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    assert what_is(tmp_path) == what_is(tmp_path / "nowhere") == ""
    (tmp_path / "census").mkdir()
    (tmp_path / "census" / "result.json").write_text('{"kind": "Census"}')
    assert what_is(tmp_path / "census") == "a saved Census"
    (tmp_path / "report" / "assets").mkdir(parents=True)
    for name in ("report/index.html", "report/assets/report.js"):
        (tmp_path / name).touch()
    assert what_is(tmp_path / "report") == "pages that do not say how they were made"
    made(tmp_path / "run", RUN)
    assert what_is(tmp_path) == str(DEMO)


def test_what_lies_there_instead_is_told_and_what_was_meant_is_offered(tmp_path: Path) -> None:
    run, report = made(tmp_path / "demo" / "run", RUN), made(tmp_path / "demo" / "report", REPORT)
    for path, told in (
        (report, f"{str(report)!r} holds a report, not a run; scan"),
        (tmp_path / "demo" / "rnu", f"no run at '{tmp_path}/demo/rnu'; did you mean {str(run)!r}?"),
        (
            tmp_path / "demo",
            f"'{tmp_path}/demo' holds a demo, not a run; did you mean {str(run)!r}?",
        ),
        (run / "zarr.json", f"'{run}/zarr.json' is a file, not a run; scan"),
        (tmp_path / "other", f"no run at '{tmp_path}/other'; scan"),
    ):
        assert not_there(path, RUN, "scan") == told


def test_names_are_read_aloud() -> None:
    shown = [str(kind) for kind in (RUN, ALBUM, PROBE, ANSWER)]
    assert shown == ["a run", "an album", "a probe", "an answer"]
