"""An atlas holds every unit, finds planted ones, and refuses what is of another run."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.errors import (
    AlbumNotFoundError,
    LabelsMissingError,
    LayerNotFoundError,
    MismatchError,
    OptionError,
    OutputExistsError,
)
from neurons.recipes.own_table import OwnTable
from tests.activations.stores import run_of

CLASSES = ("noisy", "plain", "red", "stripe")
N, TWIN, QUIET = 9, 7, 8


def planted(images: ImageSet) -> np.ndarray:
    """Units 0 to 3 find a class each, 4 to 6 are noise, 7 is a twin of 2, and 8 is dead."""
    random = np.random.default_rng(0)
    peaks = np.abs(random.normal(size=(len(images), N))).astype(np.float32)
    for unit in range(4):
        peaks[images.labels == unit, unit] += 5
    peaks[:, TWIN] = 2 * peaks[:, 2]
    peaks[:, QUIET] = 0
    return peaks


@pytest.fixture(scope="module")
def small(image_set: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Activations:
    assert image_set.class_names == CLASSES
    folder = tmp_path_factory.mktemp("atlas") / "run"
    return run_of(folder, image_set, planted(image_set), layer="layer")


@pytest.fixture(scope="module")
def site(small: Activations, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    mine = OwnTable({}, "mine.csv", ({"neuron": "layer:5", "name": "my <b>unit</b>"},))
    index = neurons.atlas(small, "layer", out, count=4, per_bucket=1, tables=[mine])
    assert index == out / "index.html" and index.is_file()
    return out


def payload(out: Path, name: str) -> Any:
    text = (out / "data" / f"{name}.js").read_text()
    return json.loads(text.partition(",")[2].rstrip(");\n"))


def column(out: Path, name: str) -> list[Any]:
    names = [each["name"] for each in payload(out, "meta")["columns"]]
    told = payload(out, f"columns/{names.index(name):03d}")
    return told["values"] if "values" in told else [told["words"][code] for code in told["codes"]]


def test_a_class_finds_its_planted_unit_through_the_columns_that_are_searched(site: Path) -> None:
    searched = [each["name"] for each in payload(site, "meta")["columns"] if each["searched"]]
    assert {"name", "class", "state"} <= set(searched)
    for unit, name in enumerate(CLASSES):
        found = [i for i, value in enumerate(column(site, "class")) if value == name]
        assert found[0] == unit
    assert column(site, "state")[QUIET] == "dead"
    # what a user gives comes first and names units; what it does not name has none
    heads = payload(site, "heads")
    named = [heads["words"][code] for code in heads["codes"]]
    assert named[5] == "my <b>unit</b>" and named[0] == "no name" and named[QUIET] == "dead"


def test_the_twin_is_the_most_alike_and_has_a_place_and_the_dead_unit_none(site: Path) -> None:
    pages = payload(site, "units/00000")
    assert len(pages) == N
    assert pages[2][1][0] == TWIN and pages[TWIN][1][0] == 2
    assert pages[2][2][0] == pytest.approx(1)
    assert pages[QUIET][1] == []
    places = payload(site, "places")
    assert places["x"][QUIET] == places["y"][QUIET] == -1
    assert min(places["x"][:QUIET]) >= 0


def test_a_page_is_that_of_a_report_and_its_table_has_a_row_per_unit(
    site: Path, small: Activations, tmp_path: Path
) -> None:
    neurons.report(small, ["layer:2"], tmp_path / "report", count=4, per_bucket=1)
    page = (tmp_path / "report" / "layer-2.html").read_text()
    drawn = payload(site, "units/00000")[2][0]
    bare, ours = (re.sub(r"<[^>]+>", "", html) for html in (page, drawn))
    lead = re.search(r"\d+ of the \d+ images that excite layer:2 most, [\d.]+ times", bare)
    assert lead is not None and lead[0] in ours
    for told in ("Images that excite it most", "The whole spectrum", "Density of the peak"):
        assert told in page and told in drawn
    table = pd.read_csv(site / "units.csv")
    assert table["neuron"].tolist() == [f"layer:{i}" for i in range(N)]
    assert table["class"].tolist()[:4] == list(CLASSES)
    assert table["similar"][2].split()[0] == f"layer:{TWIN}"
    out = neurons.export(small, "layer", tmp_path / "units.parquet")
    same = pd.read_parquet(out)
    assert same["map_x"].tolist()[:3] == pytest.approx(table["map_x"].tolist()[:3])
    assert same["auprc"][2] == pytest.approx(1)


def test_the_same_call_goes_on_and_other_settings_are_refused(
    site: Path, small: Activations
) -> None:
    mine = OwnTable({}, "mine.csv", ({"neuron": "layer:5", "name": "my <b>unit</b>"},))
    before = (site / "data" / "heads.js").read_bytes()
    neurons.atlas(small, "layer", site, count=4, per_bucket=1, tables=[mine])
    assert (site / "data" / "heads.js").read_bytes() == before
    with pytest.raises(OutputExistsError, match="atlas .* was made with other settings"):
        neurons.atlas(small, "layer", site, count=5, per_bucket=1, tables=[mine])
    other = OwnTable({}, "mine.csv", ({"neuron": "layer:5", "name": "other"},))
    with pytest.raises(OutputExistsError, match="own_table"):
        neurons.atlas(small, "layer", site, count=4, per_bucket=1, tables=[other])


def test_one_unit_a_dead_layer_and_images_without_labels_have_an_atlas(
    image_set: ImageSet, tmp_path: Path
) -> None:
    told: list[str] = []
    peaks = planted(image_set)
    for name, some in (("one", peaks[:, :1]), ("dead", peaks[:, [QUIET, QUIET]])):
        run = run_of(tmp_path / name / "run", image_set, some, layer="layer")
        neurons.atlas(run, "layer", tmp_path / name / "atlas", told=told.append)
    assert "This map says nothing: 1 of 1 units" in " ".join(told)
    assert "Most of these units say the same of every image (2 of 2)" in " ".join(told)
    assert column(tmp_path / "dead" / "atlas", "state") == ["dead", "dead"]
    plain = neurons.images(sorted(Path(image_set.location or "").rglob("*.png"))[:12])
    run = run_of(tmp_path / "plain" / "run", plain, peaks[:12], layer="layer")
    neurons.atlas(run, "layer", tmp_path / "plain" / "atlas", image_set=plain)
    with (tmp_path / "plain" / "atlas" / "units.csv").open() as file:
        assert "class" not in next(csv.reader(file))


def test_what_is_not_there_or_of_another_run_is_refused_before_anything_is_written(
    small: Activations, run: Activations, image_set: ImageSet, planted_album: Path, tmp_path: Path
) -> None:
    out = tmp_path / "atlas"
    with pytest.raises(LayerNotFoundError, match="it holds: layer"):
        neurons.atlas(small, "layer9", out)
    with pytest.raises(LabelsMissingError, match="no column 'way'"):
        neurons.atlas(small, "layer", out, by="way")
    with pytest.raises(AlbumNotFoundError):
        neurons.atlas(small, "layer", out, pictures=tmp_path / "none")
    with pytest.raises(MismatchError, match="album"):
        neurons.atlas(small, "layer", out, pictures=planted_album)
    table = neurons.unit_table(run, image_set, run.layers[0].path)
    with pytest.raises(MismatchError, match=r"\(unit_table\) does not belong to run"):
        neurons.atlas(small, "layer", out, tables=[table])
    with pytest.raises(OptionError, match="0 workers"):
        neurons.atlas(small, "layer", out, workers=0)
    with pytest.raises(OptionError, match="written to .csv or .parquet"):
        neurons.export(small, "layer", tmp_path / "units.xlsx")
    assert not out.exists()


@pytest.fixture
def planted_album(planted: Clip, tmp_path: Path) -> Path:
    """An empty album of the planted network, which is another model than the small run's."""
    from neurons.visualization.album import album_for_writing

    depends_on = {"model": planted.provenance(), "settings": {}, "series": {}, "run": None}
    with album_for_writing(tmp_path / "album", depends_on):
        pass
    return tmp_path / "album"
