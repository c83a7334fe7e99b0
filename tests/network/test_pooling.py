"""What is kept of a map is what brute force finds in it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neurons.network.pooling import copy, peak


@settings(max_examples=60)
@given(
    st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4),
    st.integers(0, 2**31), st.integers(1, 6),
)  # fmt: skip
def test_peak_is_what_brute_force_finds(
    batch: int, units: int, height: int, width: int, seed: int, levels: int
) -> None:
    # few levels: many ties
    maps = np.random.default_rng(seed).integers(-levels, levels, (batch, units, height, width))
    found = peak(torch.from_numpy(maps.astype(np.float32)))
    for b in range(batch):
        for u in range(units):
            flat = maps[b, u].ravel().tolist()
            assert found.value[b, u] == max(flat)
            assert found.position[b, u] == flat.index(max(flat))
            assert found.mean[b, u] == pytest.approx(sum(flat) / len(flat), abs=1e-6)


def test_peak_of_vectors_and_of_nan() -> None:
    found = peak(torch.tensor([[1.0, -2.0]]))
    assert (found.value.tolist(), found.position.tolist()) == ([[1.0, -2.0]], [[0, 0]])
    broken = peak(torch.full((1, 1, 2, 2), torch.nan))
    assert broken.value.isnan().all()
    assert 0 <= int(broken.position[0, 0]) < 4


def test_a_copy_survives_what_the_network_writes_later() -> None:
    output = torch.zeros(2, 3, requires_grad=True).clone()
    kept = copy(output)
    output.add_(1.0)
    assert not kept.any() and not kept.requires_grad
