"""Two models of the same pictures are bridged, matched and compared by commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Bridges, Clip, Twins
from tests.conftest import LAYER, RESNET, build, plant, save_model


@pytest.fixture(scope="session")
def other(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of another planted network, of other random weights, on the same pictures."""
    folder = tmp_path_factory.mktemp("other")
    clip: Clip = neurons.load(
        save_model(folder / "other-net", RESNET, plant(build(RESNET, seed=1))), device="cpu"
    )
    neurons.scan(clip, neurons.images(pictures), [LAYER], folder / "run")
    return folder / "run"


def test_twins_shows_pairs_by_both_units_images(
    command, scanned: Path, other: Path, tmp_path: Path
) -> None:
    out = tmp_path / "twins"
    done = command("twins", scanned, other, "-l", LAYER, "--count", 3, "--out", out)
    assert done.code == 0, done.err
    found = Twins.load(out / "result")
    assert found.n_fitting == found.n_testing == 20 and len(found.pairs) == 256
    told = done.out.splitlines()
    index = out / "index.html"
    assert told[-2] == f"pages: {index}"
    assert told[-1].startswith(f"look at it: neurons report {other} {LAYER}:")
    (page,) = out.glob("Twins*.html")
    assert found.shown[0].twin in page.read_text(encoding="utf-8")
    assert len(found.shown) == 3 and all(each.first and each.second for each in found.shown)
    # the same command finds its own answer there, and another one does not
    assert command("twins", scanned, other, "-l", LAYER, "--count", 3, "--out", out).code == 0


def test_bridge_reads_one_model_by_the_sentences_of_another(
    command, scanned: Path, other: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bridge"
    done = command("bridge", scanned, other, "--out", out)
    assert done.code == 0, done.err
    assert "itself" in done.out and "ridge" in done.out and "procrustes" in done.out
    found = Bridges.load(out / "result")
    assert found.own.n == found.n_testing == 20 and found.class_names[0] == "noisy"
    done = command("bridge", scanned, other, "-l", LAYER)
    assert done.code == 0 and "no classes are read: visual.layer4 has no sentences" in done.out
    assert "right (95 %)" not in done.out


def test_a_probe_of_the_other_model_crosses_the_bridge(
    command, scanned: Path, other: Path, tmp_path: Path
) -> None:
    probe = tmp_path / "probe"
    asked = ("probe", other, "--layer", LAYER, "--path", 2, "--span", 0.8, "--out", probe)
    assert command(*asked).code == 0
    done = command("bridge", scanned, other, "-l", LAYER, "--probe", probe, "--through", other)
    assert done.code == 2 and "the same model, images and layer" in done.err
    done = command("bridge", scanned, other, "-l", LAYER, "--probe", probe)
    assert done.code == 0, done.err
    assert "right (95 %)" in done.out


def test_spectrum_of_and_universal_tell_their_numbers(
    command, scanned: Path, other: Path, tmp_path: Path
) -> None:
    done = command("spectrum-of", scanned, "-l", LAYER, "--groups", 5, "--out", tmp_path / "s")
    assert done.code == 0, done.err
    assert "effective dimensions: " in done.out and "smooth above: 1.00" in done.out
    out = tmp_path / "u"
    asked = ("-l", LAYER, "--components", 4, "--permutations", 20)
    done = command("universal", scanned, other, *asked, "--count", 1, "--out", out)
    assert done.code == 0, done.err
    assert "shared basis" in done.out and (out / "result" / "table.csv").is_file()


def test_arrays_cross_too_and_mistakes_are_one_line(
    command, refused, scanned: Path, other: Path, tmp_path: Path
) -> None:
    run = neurons.Activations.open(scanned)
    values, ids = tmp_path / "brain.npy", tmp_path / "ids.txt"
    np.save(values, np.random.default_rng(0).normal(size=(40, 6)))
    ids.write_text("\n".join(run.ids()))
    done = command("bridge", scanned, values, "-l", LAYER, "--other-layer", "brain", "--ids", ids)
    assert done.code == 0 and "The bridge carries nothing" in done.out, done.err
    for arguments, told in (
        (("twins", scanned, scanned, "-l", LAYER), "what is compared with itself agrees"),
        (("twins", scanned, other, "-l", "visual.layer9"), "holds no layer 'visual.layer9'"),
        (("twins", scanned, other, "-l", LAYER, "--n", 3), "take 16 or more"),
        (("universal", scanned, "-l", LAYER), "compares two runs or more"),
        (("universal", scanned, other, "-l", LAYER, "--components", 20), "give 1 to 19 components"),
        (("spectrum-of", scanned, "-l", LAYER, "--last", 200), "there are 19 ranks"),
        (("bridge", scanned, tmp_path / "nothing"), "no run and no responses at"),
        (("bridge", scanned, other, "--classes", "red"), "two different classes or more"),
        (("bridge", scanned, other, "--classes", "car, bus"), "knows none of the images' classes"),
    ):
        assert told in refused(*arguments), arguments
