"""A run's file tells all that its numbers depend on, and reads back as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations
from neurons.activations.run_format import LayerSpec, RunSpec, arrays, check_same, read_spec
from neurons.data.images import ImageSet
from neurons.errors import RunNotFoundError, StaleActivationsError
from tests.activations.stores import write_run


@pytest.fixture
def images(pictures: Path) -> ImageSet:
    return neurons.images(pictures)


def test_a_run_of_another_format_is_refused(tmp_path: Path, images: ImageSet) -> None:
    write_run(tmp_path / "run", images)
    file = tmp_path / "run" / "zarr.json"
    content = json.loads(file.read_text())
    content["attributes"]["format"] = 99
    file.write_text(json.dumps(content))
    with pytest.raises(RunNotFoundError, match="format 99, here 1"):
        Activations.open(tmp_path / "run")


LAYER = LayerSpec("a.b", "Kind", 5, 3, 4, True, (-0.1, -0.2, 0.1, 0.2))
SPEC = RunSpec(10, (LAYER,), 7, 4, "float16", True, {"model": {"name": "x"}})


def test_a_spec_reads_back_through_json() -> None:
    assert RunSpec.from_attributes(json.loads(json.dumps(SPEC.as_attributes()))) == SPEC


def test_shards_cover_every_image_once_and_the_last_may_be_short() -> None:
    assert SPEC.n_shards == 3
    assert [list(SPEC.shard(i)) for i in range(3)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_the_arrays_are_those_of_the_spec() -> None:
    found = {name: (width, dtype) for name, (width, dtype, _) in arrays(SPEC).items()}
    assert found == {
        "status": (0, "uint8"),
        "layers/a.b/peak": (5, "float16"),
        "layers/a.b/mean": (5, "float16"),
        "layers/a.b/position": (5, "uint16"),
        "layers/a.b/class_token": (5, "float16"),
        "embeddings": (7, "float16"),
        "sha256": (32, "uint8"),
    }
    bare = replace(
        SPEC, layers=(replace(LAYER, class_token=False),), embedding_size=0, content_hash=False
    )
    assert list(arrays(bare)) == [name for name in found if name[:9] in ("status", "layers/a.")][:4]
    wide = replace(SPEC, layers=(replace(LAYER, height=257, width=256),))
    assert arrays(wide)["layers/a.b/position"][1] == "uint32"
    assert np.isnan(arrays(SPEC)["embeddings"][2])


def test_what_differs_is_told_key_by_key(tmp_path: Path) -> None:
    check_same(tmp_path, {"a": 1, "b": 2}, {"b": 2})
    with pytest.raises(StaleActivationsError, match="b: the run has 2, asked is 3"):
        check_same(tmp_path, {"a": 1, "b": 2}, {"b": 3})


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="no run at"):
        read_spec(tmp_path)
