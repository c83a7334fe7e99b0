"""One unit is read without the rest, and a run that is not what was asked is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zarr.storage._local as local

import neurons
from neurons import Activations, Clip, Neuron
from neurons.activations.run import images_of
from neurons.activations.run_format import RunSpec
from neurons.activations.run_writer import open_for_writing
from neurons.data.images import ImageSet
from neurons.errors import (
    AddressError,
    ImagesNotFoundError,
    LayerNotFoundError,
    NeuronNotFoundError,
    OptionError,
    RunNotFoundError,
)
from tests.activations.stores import UNITS, shard_of, spec_of, write_run
from tests.conftest import LAYER


@pytest.fixture
def images(pictures: Path) -> ImageSet:
    return neurons.images(pictures)


def test_reading_one_unit_does_not_read_the_rest(
    tmp_path: Path, images: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = write_run(tmp_path / "run", images)
    run = Activations.open(tmp_path / "run")
    read: list[int] = []
    original = local._get

    def counted(path, prototype, byte_range):  # type: ignore[no-untyped-def]
        buffer = original(path, prototype, byte_range)
        read.append(len(buffer))
        return buffer

    monkeypatch.setattr(local, "_get", counted)
    found = run.peak(Neuron("layer", 700))
    whole = sum(f.stat().st_size for f in (tmp_path / "run/layers/layer/peak").rglob("c/*/*"))
    assert 0 < sum(read) < whole / 10
    expected = np.concatenate([shard_of(spec, i).peak["layer"][:, 700] for i in range(3)])
    assert found.tobytes() == expected.tobytes()


def test_an_unfinished_run_says_how_far_it_is(tmp_path: Path, images: ImageSet) -> None:
    spec = spec_of(images)
    with open_for_writing(tmp_path / "run", spec, images) as writer:
        writer.commit(shard_of(spec, 1))
        assert writer.missing() == [0, 2]
    with pytest.raises(RunNotFoundError, match="16 of 40 images"):
        Activations.open(tmp_path / "run")
    write_run(tmp_path / "run", images)
    assert len(Activations.open(tmp_path / "run").good_rows()) == 40


def test_what_the_run_does_not_hold_is_named(tmp_path: Path, images: ImageSet) -> None:
    write_run(tmp_path / "run", images)
    run = Activations.open(tmp_path / "run")
    with pytest.raises(NeuronNotFoundError, match="units 0 to 1023"):
        run.peak(Neuron("layer", UNITS))
    with pytest.raises(LayerNotFoundError, match="it holds: layer; scan again with that layer"):
        run.mean(Neuron("other", 0))
    with pytest.raises(LayerNotFoundError, match="no class token"):
        run.class_token(Neuron("layer", 0))
    with pytest.raises(RunNotFoundError, match="no run at"):
        Activations.open(tmp_path)


def test_ids_and_provenance_come_back(tmp_path: Path, planted: Clip, images: ImageSet) -> None:
    neurons.scan(planted, images, [LAYER], tmp_path / "run", content_hash=True)
    run = Activations.open(tmp_path / "run", clip=planted, images=images)
    assert run.ids() == list(images.ids)
    assert run.spec.provenance["model"]["weights_sha256"] == planted.weights_sha256
    assert run.spec.provenance["precision"] == "exact"
    assert {"torch", "open_clip_torch", "pillow"} <= set(run.spec.provenance["versions"])
    assert run.embeddings.shape == (40, 16)
    assert RunSpec.from_attributes(json.loads(json.dumps(run.spec.as_attributes()))) == run.spec


def test_a_unit_is_named_by_its_address(tmp_path: Path, images: ImageSet) -> None:
    write_run(tmp_path / "run", images)
    run = Activations.open(tmp_path / "run")
    unit = Neuron("layer", 3)
    for read in (run.peak, run.mean, run.position):
        assert read("layer:3").tobytes() == read(unit).tobytes()
    run.check("layer:3")
    with pytest.raises(NeuronNotFoundError, match="no layer:5000"):
        run.check("layer:5000")
    with pytest.raises(AddressError, match="LAYER:UNIT"):
        run.peak("layer")


def test_a_run_tells_its_model_images_and_layers(
    tmp_path: Path, planted: Clip, images: ImageSet
) -> None:
    neurons.scan(planted, images, [LAYER], tmp_path / "run")
    run = Activations.open(tmp_path / "run")
    assert run.model_name == planted.name
    assert repr(run) == (
        f"<Activations {tmp_path / 'run'}: model {planted.name}, images 40, "
        f"layers {LAYER} (256), precision exact>"
    )
    assert f"<td>{LAYER} (256)</td>" in run._repr_html_()


def test_the_images_of_a_run_are_opened_where_they_lay(
    tmp_path: Path, planted: Clip, pictures: Path, images: ImageSet
) -> None:
    neurons.scan(planted, images, [LAYER], tmp_path / "run")
    assert list(images_of(Activations.open(tmp_path / "run")).ids) == list(images.ids)
    listed = neurons.images(sorted(pictures.rglob("*.png")))
    neurons.scan(planted, listed, [LAYER], tmp_path / "listed")
    with pytest.raises(ImagesNotFoundError, match="made of a list of files; give the images again"):
        images_of(Activations.open(tmp_path / "listed"))


def test_pooled_values_are_whole_layers(tmp_path: Path, images: ImageSet) -> None:
    spec = write_run(tmp_path / "run", images)
    run = Activations.open(tmp_path / "run")
    expected = np.concatenate([shard_of(spec, i).mean["layer"] for i in range(3)])
    values, pooling = run.pooled("layer", "mean")
    assert pooling == "mean" and np.asarray(values[:]).tobytes() == expected.tobytes()
    with pytest.raises(OptionError, match="no pooling 'median'"):
        run.pooled("layer", "median")
    with pytest.raises(LayerNotFoundError, match="without embeddings"):
        run.pooled("embedding", "none")
