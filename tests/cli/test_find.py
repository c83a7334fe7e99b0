"""A person who comes with a word finds its unit, and the next command to type."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import LAYER, RED


@pytest.fixture(scope="module")
def run(planted_name: str, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import neurons

    out = tmp_path_factory.mktemp("find") / "run"
    clip = neurons.load(planted_name, device="cpu")
    neurons.scan(clip, neurons.images(pictures), [LAYER], out)
    return out


def test_a_word_finds_the_planted_unit_and_the_next_command(
    command, run: Path, tmp_path: Path
) -> None:
    done = command("find", run, "RED", "--count", 256, "--out", tmp_path / "pages")
    assert done.code == 0, done.err
    assert "answers to 'RED'" in done.out
    (line,) = (line for line in done.out.splitlines() if line.startswith(f"{LAYER}:{RED} "))
    assert " yes " in line
    last = done.out.splitlines()[-1]
    assert last.startswith(f"look at them: neurons report {run} {LAYER}:")
    words = last.removeprefix("look at them: neurons ").split()
    told = command(*words[:-1], tmp_path / "report", "--count", 1, "--per-bucket", 0)
    assert told.code == 0, told.err
    page = (tmp_path / "pages" / "index.html").read_text()
    assert "Units-for-RED" in page or "Units for RED" in page


def test_groups_come_from_a_file_and_images_by_their_name(
    command, run: Path, tmp_path: Path
) -> None:
    groups = tmp_path / "groups.txt"
    groups.write_text("# hypernyms\nmarked: red, stripe\n")
    done = command("find", run, "marked", "--groups", groups, "--permutations", 20)
    assert done.code == 0 and "'marked' (red, stripe)" in done.out, done.err
    done = command("find", run, "--image", "red/09.png", "--count", 3)
    assert done.code == 0 and "red/09.png is the strongest image of" in done.out, done.err
    # a file of one's own is read by the run's model
    mine = tmp_path / "mine.png"
    Image.new("RGB", (64, 64), "red").save(mine)
    done = command("find", run, "--image", mine, "--count", 3)
    assert done.code == 0 and "mine.png is the strongest image of" in done.out, done.err


def test_wrong_concepts_are_one_line(refused, run: Path, tmp_path: Path) -> None:
    assert "those that look alike: stripe" in refused("find", run, "strip")
    assert "one of them" in refused("find", run)
    assert "is empty" in refused("find", run, " ")
    assert "holds no layer" in refused("find", run, "red", "-l", "visual.layer1")
    (tmp_path / "g.txt").write_text("marked red")
    assert "write NAME: CLASS, CLASS" in refused("find", run, "m", "--groups", tmp_path / "g.txt")
