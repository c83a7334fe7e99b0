"""The lesion command draws a network as a map, goes on after a kill, and refuses the rest."""

from __future__ import annotations

import re
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

import neurons
from tests.processes import command as run_command
from tests.processes import finish, kill_when, start

MODULES = "visual.layer4.0.conv[12],visual.attnpool.c_proj"


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def asked(planted_name: str, pictures: Path) -> tuple[object, ...]:
    return ("lesion", planted_name, "--images", pictures, "--modules", MODULES, "--no-curves",
            "--orders", 1, "--n", 12, "--top-k", 2, "--device", "cpu")  # fmt: skip


def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_bytes(
    asked: tuple[object, ...], tmp_path: Path
) -> None:
    def begin(out: Path) -> BaseProcess:
        return start(run_command, *asked, "--out", out)

    finish(begin(tmp_path / "whole"))
    out = tmp_path / "killed"
    for kept in range(2):
        kill_when(begin(out), lambda kept=kept: len(list(out.glob("kept/*.json"))) > kept)
    assert not (out / "index.html").exists()
    finish(begin(out))
    assert contents(out) == contents(tmp_path / "whole")


def test_each_cell_of_the_map_opens_the_page_of_its_module(
    command, refused, asked: tuple[object, ...], tmp_path: Path
) -> None:
    out = tmp_path / "pages"
    more = ("--recalibrate", "--how", "zero,mean", "--greedy", 1)
    pictured = ("--visualize", "visual.layer4:3", "--steps", 4)
    done = command(*asked, *more, *pictured, "--out", out)
    assert done.code == 0, done.err
    # random words name the classes of these pictures
    assert done.out.startswith(("Near chance:", "Few images:", "No better than one answer"))
    assert "Of 2 modules, each with its output set to its mean over images" in done.out
    # others use the weights of this one, so that it has no output
    assert "give no output since others use their weights: 1, such as visual.attnpool" in done.out
    index = (out / "index.html").read_text(encoding="utf-8")
    maps = re.findall(r'<table class="heat">.*?</table>', index, re.DOTALL)
    # either way, as it is and recalibrated
    assert len(maps) == 4
    opened = re.findall(r'<a data-to="(visual\.[^"]+)" href="([^"]+)"', maps[0])
    assert len(opened) == 3 and all((out / file).is_file() for _, file in opened)
    assert " looks like under lesions<" in index and "<h3>intact<" in index
    page = (out / dict(opened)["visual.attnpool.c_proj"]).read_text(encoding="utf-8")
    assert "With its weights set to zero" in page and "BatchNorm recalibrated" in page
    kept = neurons.Lesions.load(out / "result")
    assert len(kept.single) == 5 and kept.orders[-1].greedy
    assert "was made with other settings" in refused(*asked, "--out", out)
    assert "recalibrate: the folder of lesions has True" in refused(*asked, "--out", out)


def test_mistakes_are_refused_in_one_line(
    refused, asked: tuple[object, ...], planted_name: str, pictures: Path, tmp_path: Path
) -> None:
    out = ("--out", tmp_path / "out")
    assert "no lesion 'burn'; there are: zero" in refused(*asked, *out, "--how", "burn")
    assert "copies of the network" in refused(
        *asked, *out, "--how", "mean", "--visualize", "visual.layer4:3"
    )
    wrong = ("lesion", planted_name, "--images", pictures, "--device", "cpu", *out)
    assert "no module with weights of its own matches" in refused(*wrong, "--modules", "trunk.*")
    assert "needs" in refused("lesion")
    assert not (tmp_path / "out").exists()
