"""The top of each group is the group's own, and so is its best class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurons import Activations, ImageSet, Neuron
from neurons.errors import OptionError
from neurons.studies.units.top_by_group import TopBy, top_by
from tests.conftest import LAYER, RED
from tests.studies.units.conftest import WAYS

Scanned = tuple[Activations, ImageSet]


@pytest.fixture(scope="module")
def shown(scanned: Scanned) -> TopBy:
    run, images = scanned
    return top_by(run, images, f"{LAYER}:{RED}", by="way", count=3)


def test_the_top_of_each_group_is_the_groups_own(scanned: tuple[Activations, ImageSet]) -> None:
    run, images = scanned
    shown = top_by(run, images, Neuron(LAYER, RED), by="way", count=3)
    assert [group.name for group in shown.groups] == list(WAYS)
    ways = images.column("way")
    peaks = run.peak(Neuron(LAYER, RED))
    for group in shown.groups:
        rows = [i for i, way in enumerate(ways) if way == group.name]
        expected = sorted(rows, key=lambda i: -peaks[i])[:3]
        assert [example.index for example in group.top] == expected
        assert group.best_class == "red" and group.n == 24
        assert group.maximum == pytest.approx(peaks[rows].max())
    strip = shown.blocks()[0]
    assert [len(gallery.tiles) for gallery in strip.galleries] == [3, 3, 3]
    with pytest.raises(OptionError, match="has 72 values, too many"):
        top_by(run, images, Neuron(LAYER, RED), by="file_name")
    with pytest.raises(OptionError, match="count is 0"):
        top_by(run, images, Neuron(LAYER, RED), by="way", count=0)


def test_means_are_the_groups_own(scanned: Scanned, shown: TopBy) -> None:
    run, images = scanned
    peaks, ways = run.peak(Neuron(LAYER, RED)), np.array(images.column("way"))
    rows = shown.to_pandas()
    assert rows["way"].tolist() == list(WAYS)
    expected = [peaks[ways == way].mean() for way in WAYS]
    assert rows["mean"].tolist() == pytest.approx(expected)
    assert rows["n"].tolist() == [24] * 3


def test_it_says_whether_the_groups_agree(shown: TopBy) -> None:
    assert shown.title == f"{LAYER}:{RED}"
    agreed = "'red' excites visual.layer4:3 most on average in each group (faint, middling, strong)"
    assert shown.verdict().startswith(agreed)
    first, *others = shown.groups
    apart = replace(shown, groups=(replace(first, best_class="stripe"), *others))
    assert "differs between the groups (faint: stripe; middling: red" in apart.verdict()
    unlabelled = replace(shown, groups=tuple(replace(g, best_class="") for g in shown.groups))
    largest = max(shown.groups, key=lambda group: group.maximum)
    assert f"excited most in the group {largest.name!r}" in unlabelled.verdict()
    assert "No group" in replace(shown, groups=(replace(first, n=0),)).verdict()
