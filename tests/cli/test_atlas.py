"""A layer becomes an atlas and a table by one command each, and the units like one are found."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import neurons
from neurons import Activations, UnitLabel, UnitLabels
from neurons.activations.unit_labels import Decoys, LabelSource
from neurons.stats import Interval, Share
from tests.activations.stores import run_of
from tests.conftest import LAYER, RED
from tests.recipes.test_atlas import CLASSES, TWIN, N, planted


@pytest.fixture(scope="module")
def run(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, images = tmp_path_factory.mktemp("cli-atlas"), neurons.images(pictures)
    return run_of(folder / "run", images, planted(images), layer="layer").path


def named(run: Path) -> UnitLabels:
    """Names of the first four units, as `label_units` gives them."""
    units = tuple(
        UnitLabel(i, "named" if i < 4 else "no name", CLASSES[i % 4], "kinds", "class", 0.9, 0.9,
                  0.25, Interval(0.8, 1.0), 0.9, 0.9, 0.01, 5)
        for i in range(N)
    )  # fmt: skip
    source, decoys = LabelSource("class", 4, 0.3, False), Decoys("noise", Share(0, 99))
    told = Activations.open(run).provenance()
    return UnitLabels(told, "layer", 40, 4, (source,), (decoys,), units, ())


def test_a_layer_becomes_an_atlas_with_names_and_columns_of_ones_own(
    command, refused, run: Path, tmp_path: Path
) -> None:
    labels, out = tmp_path / "labels", tmp_path / "atlas"
    named(run).save(labels / "result")
    (tmp_path / "mine.csv").write_text("neuron,seen\nlayer:5,2\n")
    asked = ("atlas", run, "--labels", labels, "--table", tmp_path / "mine.csv", "--out", out)
    done = command(*asked, "--count", 2, "--per-bucket", 0)
    assert done.code == 0, done.err
    assert f"atlas: {out / 'index.html'}" in done.out
    # what the names are worth, and what the map is, is told
    assert "have a name that holds on images that did not propose it" in done.out
    assert "similar units, and a random map" in done.out
    table = pd.read_csv(out / "units.csv")
    assert table["name"].tolist()[:4] == ["noisy", "plain", "red", "stripe"]
    assert table["seen"][5] == 2
    assert "label" not in done.out.splitlines()[-1]
    assert "--replace" in refused(*asked, "--count", 3)
    assert "is a file" in refused("atlas", run, "--out", tmp_path / "mine.csv")
    assert "holds no layer 'layer4'" in refused("atlas", run, "--layer", "layer4", "--out", "x")
    assert "no result at" in refused("atlas", run, "--labels", tmp_path, "--out", "x")
    assert "holds an atlas, not a report" in refused("report", run, "layer:1", "--out", out)


def test_names_of_another_run_are_refused(command, refused, scanned: Path, run: Path,
                                          tmp_path: Path) -> None:  # fmt: skip
    labels = tmp_path / "labels"
    assert command("label", scanned, "--out", labels).code == 0
    told = refused("atlas", run, "--labels", labels, "--out", tmp_path / "atlas")
    assert "(unit_labels) does not belong to run" in told
    assert not (tmp_path / "atlas").exists()


def test_all_that_is_known_goes_into_one_file(command, refused, run: Path, tmp_path: Path) -> None:
    for name, read in (("units.parquet", pd.read_parquet), ("units.csv", pd.read_csv)):
        done = command("export", run, "-l", "layer", "--out", tmp_path / name)
        assert done.code == 0 and f"table: {tmp_path / name}" in done.out, done.err
        table = read(tmp_path / name)
        assert table["neuron"].tolist() == [f"layer:{i}" for i in range(N)]
        assert table["similar"][2].split()[0] == f"layer:{TWIN}"
    assert ".csv or .parquet" in refused("export", run, "--out", tmp_path / "units.txt")
    assert "holds no layer" in refused("export", run, "other", "--out", tmp_path / "x.csv")


def test_the_units_like_one_are_found_and_written(
    command, refused, scanned: Path, run: Path, tmp_path: Path
) -> None:
    done = command("find", run, "--like", "layer:2", "--count", 3, "--out", tmp_path / "like")
    assert done.code == 0, done.err
    assert f"Most like layer:2 is layer:{TWIN}: their peaks correlate by 1.00" in done.out
    assert done.out.splitlines()[-1].startswith(f"look at them: neurons report {run} layer:{TWIN}")
    assert (tmp_path / "like" / "result" / "table.csv").is_file()
    assert "one of them" in refused("find", scanned, "red", "--like", f"{LAYER}:{RED}")
    assert "no layer:99" in refused("find", run, "--like", "layer:99")


def test_interesting_units_are_reported_with_the_reason(
    command, refused, run: Path, tmp_path: Path
) -> None:
    named(run).save(tmp_path / "labels")
    asked = ("report", run, "--most", "interesting", "--labels", tmp_path / "labels")
    done = command(*asked, "--n", 2, "--count", 1, "--per-bucket", 0, "--out", tmp_path / "pages")
    assert done.code == 0, done.err
    assert "noisy: score 0.90, the first of kinds" in done.out
    assert "plain: score 0.90, number 2 of kinds" in done.out
    pages = {file.name for file in (tmp_path / "pages").glob("layer-*.html")}
    assert pages == {"layer-0.html", "layer-1.html"}
    assert "not both" in refused(*asked, "layer:1", "--out", "x")
    assert "picks by itself" in refused(*asked, "--top", 3, "--out", "x")
    assert "give both" in refused("report", run, "--labels", tmp_path / "labels", "--top", 3,
                                  "--out", "x")  # fmt: skip
