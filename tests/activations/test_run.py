"""One unit is read without the rest, and a run that is not what was asked is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zarr.storage._local as local

import neurons
from neurons import Activations, Clip, Neuron
from neurons.activations.run_format import LayerSpec, RunSpec
from neurons.activations.run_writer import Shard, open_for_writing
from neurons.data.images import ImageSet
from neurons.errors import LayerNotFoundError, NeuronNotFoundError, RunNotFoundError
from neurons.files import differences
from tests.conftest import LAYER

UNITS = 1024


@pytest.fixture
def images(pictures: Path) -> ImageSet:
    return neurons.images(pictures)


def spec_of(images: ImageSet) -> RunSpec:
    layer = LayerSpec("layer", "Random", UNITS, 3, 3, False, (-0.1, -0.1, 0.1, 0.1))
    return RunSpec(len(images), (layer,), 0, 16, "float32", False, {"images": images.provenance()})


def shard_of(spec: RunSpec, index: int) -> Shard:
    rng = np.random.default_rng(index)
    shape = (len(spec.shard(index)), UNITS)
    peak = {"layer": rng.normal(size=shape).astype(np.float32)}
    position = {"layer": rng.integers(0, 9, shape).astype(np.int32)}
    return Shard(index, peak, {"layer": peak["layer"] / 2}, position, {}, None, None, {})


def write_run(path: Path, images: ImageSet) -> RunSpec:
    spec = spec_of(images)
    with open_for_writing(path, spec, images) as writer:
        for index in writer.missing():
            writer.commit(shard_of(spec, index))
    return spec


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


def test_a_torn_start_is_begun_anew(tmp_path: Path, images: ImageSet) -> None:
    write_run(tmp_path / "whole", images)
    write_run(tmp_path / "torn", images)
    # as if killed while the run was being created: everything there but its own attributes
    (tmp_path / "torn" / "zarr.json").unlink()
    (tmp_path / "torn" / "skipped").rmdir()
    (tmp_path / "torn" / "layers" / "half.partial").write_bytes(b"x")
    write_run(tmp_path / "torn", images)
    files = [sorted(f.relative_to(r) for f in r.rglob("*")) for r in tmp_path.iterdir()]
    assert files[0] == files[1]


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


def test_a_run_of_another_format_is_refused(tmp_path: Path, images: ImageSet) -> None:
    write_run(tmp_path / "run", images)
    file = tmp_path / "run" / "zarr.json"
    content = json.loads(file.read_text())
    content["attributes"]["format"] = 99
    file.write_text(json.dumps(content))
    with pytest.raises(RunNotFoundError, match="format 99, here 1"):
        Activations.open(tmp_path / "run")


def test_a_large_map_gets_positions_wide_enough(tmp_path: Path, images: ImageSet) -> None:
    layer = LayerSpec("layer", "Random", 4, 300, 300, False, (-0.1, -0.1, 0.1, 0.1))
    provenance = {"images": images.provenance()}
    spec = RunSpec(len(images), (layer,), 0, 64, "float32", False, provenance)
    values = {"layer": np.ones((40, 4), np.float32)}
    places = {"layer": np.full((40, 4), 300 * 300 - 1, np.int32)}
    with open_for_writing(tmp_path / "run", spec, images) as writer:
        writer.commit(Shard(0, values, values, places, {}, None, None, {}))
    run = Activations.open(tmp_path / "run")
    assert run.position(Neuron("layer", 2)).tolist() == [89_999] * 40


def test_ids_and_provenance_come_back(tmp_path: Path, planted: Clip, images: ImageSet) -> None:
    neurons.scan(planted, images, [LAYER], tmp_path / "run", content_hash=True)
    run = Activations.open(tmp_path / "run", clip=planted, images=images)
    assert run.ids() == list(images.ids)
    assert run.spec.provenance["model"]["weights_sha256"] == planted.weights_sha256
    assert run.spec.provenance["precision"] == "exact"
    assert {"torch", "open_clip_torch", "pillow"} <= set(run.spec.provenance["versions"])
    assert run.embeddings.shape == (40, 16)
    assert RunSpec.from_attributes(json.loads(json.dumps(run.spec.as_attributes()))) == run.spec


def test_differences_go_key_by_key() -> None:
    run = {"a": 1, "b": {"c": 2, "d": [1]}, "layers": {"x": {"units": 3}}}
    assert differences(run, {"a": 1, "b": {"d": [1]}}) == []
    assert differences(run, {"b": {"c": 5}}) == ["b.c: the run has 2, asked is 5"]
    assert differences(run, {"layers": {"y": {}}}) == ["layers: the run has x, asked is y"]
