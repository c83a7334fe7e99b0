"""A probe is kept with its run's place, and each class's answer can be loaded again."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pandas as pd
import pytest

import neurons
from neurons import Activations, CausalCheck, Clip, Composition, ImageSet, Stability
from neurons.errors import OptionError, OutputExistsError, ResultNotFoundError, RunNotFoundError
from neurons.readouts.probe import Probe
from neurons.recipes.class_list import ClassList
from neurons.recipes.probe_pages import compose_to, open_probe, write_probe
from tests.conftest import LAYER


def test_a_probe_is_kept_with_its_page_its_table_and_its_stability(
    run: Activations, image_set: ImageSet, probe: Probe, tmp_path: Path
) -> None:
    again = neurons.stability(probe, run, image_set, n_resamples=10)
    index = write_probe(probe, run, tmp_path, again=again)
    (page,) = (file for file in index.parent.glob("*.html") if file != index)
    text = page.read_text()
    assert f"<h1>{probe.title}</h1>" in text
    for name, value in probe.facts():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in text
    assert len(pd.read_csv(tmp_path / "table.csv")) == len(probe.rows()) > 0
    assert Stability.load(tmp_path / "stability").title
    found, opened = open_probe(tmp_path)
    assert (found.weights == probe.weights).all()
    assert opened.path == run.path.resolve()


def test_a_run_that_was_moved_is_asked_for_and_another_one_is_refused(
    run: Activations, probe: Probe, tmp_path: Path
) -> None:
    lay = Activations.open(shutil.copytree(run.path, tmp_path / "run"))
    write_probe(probe, lay, tmp_path / "probe")
    moved = shutil.move(tmp_path / "run", tmp_path / "elsewhere")
    with pytest.raises(RunNotFoundError, match="say where the probe's run is now") as raised:
        open_probe(tmp_path / "probe")
    assert "--" not in str(raised.value)
    assert open_probe(tmp_path / "probe", run=moved)[1].path == Path(moved)
    (tmp_path / "probe" / "where.json").unlink()
    with pytest.raises(RunNotFoundError, match="does not tell its run"):
        open_probe(tmp_path / "probe")
    with pytest.raises(ResultNotFoundError, match="no result at"):
        open_probe(tmp_path / "none")


def test_each_class_has_a_page_and_its_answers_to_load_again(
    planted: Clip, run: Activations, image_set: ImageSet, probe: Probe, tmp_path: Path
) -> None:
    told = []
    index = compose_to(
        probe, run, ["red", "stripe"], tmp_path, images=image_set, clip=planted, n_units=1,
        progress=lambda name, done, total: told.append((name, done, total)),
    )  # fmt: skip
    assert index.read_text().count('<th scope="row">') == 2
    for name in ("red", "stripe"):
        made = Composition.load(tmp_path / name / "composition")
        text = (tmp_path / f"{name}.html").read_text()
        assert f"<h1>{made.title}</h1>" in text
        for fact, value in made.facts():
            assert f"<dt>{fact}</dt><dd>{value}</dd>" in text
        assert CausalCheck.load(tmp_path / name / "causal_check").rows()
        (last,) = {total for each, _, total in told if each == name}
        assert (name, last, last) in told


def test_without_a_model_there_is_no_causal_check(
    run: Activations, image_set: ImageSet, probe: Probe, tmp_path: Path
) -> None:
    compose_to(probe, run, ["red"], tmp_path, images=image_set)
    assert [folder.name for folder in (tmp_path / "red").iterdir()] == ["composition"]


def test_a_class_that_is_not_known_is_told_before_anything_is_written(
    run: Activations, image_set: ImageSet, probe: Probe, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match="no class 'reed'"):
        compose_to(probe, run, ["red", "reed"], tmp_path / "out", images=image_set)
    assert not (tmp_path / "out").exists()


def test_classes_are_added_link_to_their_probe_and_it_to_them(
    run: Activations, image_set: ImageSet, probe: Probe, tmp_path: Path
) -> None:
    write_probe(probe, run, tmp_path)
    out, pages = tmp_path / "classes", tmp_path / "report"
    listed = next(pages.glob("Probe*.html"))
    assert '<a data-to="stripe">stripe</a>' in listed.read_text()
    for name in ("red", "stripe"):
        index = compose_to(probe, run, [name], out, images=image_set, beside=[pages])
    assert index.read_text().count('<th scope="row">') == 2
    # the probe's page was written before them: its script knows them now
    assert '"stripe": "../classes/stripe.html"' in (pages / "assets" / "names.js").read_text()
    assert '"red": "red.html"' in (out / "assets" / "names.js").read_text()
    # what was found is said before how the strength was chosen
    text = listed.read_text()
    assert 0 < text.index('class="lead"') < text.index("The classes") < text.index("The path")


def test_pages_of_another_probe_are_refused_in_a_line_and_stay(
    run: Activations, image_set: ImageSet, probe: Probe, tmp_path: Path
) -> None:
    compose_to(probe, run, ["red"], tmp_path, images=image_set)
    before = (tmp_path / "red.html").read_bytes()
    other = dataclasses.replace(probe, provenance={**probe.provenance, "l1_ratio": 0.5})
    with pytest.raises(OutputExistsError, match=r"probe\.l1_ratio") as raised:
        compose_to(other, run, ["red"], tmp_path, images=image_set)
    assert "\n" not in str(raised.value)
    assert (tmp_path / "red.html").read_bytes() == before
    compose_to(other, run, ["red"], tmp_path, images=image_set, replace=True)


def test_the_list_of_classes_counts_what_the_probe_says(probe: Probe) -> None:
    listed = ClassList.of(probe)
    by_name = {each.name: each for each in listed.classes}
    assert set(by_name) == set(probe.class_names)
    for name, each in by_name.items():
        units = probe.units_of(name)
        assert (each.n_for, each.n_against) == (
            sum(unit.weight > 0 for unit in units), sum(unit.weight < 0 for unit in units),
        )  # fmt: skip
        best = [f"{LAYER}:{unit.unit}" for unit in units if unit.weight > 0]
        assert list(each.units) == best[:3]
    assert sum(each.right.successes for each in listed.classes) == probe.top1.successes
