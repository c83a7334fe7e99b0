"""One rule for a folder that exists: nothing foreign is touched, nothing is replaced silently."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from neurons.errors import OptionError, OutputExistsError, RunLockedError
from neurons.files import write_file
from neurons.folder_kinds import ALBUM, ANSWER, DEMO, REPORT, RUN, FolderKind
from neurons.folders import check_folder, folder_for_writing, locked

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = {"model": {"name": "RN50", "sha": "a" * 64}, "steps": 512, "sizes": [96, 96]}


@pytest.fixture
def held_by_another(tmp_path: Path) -> Iterator[Path]:
    """A folder whose lock another process holds."""
    code = (
        "import sys; from pathlib import Path; from neurons.folders import locked\n"
        "with locked(Path(sys.argv[1]), 'album'):\n    print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield tmp_path
        holder.kill()


def test_a_folder_that_another_process_writes_is_refused_until_it_ends(
    held_by_another: Path,
) -> None:
    with pytest.raises(RunLockedError) as raised, locked(held_by_another, "album"):
        pass
    assert str(raised.value) == (
        f"another process is writing album {str(held_by_another)!r}; wait for it, or choose "
        f"another folder"
    )


def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from neurons.folders import locked\n"
        "with locked(Path(sys.argv[1]), 'album'):\n    os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
    assert done.returncode == -9
    with locked(tmp_path, "album"):
        pass


def test_a_folder_of_the_same_settings_is_gone_on_with(tmp_path: Path) -> None:
    for _ in range(2):
        with folder_for_writing(tmp_path / "a", ALBUM, SETTINGS):
            write_file(tmp_path / "a" / "picture.png", b"x")
    # tuples are lists in JSON, and a model may have been moved
    moved = {"model": {"name": "elsewhere/RN50", "sha": "a" * 64}, "steps": 512, "sizes": (96, 96)}
    with folder_for_writing(tmp_path / "a", ALBUM, moved):
        assert (tmp_path / "a" / "picture.png").is_file()


def test_other_settings_are_named_key_by_key_and_nothing_is_changed(tmp_path: Path) -> None:
    with folder_for_writing(tmp_path, ALBUM, SETTINGS):
        pass
    before = (tmp_path / "album.json").read_bytes()
    other = {**SETTINGS, "model": {"name": "RN50", "sha": "b" * 64}, "steps": 64, "seed": 1}
    with (
        pytest.raises(OutputExistsError) as raised,
        folder_for_writing(tmp_path, ALBUM, other),
    ):
        pass
    assert str(raised.value) == (
        f"album {str(tmp_path)!r} was made with other settings (model.sha: the album has "
        f"'aaaaaaaaaaaa', asked is 'bbbbbbbbbbbb'; steps: the album has 512, asked is 64; seed: "
        f"the album has None, asked is 1); ask for the same, choose another folder, or replace it "
        f"(replace=True)"
    )
    assert (tmp_path / "album.json").read_bytes() == before


def test_a_folder_of_something_else_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with (
        pytest.raises(OptionError, match="is not empty and is no album; choose another folder"),
        folder_for_writing(tmp_path, ALBUM, SETTINGS),
    ):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_killed_before_its_settings_were_whole_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "album.json.partial").write_text('{"model": ')
    with folder_for_writing(tmp_path, ALBUM, SETTINGS):
        pass
    assert (tmp_path / "album.json").read_text().startswith("{")


@pytest.mark.parametrize("kind", [ALBUM, REPORT, ANSWER])
def test_what_may_be_replaced_is_emptied_first_and_only_when_asked(
    tmp_path: Path, kind: FolderKind
) -> None:
    out = tmp_path / "out"
    with folder_for_writing(out, kind, SETTINGS):
        write_file(out / "index.html", b"old")
        (out / "images").mkdir()
        write_file(out / "images" / "a.png", b"old")
    # the same settings keep what is there, with or without leave to replace it
    with folder_for_writing(out, kind, SETTINGS, replace=True):
        assert (out / "index.html").is_file()
    other = {**SETTINGS, "steps": 1}
    with pytest.raises(OutputExistsError, match="steps: .* has 512, asked is 1"):
        check_folder(out, kind, other)
    check_folder(out, kind, other, replace=True)
    assert (out / "images" / "a.png").is_file()
    with folder_for_writing(out, kind, other, replace=True):
        assert {each.name for each in out.iterdir()} == {".lock", kind.marker}
    assert kind.read(out) == other


def test_a_users_file_among_ours_is_kept_or_the_replacing_is_refused(tmp_path: Path) -> None:
    with folder_for_writing(tmp_path, REPORT, SETTINGS):
        write_file(tmp_path / "index.html", b"page")
    (tmp_path / "notes.txt").write_text("mine")
    # growing does not touch it
    check_folder(tmp_path, REPORT, SETTINGS)
    with pytest.raises(OptionError, match="'notes.txt' in it would be lost"):
        check_folder(tmp_path, REPORT, {"steps": 1}, replace=True)
    assert (tmp_path / "index.html").is_file()


def test_another_kind_of_folder_is_never_written_into(tmp_path: Path) -> None:
    with folder_for_writing(tmp_path / "r", REPORT, SETTINGS):
        pass
    for replace in (False, True):
        with pytest.raises(OptionError) as raised:
            check_folder(tmp_path / "r", ANSWER, SETTINGS, replace=replace)
        assert str(raised.value) == (
            f"{str(tmp_path / 'r')!r} holds a report, not an answer; choose another folder"
        )


def test_pages_of_an_earlier_version_are_replaced_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    for name in ("index.html", "visual.layer4-3.html", "assets/report.js"):
        (tmp_path / name).write_text("old")
    with pytest.raises(OutputExistsError, match="by an earlier version, and does not say how"):
        check_folder(tmp_path, REPORT, SETTINGS)
    with folder_for_writing(tmp_path, REPORT, SETTINGS, replace=True):
        assert not (tmp_path / "assets").exists()


def test_versions_are_no_settings_of_pages_but_of_numbers_that_are_gone_on_with(
    tmp_path: Path,
) -> None:
    old, new = ({"run": {"versions": {"torch": v}, "n": 3}} for v in ("1", "2"))
    for kind in (REPORT, ALBUM):
        with folder_for_writing(tmp_path / kind.what, kind, old):
            pass
    check_folder(tmp_path / "report", REPORT, new)
    with pytest.raises(OutputExistsError, match="versions.torch"):
        check_folder(tmp_path / "album", ALBUM, new)


def test_what_raises_before_it_has_written_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "new" / "deeper"
    with pytest.raises(ZeroDivisionError), folder_for_writing(out, REPORT, SETTINGS):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ZeroDivisionError), folder_for_writing(out, REPORT, SETTINGS):
        write_file(out / "index.html", b"page")
        raise ZeroDivisionError
    check_folder(out, REPORT, SETTINGS)
    assert (out / "index.html").is_file()


def test_a_file_in_the_folders_place_is_one_line_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    for path in (tmp_path / "out", tmp_path / "out" / "below"):
        with (
            pytest.raises(OptionError, match="no folder can be made"),
            folder_for_writing(path, ALBUM, SETTINGS),
        ):
            pass
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_a_run_that_was_only_begun_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "layers").mkdir()
    check_folder(tmp_path, RUN, {"dtype": "float32"})
    (tmp_path / "zarr.json").write_text(json.dumps({"attributes": {"dtype": "float16"}}))
    with pytest.raises(OutputExistsError, match="dtype: the run has 'float16'"):
        check_folder(tmp_path, RUN, {"dtype": "float32"})


def test_a_demos_folder_holds_a_run_and_a_report_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    check_folder(tmp_path, DEMO)
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OptionError, match="is not empty and is no demo"):
        check_folder(tmp_path, DEMO)
