"""Copies are found by what the network makes of them, and nothing else is taken for one."""

from __future__ import annotations

import numpy as np
import pytest
import zarr

from neurons.errors import OptionError
from neurons.readouts.copies import count_copies, equal_rows, joined_groups, near_rows


def test_equal_rows_and_no_others_have_one_number(tmp_path) -> None:
    values = np.random.default_rng(0).normal(size=(9, 5)).astype(np.float32)
    values[7] = values[2]
    values[8] = np.nextafter(values[2], np.float32(9))
    values[3], values[4] = 0.0, -0.0
    values[5:7] = np.nan
    expected = [0, 1, 2, 3, 3, 4, 5, 2, 6]
    assert equal_rows(values).tolist() == expected
    stored = zarr.create_array(tmp_path / "x", shape=(9, 5), chunks=(4, 5), dtype="float32")
    stored[:] = values
    assert equal_rows(stored).tolist() == expected
    hashes = np.array([[1, 2], [1, 3], [1, 2]], np.uint8)
    assert equal_rows(hashes).tolist() == [0, 1, 0]


def test_near_rows_hang_together_by_those_between_them() -> None:
    angles = np.radians([0, 10, 20, 90, 95, 180])
    embedded = np.stack([np.cos(angles), np.sin(angles)], 1) * np.arange(1, 7)[:, None]
    found = near_rows(embedded, float(np.cos(np.radians(11))))
    assert found[0] == found[1] == found[2] and found[3] == found[4]
    assert len(set(found.tolist())) == 3
    for wrong in (0.0, 1.0, -2.0):
        with pytest.raises(OptionError, match="between 0 and 1"):
            near_rows(embedded, wrong)


def test_joined_groups_hold_what_either_holds() -> None:
    found = joined_groups(np.array([0, 0, 1, 2, 3]), np.array([4, 1, 1, 0, 0]))
    assert found[0] == found[1] == found[2] and found[3] == found[4] != found[0]


def test_copies_are_counted_among_labelled_images() -> None:
    groups = np.array([0, 0, 1, 1, 2, 3, 3])
    labels = np.array([0, 0, 0, 1, 1, 2, -1])
    assert count_copies(groups, labels) == (4, 2)
    assert count_copies(np.arange(3), np.zeros(3, int)) == (0, 0)
