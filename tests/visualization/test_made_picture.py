"""A picture is evidence if it excites more than 99 % of real images do, and not if that is open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.visualization.pictures import made_picture


@pytest.mark.parametrize(
    ("percentile", "reaches"), [(0.99, True), (1.0, True), (0.989, False), (float("nan"), None)]
)
def test_the_99th_percentile_is_the_bound(percentile: float, reaches: bool | None) -> None:
    assert replace(made_picture("seed 0"), percentile=percentile).reaches is reaches
