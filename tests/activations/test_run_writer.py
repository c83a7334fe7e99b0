"""What is committed stays, what is torn is begun anew, and numbers are held or refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import neurons
from neurons import Activations, Neuron
from neurons.activations.run_format import GOOD, SKIPPED, LayerSpec, RunSpec
from neurons.activations.run_writer import Shard, open_for_writing
from neurons.data.images import ImageSet
from neurons.errors import OptionError, OutputExistsError
from tests.activations.stores import shard_of, spec_of, write_run


@pytest.fixture
def images(pictures: Path) -> ImageSet:
    return neurons.images(pictures)


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


def test_a_shard_counts_once_it_is_committed(tmp_path: Path, images: ImageSet) -> None:
    spec = spec_of(images)
    with open_for_writing(tmp_path / "run", spec, images) as writer:
        assert writer.missing() == [0, 1, 2]
        writer.commit(shard_of(spec, 1))
        assert writer.missing() == [0, 2]
    with open_for_writing(tmp_path / "run", spec, images) as writer:
        assert writer.missing() == [0, 2]


def test_numbers_are_on_the_disk_before_the_mark_that_they_are(
    tmp_path: Path, images: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    fsync, run = os.fsync, tmp_path / "run"

    def seen(file: int) -> None:
        # what is flushed after the mark may be lost although the mark says that it is there
        if not (run / "status" / "c" / "1").exists():
            flushed.append(str(Path(f"/proc/self/fd/{file}").readlink().relative_to(run)))
        fsync(file)

    spec = spec_of(images)
    with open_for_writing(run, spec, images) as writer:
        monkeypatch.setattr(os, "fsync", seen)
        writer.commit(shard_of(spec, 1))
    assert {f"layers/layer/{name}/c/1/0" for name in ("peak", "mean", "position")} <= set(flushed)


def test_skipped_images_are_marked_with_their_reason(tmp_path: Path, images: ImageSet) -> None:
    spec = spec_of(images)
    whole = shard_of(spec, 2)
    peak = whole.peak["layer"].copy()
    peak[3] = np.nan
    with open_for_writing(tmp_path / "run", spec, images) as writer:
        for index in (0, 1):
            writer.commit(shard_of(spec, index))
        writer.commit(
            Shard(2, {"layer": peak}, whole.mean, whole.position, {}, None, None, {35: "torn"})
        )
    run = Activations.open(tmp_path / "run")
    assert run.skipped() == {35: "torn"}
    assert (run.status == np.where(np.arange(40) == 35, SKIPPED, GOOD)).all()
    assert np.flatnonzero(np.isnan(run.peak("layer:0"))).tolist() == [35]


def test_ids_and_labels_are_kept(tmp_path: Path, images: ImageSet) -> None:
    write_run(tmp_path / "run", images)
    table = pq.read_table(tmp_path / "run" / "images.parquet").to_pydict()
    assert table["id"] == list(images.ids)
    assert table["label"] == images.require_labels().tolist()


def test_float16_refuses_a_number_that_it_would_make_infinite(
    tmp_path: Path, images: ImageSet
) -> None:
    layer = LayerSpec("layer", "Random", 2, 3, 3, False, (-0.1, -0.1, 0.1, 0.1))
    spec = RunSpec(2, (layer,), 0, 2, "float16", False, {"images": images.provenance()})
    places = {"layer": np.zeros((2, 2), np.int32)}
    # what the network gave as infinity is no number, and told; what float16 adds is refused
    fine = {"layer": np.array([[1, np.inf], [np.nan, 65504]], np.float32)}
    loud = {"layer": np.array([[1, 2], [3, 1e6]], np.float32)}
    with open_for_writing(tmp_path / "run", spec, images) as writer:
        with pytest.raises(
            OptionError, match=r"layers/layer/peak: an activation of 1e\+06"
        ) as told:
            writer.commit(Shard(0, loud, fine, places, {}, None, None, {}))
        assert writer.missing() == [0] and "--" not in str(told.value)
        writer.commit(Shard(0, fine, fine, places, {}, None, None, {}))
        kept = writer.path / "lost" / "00000000.json"
        assert json.loads(kept.read_text())["layer"]["not finite"] == {"0": 1, "1": 1}


def test_a_run_of_other_settings_or_no_run_is_refused(tmp_path: Path, images: ImageSet) -> None:
    spec = write_run(tmp_path / "run", images)
    other = RunSpec.from_attributes({**spec.as_attributes(), "dtype": "float16"})
    with (
        pytest.raises(OutputExistsError, match="dtype: the run has 'float32'"),
        open_for_writing(tmp_path / "run", other, images),
    ):
        pass
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("words")
    with (
        pytest.raises(OptionError, match="no run; choose another folder"),
        open_for_writing(tmp_path / "mine", spec, images),
    ):
        pass
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    with open_for_writing(tmp_path / "run", other, images, replace=True) as writer:
        assert writer.missing() == [0, 1, 2]


def test_the_spec_is_the_runs_attributes(tmp_path: Path, images: ImageSet) -> None:
    spec = write_run(tmp_path / "run", images)
    content = json.loads((tmp_path / "run" / "zarr.json").read_text())
    assert RunSpec.from_attributes(content["attributes"]) == spec
    assert Activations.open(tmp_path / "run").layer("layer").units == Neuron("layer", 1024).unit
