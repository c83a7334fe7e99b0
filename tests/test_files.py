"""Nothing is torn by a kill, mixed with other settings, or written by two at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from neurons.errors import MismatchError, OptionError, RunLockedError
from neurons.files import (
    differences,
    folder_for_writing,
    locked,
    mismatch,
    sync_folder,
    write_file,
    write_unflushed,
)

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = {"model": {"name": "RN50", "sha": "a" * 64}, "steps": 512, "sizes": [96, 96]}

_KILLED_WRITES = """
import itertools, os, random, signal, sys, time
from pathlib import Path
from neurons import files

path, write = Path(sys.argv[1]), getattr(files, sys.argv[2])
started = time.monotonic()
for _ in range(5):
    write(path, bytes(3_000_000))
# a busy machine takes longer for a write
one_write = (time.monotonic() - started) / 5
rng = random.Random(0)
for _ in range(40):
    child = os.fork()
    if not child:
        for i in itertools.count(os.getpid()):
            write(path, bytes([i % 256]) * 3_000_000)
    time.sleep(rng.uniform(0.2, 4) * one_write)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    content = path.read_bytes()
    print(len(content), len(set(content)))
"""


@pytest.mark.parametrize("write", ["write_file", "write_unflushed"])
def test_killed_at_any_moment_a_file_is_whole(tmp_path: Path, write: str) -> None:
    command = [sys.executable, "-c", _KILLED_WRITES, str(tmp_path / "file"), write]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 40
    assert set(lines) == {"3000000 1"}


@pytest.mark.parametrize("write", [write_file, write_unflushed])
def test_a_write_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path, write) -> None:
    for content in (b"old and longer", b"new"):
        write(tmp_path / "a.json", content)
    assert (tmp_path / "a.json").read_bytes() == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_can_be_flushed_and_one_that_is_not_there_cannot(tmp_path: Path) -> None:
    sync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "none")


@pytest.fixture
def held_by_another(tmp_path: Path) -> Iterator[Path]:
    """A folder whose lock another process holds."""
    code = (
        "import sys; from pathlib import Path; from neurons.files import locked\n"
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
        "import os, sys; from pathlib import Path; from neurons.files import locked\n"
        "with locked(Path(sys.argv[1]), 'album'):\n    os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
    assert done.returncode == -9
    with locked(tmp_path, "album"):
        pass


def test_a_folder_of_the_same_settings_is_gone_on_with(tmp_path: Path) -> None:
    for _ in range(2):
        with folder_for_writing(tmp_path / "a", "album", "album.json", SETTINGS):
            write_file(tmp_path / "a" / "picture.png", b"x")
    # tuples are lists in JSON, and a model may have been moved
    moved = {"model": {"name": "elsewhere/RN50", "sha": "a" * 64}, "steps": 512, "sizes": (96, 96)}
    with folder_for_writing(tmp_path / "a", "album", "album.json", moved):
        assert (tmp_path / "a" / "picture.png").is_file()


def test_other_settings_are_named_key_by_key_and_nothing_is_changed(tmp_path: Path) -> None:
    with folder_for_writing(tmp_path, "album", "album.json", SETTINGS):
        pass
    before = (tmp_path / "album.json").read_bytes()
    other = {**SETTINGS, "model": {"name": "RN50", "sha": "b" * 64}, "steps": 64, "seed": 1}
    with (
        pytest.raises(MismatchError) as raised,
        folder_for_writing(tmp_path, "album", "album.json", other),
    ):
        pass
    assert str(raised.value) == (
        f"album {str(tmp_path)!r} was made with other settings (model.sha: the album has "
        f"'aaaaaaaaaaaa', asked is 'bbbbbbbbbbbb'; steps: the album has 512, asked is 64; seed: "
        f"the album has None, asked is 1); ask for the same, or choose another folder"
    )
    assert (tmp_path / "album.json").read_bytes() == before


def test_a_folder_of_something_else_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with (
        pytest.raises(OptionError, match="is not empty and is no album; choose another folder"),
        folder_for_writing(tmp_path, "album", "album.json", SETTINGS),
    ):
        pass
    assert {file.name for file in tmp_path.iterdir()} <= {"thesis.tex", ".lock"}


def test_a_folder_killed_before_its_settings_were_whole_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "album.json.partial").write_text('{"model": ')
    with folder_for_writing(tmp_path, "album", "album.json", SETTINGS):
        pass
    assert (tmp_path / "album.json").read_text().startswith("{")


def test_where_things_lay_is_no_difference_at_any_depth() -> None:
    held = {"run": {"model": {"name": "a", "n": 1}, "where": {"images": "x"}}, "name": "b"}
    asked = {"run": {"model": {"name": "c", "n": 1}, "where": {"images": "y"}}, "name": "b"}
    assert differences(held, asked) == []
    # any other name is one
    assert differences(held, {"name": "c"}) == ["name: the run has 'b', asked is 'c'"]
    assert mismatch(Path("r"), "run", held, asked) == ""


def test_layers_that_differ_are_told_as_a_list_and_not_key_by_key() -> None:
    held, asked = {"layers": {"x": {"units": 1}}}, {"layers": {"y": {"units": 1}}}
    assert differences(held, asked) == ["layers: the run has x, asked is y"]
