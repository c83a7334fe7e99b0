"""A file is whole, is where its name says, and is never put over another one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from neurons.errors import OptionError, OutputExistsError
from neurons.files import (
    check_file,
    check_place,
    sync_folder,
    write_file,
    write_new,
    write_unflushed,
)

ROOT = Path(__file__).resolve().parents[1]

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


def test_a_place_where_no_folder_can_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "below" / "it"):
        with pytest.raises(OptionError) as raised:
            check_place(path)
        assert str(path) in str(raised.value) and "is a file" in str(raised.value)
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OptionError, match="choose another name"):
        check_place(tmp_path / "lost")
    check_place(tmp_path / "new" / "deeper")
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OptionError, match="there is no permission to write"):
        check_place(tmp_path / "locked" / "run")


def test_a_users_file_is_never_put_over_another_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.csv"
    for _ in range(2):
        assert write_new(path, b"1,2").read_bytes() == b"1,2"
    with pytest.raises(OutputExistsError, match="is there already, with other content"):
        write_new(path, b"3,4")
    assert path.read_bytes() == b"1,2"
    write_new(path, b"3,4", replace=True)
    assert path.read_bytes() == b"3,4"
    with pytest.raises(OptionError, match="is a folder"):
        check_file(tmp_path)
