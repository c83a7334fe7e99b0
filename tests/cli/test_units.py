"""A layer's units are ranked, chosen by their columns, and reported without a number known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import LAYER, RED


@pytest.fixture(scope="module")
def run(planted_name: str, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import neurons

    out = tmp_path_factory.mktemp("units") / "run"
    clip = neurons.load(planted_name, device="cpu")
    neurons.scan(clip, neurons.images(pictures), [LAYER], out)
    return out


def test_the_table_is_shown_kept_and_chosen_from(command, run: Path, tmp_path: Path) -> None:
    done = command("units", run, "--where", "class=red", "--sort", "auprc", "--csv",
                   tmp_path / "red.csv", "--out", tmp_path / "pages")  # fmt: skip
    assert done.code == 0, done.err
    lines = (tmp_path / "red.csv").read_text().splitlines()
    assert lines[0].startswith('"neuron","state","class","lift"')
    assert any(line.startswith(f'"{LAYER}:{RED}","alive","red"') for line in lines)
    assert f"look at some: neurons report {run} {LAYER}:" in done.out
    assert f"{LAYER}:{RED}" in (tmp_path / "pages" / "result" / "table.csv").read_text()
    # the file names units for a report
    told = command("report", run, tmp_path / "red.csv", "--count", 1, "--per-bucket", 0,
                   "--out", tmp_path / "report")  # fmt: skip
    assert told.code == 0, told.err
    assert len(list((tmp_path / "report").glob("visual.layer4-*.html"))) == len(lines) - 1


def test_a_report_takes_the_first_by_a_column(command, run: Path, tmp_path: Path) -> None:
    few = ("--count", 1, "--per-bucket", 0)
    done = command("report", run, "--top", 2, "--sort", "lift", *few, "--out", tmp_path / "a")
    assert done.code == 0, done.err
    assert len(list((tmp_path / "a").glob("visual.layer4-*.html"))) == 2
    done = command("report", run, f"{LAYER}:3,5-6", *few, "--out", tmp_path / "b")
    assert done.code == 0, done.err
    made = sorted(path.name for path in (tmp_path / "b").glob("visual.layer4-*.html"))
    assert made == [f"visual.layer4-{unit}.html" for unit in (3, 5, 6)]


def test_wrong_choices_are_one_line_before_anything_is_read(
    refused, run: Path, tmp_path: Path
) -> None:
    out = ("--out", tmp_path / "x")
    assert "did you mean 'lift'?" in refused("units", run, "--sort", "lft")
    assert "is no condition" in refused("units", run, "--where", "lift")
    assert "no neuron to report" in refused("report", run, *out)
    assert "not both" in refused("report", run, f"{LAYER}:3", "--top", 2, *out)
    assert "no file of addresses" in refused("report", run, "nowhere.csv", *out)
    assert "larger" in refused("report", run, f"{LAYER}:9-3", *out)
    assert not (tmp_path / "x").exists()
