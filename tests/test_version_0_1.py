"""What version 0.1 wrote opens, or is refused by one line that says what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from neurons import Activations, Composition, Neuron, Probe, TopExamples, TopStrings, load_edit
from neurons.errors import NeuronsError
from neurons.recipes.probe_pages import open_probe
from neurons.results.result import Result
from neurons.visualization.album import open_album
from tests.conftest import DEAD, LAYER, RED, STRIPE

OLD = Path(__file__).parent / "version_0_1"


def opened_or_refused(kind: type[Result], folder: Path) -> Result | None:
    """Load a result, or check that its refusal is one line with a way out."""
    try:
        return kind.load(folder)
    except NeuronsError as error:
        told = str(error)
        assert str(folder) in told
        assert "written by version 0.1" in told
        assert "make it again" in told
        assert "\n" not in told
        return None


def test_an_old_run_opens_with_its_numbers() -> None:
    run = Activations.open(OLD / "run")
    peaks, _ = run.pooled(LAYER, "peak")
    assert peaks.shape == (30, 256)
    names = [name.split("/")[0] for name in run.ids()]
    assert names[int(np.argmax(peaks[:, RED]))] == "red"
    assert names[int(np.argmax(peaks[:, STRIPE]))] == "stripe"
    assert np.ptp(peaks[:, DEAD]) == 0


def test_an_old_probe_opens_with_its_run(tmp_path: Path) -> None:
    shutil.copytree(OLD, tmp_path / "old")
    found, run = open_probe(tmp_path / "old" / "probe", run=tmp_path / "old" / "run")
    assert found.class_names == ("plain", "red", "stripe")
    logits = found.decision(run.pooled(LAYER, "peak")[0])
    right = [found.class_names[k] for k in logits.argmax(1)]
    named = [name.split("/")[0] for name in run.ids()]
    assert sum(a == b for a, b in zip(right, named, strict=True)) > 25


def test_an_old_edit_is_read() -> None:
    assert load_edit(OLD / "edit.json") == {Neuron(LAYER, RED): 0.0, Neuron(LAYER, STRIPE): 1.5}


def test_an_old_album_opens_with_its_pictures() -> None:
    album = open_album(OLD / "album")
    assert album.has(f"{LAYER}:{RED}")
    made = album.get(f"{LAYER}:{RED}")
    assert made.steps == 4
    assert made.plain()[0].image.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("kind", "folder"),
    [
        (TopExamples, "top_examples"),
        (TopStrings, "reads"),
        (Composition, "composition"),
        (Probe, "probe"),
    ],
)
def test_an_old_result_opens_or_says_to_make_it_again(kind: type[Result], folder: str) -> None:
    found = opened_or_refused(kind, OLD / folder)
    if found is not None:
        assert found.provenance
        assert found.title
        assert found.described()


def test_old_top_examples_open_as_they_were() -> None:
    found = TopExamples.load(OLD / "top_examples")
    assert found.neuron == f"{LAYER}:{RED}"
    assert (found.n, found.n_skipped) == (30, 0)
    assert found.top[0].image_id.startswith("red/")


def test_an_old_result_saved_anew_is_one_of_this_version(tmp_path: Path) -> None:
    shutil.copytree(OLD / "top_examples", tmp_path / "r")
    TopExamples.load(tmp_path / "r").save(tmp_path / "r")
    assert not (tmp_path / "r" / "arrays.npz").exists()
    assert TopExamples.load(tmp_path / "r").neuron == f"{LAYER}:{RED}"
