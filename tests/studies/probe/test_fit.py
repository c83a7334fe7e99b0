"""A probe finds the planted units, and what it has done is kept."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations, ImageSet, Neuron
from neurons.data.split import FIT, TEST
from neurons.errors import (
    LabelsMissingError,
    LayerNotFoundError,
    MismatchError,
    OptionError,
    StaleActivationsError,
)
from neurons.readouts.probe import Probe
from neurons.results.blocks import Curve, Table
from neurons.sparse.path import UnitsPerClass
from neurons.studies.probe.compose import compose
from neurons.studies.probe.fit import probe
from tests.conftest import DEAD, LAYER, RED, STRIPE
from tests.processes import start
from tests.studies.probe.conftest import SHORT

Scanned = tuple[Activations, ImageSet]


def test_the_planted_units_make_their_classes(fitted: Probe, tmp_path: Path) -> None:
    assert fitted.class_names == ("plain", "red", "stripe")
    assert fitted.units_of("red")[0].unit == RED
    assert fitted.units_of("stripe")[0].unit == STRIPE
    assert not fitted.weights[:, DEAD].any() and fitted.scales[DEAD] == 0
    assert fitted.top1.value > 0.8 and fitted.top1.n == (fitted.split == TEST).sum() == 9
    assert (fitted.split == FIT).sum() == 42
    assert all(step.converged for step in fitted.steps)
    split = fitted.provenance["split"]
    assert (split["fit"], split["choose"], split["test"]) == (42, 9, 9)
    fitted.save(tmp_path)
    again = Probe.load(tmp_path)
    assert np.array_equal(again.weights, fitted.weights) and again.steps == fitted.steps
    kinds = [type(block) for block in again.blocks()]
    assert kinds[0] is Curve and kinds.count(Table) == 2


def test_what_is_left_out_gets_no_weight(scanned: Scanned) -> None:
    run, images = scanned
    found = probe(run, images, LAYER, strengths=SHORT, without=[f"{LAYER}:{RED}"])
    assert not found.weights[:, RED].any() and found.weights[:, STRIPE].any()


def test_the_mean_and_the_embedding_can_be_probed(scanned: Scanned) -> None:
    run, images = scanned
    by_mean = probe(run, images, LAYER, pooling="mean", strengths=SHORT)
    assert by_mean.units_of("red")[0].unit == RED
    joint = probe(run, images, "embedding", strengths=SHORT, choose=UnitsPerClass(2))
    assert joint.pooling == "none" and joint.n_units == run.embeddings.shape[1]
    assert "units per class" in joint.rule
    composed = compose(joint, run, images, "red")
    assert not any(each.examples for each in composed.ingredients)


def probe_until_killed(run: Path, pictures: str, out: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    probe(
        Activations.open(run), neurons.images(pictures), LAYER, strengths=SHORT, folder=out,
        progress=stop,
    )  # fmt: skip


def test_a_killed_probe_goes_on_and_ends_in_the_same_bytes(
    scanned: Scanned, tmp_path: Path
) -> None:
    run, images = scanned
    whole = probe(run, images, LAYER, strengths=SHORT, folder=tmp_path / "whole")
    out = tmp_path / "killed"
    killed = start(probe_until_killed, run.path, str(images.location), out)
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert len(list(out.glob("strength-*.npz"))) == 3
    counted: list[int] = []
    resumed = probe(
        run,
        images,
        LAYER,
        strengths=SHORT,
        folder=out,
        progress=lambda done, total: counted.append(done),
    )
    assert counted[0] == 3
    for name, made in (("whole", whole), ("killed", resumed)):
        made.save(tmp_path / name)
    for file in (tmp_path / "whole").iterdir():
        assert (out / file.name).read_bytes() == file.read_bytes(), file.name
    with pytest.raises(MismatchError, match="l1_ratio"):
        probe(run, images, LAYER, strengths=SHORT, folder=out, l1_ratio=0.5)


def test_mistakes_are_told_in_one_line(scanned: Scanned, fitted: Probe, tmp_path: Path) -> None:
    run, images = scanned
    with pytest.raises(LayerNotFoundError, match="holds no layer"):
        probe(run, images, "visual.layer9")
    with pytest.raises(OptionError, match="no pooling 'median'"):
        probe(run, images, LAYER, pooling="median")
    with pytest.raises(OptionError, match="out of a probe of"):
        probe(run, images, "embedding", without=[Neuron(LAYER, RED)])
    root = tmp_path / "pictures"
    shutil.copytree(str(images.location), root)
    listed = (root / "metadata.csv").read_text()
    (root / "metadata.csv").write_text(listed.replace("-0.png,red", "-0.png,plain"))
    with pytest.raises(StaleActivationsError, match=r"images\.labels"):
        probe(run, neurons.images(root), LAYER)
    (root / "metadata.csv").unlink()
    with pytest.raises(LabelsMissingError):
        probe(run, neurons.images(root), LAYER)
    with pytest.raises(OptionError, match=r"no class 'rde' .*nearest: red"):
        fitted.index_of("rde")


def test_it_says_how_surely_and_how_well(fitted: Probe) -> None:
    assert fitted.title == f"Probe of {LAYER}"
    said = fitted.verdict()
    assert "certified within" in said and str(fitted.top1) in said
    assert ("top-1", f"{fitted.top1.value:.3f}") in fitted.facts()
    rows = fitted.to_pandas()
    assert len(rows) == np.count_nonzero(fitted.weights)
    red = rows[(rows["class"] == "red") & (rows["neuron"] == f"{LAYER}:{RED}")].iloc[0]
    assert red["weight"] == fitted.units_of("red")[0].weight
    assert red["right.n"] == 3
    # what was stopped too early says so before anything else
    early = replace(fitted.step, converged=False, gap=0.5)
    steps = (*fitted.steps[: fitted.chosen], early, *fitted.steps[fitted.chosen + 1 :])
    assert replace(fitted, steps=steps).verdict().startswith("NOT CONVERGED")
