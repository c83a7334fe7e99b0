"""A shard keeps each good image in its own row, whatever the batches."""

from __future__ import annotations

import numpy as np
import torch

from neurons.activations.run_format import LayerSpec, RunSpec
from neurons.activations.shard import scan_shard
from neurons.data.loading import Batch
from neurons.network.readings import LayerReading, Reading

LAYERS = (
    LayerSpec("maps", "Kind", 3, 2, 2, False, (0, 0, 0, 0)),
    LayerSpec("tokens", "Kind", 2, 2, 2, True, (0, 0, 0, 0)),
)
SPEC = RunSpec(11, LAYERS, 4, 8, "float32", True, {})


def batch_of(indices: range, bad: dict[int, str], *, size: int = 4) -> tuple[Batch, Reading]:
    """Make a batch in which every number of an image is its index, and padding is -1."""
    rows = np.full(size, -1, np.float32)
    rows[: len(indices)] = list(indices)

    def by(width: int) -> np.ndarray:
        return np.repeat(rows[:, None], width, axis=1)

    layers = {
        "maps": LayerReading(by(3), by(3) / 2, by(3).astype(np.int32), None),
        "tokens": LayerReading(by(2), by(2) / 2, by(2).astype(np.int32), by(2) + 0.5),
    }
    hashes = np.repeat(np.array(indices, np.uint8)[:, None], 32, axis=1)
    pixels = torch.zeros(size, 3, 1, 1, dtype=torch.uint8)
    return Batch(indices, pixels, bad, hashes), Reading(layers, by(4))


def test_each_image_lies_in_its_row_and_a_bad_one_is_nan() -> None:
    batches = [batch_of(range(0, 4), {2: "torn"}), batch_of(range(4, 8), {})]
    found = scan_shard(SPEC, 0, batches)
    expected = np.array([0, 1, np.nan, 3, 4, 5, 6, 7], np.float32)
    for path, width in (("maps", 3), ("tokens", 2)):
        columns = np.repeat(expected[:, None], width, axis=1)
        np.testing.assert_array_equal(found.peak[path], columns)
        np.testing.assert_array_equal(found.mean[path], columns / 2)
        np.testing.assert_array_equal(found.position[path], np.nan_to_num(columns))
    np.testing.assert_array_equal(found.class_token["tokens"][:, 0], expected + 0.5)
    assert list(found.class_token) == ["tokens"]
    assert found.embeddings is not None and found.sha256 is not None
    np.testing.assert_array_equal(found.embeddings[:, 3], expected)
    assert found.sha256[:, 0].tolist() == list(range(8))
    assert found.skipped == {2: "torn"}


def test_a_short_last_shard_holds_no_padding() -> None:
    found = scan_shard(SPEC, 1, [batch_of(range(8, 11), {})])
    assert found.peak["maps"][:, 0].tolist() == [8, 9, 10]
    assert found.index == 1 and found.skipped == {}
