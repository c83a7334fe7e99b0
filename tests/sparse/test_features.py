"""Blocks, chosen rows, disks and half precision multiply as one standardised matrix does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from neurons.errors import OptionError
from neurons.sparse.features import Features


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 99))
def test_blocks_multiply_as_the_standardised_matrix(n: int, step: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, share = rng.normal(5, 3, (n, 7)), rng.uniform(0.1, 1, n)
    X[:, 3] = 2.5
    rows = np.flatnonzero(rng.random(n) < 0.7)
    rows = rows if len(rows) else np.arange(n)
    weights, residuals = rng.normal(size=(7, 4)), rng.normal(size=(len(rows), 4))
    chosen, a = X[rows], share[rows] / share[rows].sum()
    mean = a @ chosen
    spread = np.sqrt(a @ (chosen - mean) ** 2)
    flat = spread < 1e-12
    truth = np.where(flat, 0, (chosen - mean) / np.where(flat, 1, spread))
    features = Features(X, rows=rows, weights=torch.from_numpy(share[rows]), rows_per_block=step)
    sums = torch.zeros(7, 4, dtype=torch.float64)
    for where, block in features.blocks():
        found = features.times(block, torch.from_numpy(weights)).numpy()
        assert np.allclose(found, truth[where] @ weights, atol=1e-9)
        part = torch.from_numpy(residuals[where])
        sums += features.transposed_times(block, part)
        units = torch.tensor([5, 0])
        assert np.allclose(features.columns(block, units).numpy(), truth[where][:, [5, 0]].T)
    found = features.standardised(sums, torch.from_numpy(residuals.sum(0))).numpy()
    assert np.allclose(found, truth.T @ residuals, atol=1e-9)


def test_rows_of_an_array_on_disk_are_those_of_memory(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(100, 6)).astype(np.float32)
    stored = zarr.create_array(tmp_path / "x", shape=X.shape, chunks=(30, 6), dtype="float32")
    stored[:] = X
    rows = np.array([3, 4, 50, 51, 98])
    read = [b for _, b in Features(stored, rows=rows, rows_per_block=2).blocks()]
    assert np.array_equal(torch.cat(read).numpy(), X[rows])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_named(bad: float) -> None:
    X = np.ones((5, 3))
    X[2, 1] = bad
    with pytest.raises(OptionError, match="unit 1 has values that are not finite"):
        Features(X)
