"""A probe is kept with its run's place, and each class's answer can be loaded again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import neurons
from neurons import Activations, CausalCheck, Clip, Composition, ImageSet, Stability
from neurons.errors import OptionError, ResultNotFoundError, RunNotFoundError
from neurons.readouts.probe import Probe
from neurons.recipes.probe_pages import compose_to, open_probe, write_probe


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
