"""A probe finds the planted units, keeps what it has done, and the network needs what it finds."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import neurons
from neurons import Activations, Clip, ImageSet, Neuron
from neurons.data.split import FIT, TEST
from neurons.errors import (
    LabelsMissingError,
    LayerNotFoundError,
    MismatchError,
    OptionError,
    StaleActivationsError,
)
from neurons.readouts.probe import Probe
from neurons.results.blocks import Curve, Strip, Table
from neurons.sparse.path import Strengths, UnitsPerClass
from neurons.studies.probe.causal import CausalCheck, causal_check
from neurons.studies.probe.compose import Composition, compose
from neurons.studies.probe.fit import probe
from neurons.studies.probe.roles import Roles, roles
from neurons.studies.probe.stability import Stability, stability
from tests.conftest import DEAD, LAYER, RED, RESNET, STRIPE, build, picture, plant, save_model

Scanned = tuple[Activations, ImageSet]
SHORT = Strengths(8, 0.05)
PER_CLASS = 20


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """The planted network, where all other units are silent or as loud whatever they see."""
    network = plant(build(RESNET))
    block = network.visual.layer4[0]
    incoming = getattr(block.downsample, "0").weight
    others = [unit for unit in range(len(incoming)) if unit not in (RED, STRIPE)]
    with torch.no_grad():
        for tensor in (block.bn3.weight, block.bn3.bias, incoming):
            tensor[others] = 0
        getattr(block.downsample, "1").bias[others[20:120]] = torch.linspace(0, 3, 100)
    name = save_model(tmp_path_factory.mktemp("wired"), RESNET, network)
    return neurons.load(name, device="cpu")


@pytest.fixture(scope="module")
def scanned(wired: Clip, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    folder = tmp_path_factory.mktemp("probe")
    root = folder / "pictures"
    root.mkdir()
    rows = []
    for kind in ("plain", "red", "stripe"):
        for i in range(PER_CLASS):
            seed = 100 * len(kind) + i
            pixels = {
                "plain": picture(seed=seed),
                "red": picture(red=0.3 + 0.03 * i, seed=seed),
                "stripe": picture(stripe_at=5 + 4 * i, seed=seed),
            }[kind]
            Image.fromarray(pixels).save(root / f"{kind}-{i}.png")
            rows.append({"file_name": f"{kind}-{i}.png", "label": kind})
    with (root / "metadata.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["file_name", "label"])
        table.writeheader()
        table.writerows(rows)
    images = neurons.images(root)
    neurons.scan(wired, images, [LAYER], folder / "run")
    return Activations.open(folder / "run"), images


@pytest.fixture(scope="module")
def fitted(scanned: Scanned) -> Probe:
    run, images = scanned
    return probe(run, images, LAYER, strengths=SHORT)


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
    found = probe(run, images, LAYER, strengths=SHORT, without=[Neuron(LAYER, RED)])
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


KILLED = """
import os, signal, sys
import neurons
from neurons import Activations
from neurons.sparse.path import Strengths
from neurons.studies.probe.fit import probe
run, pictures, out = sys.argv[1:]
def stop(done, total):
    if done == 3:
        os.kill(os.getpid(), signal.SIGKILL)
probe(Activations.open(run), neurons.images(pictures), {layer!r}, strengths=Strengths(8, 0.05),
      folder=out, progress=stop)
"""


def test_a_killed_probe_goes_on_and_ends_in_the_same_bytes(
    scanned: Scanned, tmp_path: Path
) -> None:
    run, images = scanned
    whole = probe(run, images, LAYER, strengths=SHORT, folder=tmp_path / "whole")
    out = tmp_path / "killed"
    script = KILLED.format(layer=LAYER)
    command = [sys.executable, "-c", script, str(run.path), str(images.location), str(out)]
    killed = subprocess.run(command, env=os.environ, capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr.decode()[-2000:]
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


def test_a_class_is_composed_of_its_unit_and_told_from_its_neighbours(
    scanned: Scanned, fitted: Probe
) -> None:
    run, images = scanned
    confused = replace(fitted, confusion=np.array([[2, 1, 0], [0, 3, 0], [0, 2, 1]], np.int32))
    found = compose(confused, run, images, "red")
    first = found.ingredients[0]
    assert first.neuron == f"{LAYER}:{RED}" and first.share > 0.5
    assert first.on_class > first.on_all
    assert sum(each.share for each in found.ingredients) == pytest.approx(1)
    assert [example.label for example in first.examples] == ["red"] * 6
    assert [(n.name, n.taken_for_it, n.taken_for_this) for n in found.neighbours] == [
        ("stripe", 0, 2),
        ("plain", 0, 1),
    ]
    assert any(isinstance(block, Strip) for block in found.blocks())


def test_the_network_needs_the_planted_unit_and_no_random_one(
    wired: Clip, scanned: Scanned, fitted: Probe, tmp_path: Path
) -> None:
    run, images = scanned
    n = len([part for part in fitted.units_of("red") if part.weight > 0])
    check = causal_check(fitted, wired, run, images, "red", n_units=1)
    assert check.n == 6 and check.probe.value > 0.8
    zero, mean = check.effects
    assert zero.neurons == (f"{LAYER}:{RED}",) and (zero.value, mean.value) == ("zero", "mean")
    assert zero.probe.right.value < 0.2
    assert zero.probe.p_value == pytest.approx(1 / 21)
    assert zero.probe.interval.low > 0 and zero.probe.excess > 0
    # to its mean hurts less than to zero, where a unit speaks for the class by being loud
    assert 0 < mean.probe.margin_drop < zero.probe.margin_drop
    # units without a weight in the class are no part of the probe's score
    assert max(map(abs, zero.probe.random_drops)) < 0.2 * zero.probe.margin_drop
    check.save(tmp_path)
    assert CausalCheck.load(tmp_path).effects == check.effects
    both = causal_check(fitted, wired, run, images, "red", n_units=n)
    assert len(both.effects) == (2 * (n + 1) if n > 1 else 2)


def test_roles_are_the_probes_column(scanned: Scanned, fitted: Probe, tmp_path: Path) -> None:
    run, images = scanned
    found = roles(fitted, run, images, Neuron(LAYER, RED))
    assert found.roles[0].name == "red" and found.roles[0].weight > 0
    assert found.roles[0].n_without < found.roles[0].n_right
    found.save(tmp_path)
    assert Roles.load(tmp_path) == found
    nothing = roles(fitted, run, images, Neuron(LAYER, DEAD))
    assert not nothing.roles and "serves no class" in nothing.verdict()
    with pytest.raises(OptionError, match="reads visual.layer4"):
        roles(fitted, run, images, Neuron("visual.layer3", 1))


def test_planted_units_are_stable_and_chance_units_are_not(
    scanned: Scanned, fitted: Probe, tmp_path: Path
) -> None:
    run, images = scanned
    found = stability(fitted, run, images, n_resamples=12)
    red, stripe = fitted.index_of("red"), fitted.index_of("stripe")
    assert found.frequency[red, RED] == found.frequency[stripe, STRIPE] == 1
    assert found.low[red, RED] > 0
    assert (found.low <= found.high).all()
    unused = fitted.weights == 0
    assert found.frequency[unused].mean() < 0.2
    found.save(tmp_path)
    assert np.array_equal(Stability.load(tmp_path).frequency, found.frequency)
    assert found.blocks()
    with pytest.raises(OptionError, match="10 resamples or more"):
        stability(fitted, run, images, n_resamples=3)


def test_mistakes_are_told_in_one_line(
    wired: Clip, scanned: Scanned, fitted: Probe, tmp_path: Path
) -> None:
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
    with pytest.raises(OptionError, match="20 random draws or more"):
        causal_check(fitted, wired, run, images, "red", n_random=5)
    with pytest.raises(OptionError, match="no units to edit"):
        causal_check(replace(fitted, layer="embedding"), wired, run, images, "red")


def test_composition_reloads(scanned: Scanned, fitted: Probe, tmp_path: Path) -> None:
    run, images = scanned
    found = compose(fitted, run, images, "stripe")
    found.save(tmp_path)
    assert Composition.load(tmp_path) == found
