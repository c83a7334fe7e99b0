"""A sample is drawn from the rows that it names, by its seed."""

from __future__ import annotations

from pathlib import Path

import pytest

import neurons
from neurons import Clip, Sample
from neurons.errors import OptionError


def test_images_are_drawn_from_the_rows_by_the_seed(planted: Clip, pictures: Path) -> None:
    images, pool = neurons.images(pictures), list(range(10, 30))
    first, again, other = (
        Sample(n=6, rows=pool, seed=seed).of(images, planted) for seed in (0, 0, 1)
    )
    assert set(first.rows) <= set(pool) and len(set(first.rows)) == 6
    assert first.rows == again.rows != other.rows
    assert Sample(rows=pool).of(images, planted).rows == tuple(pool)
    assert len(Sample().of(images, planted)) == len(images)
    with pytest.raises(OptionError, match="0 images"):
        Sample(n=0).of(images, planted)
