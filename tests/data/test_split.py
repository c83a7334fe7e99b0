"""Parts follow from ids alone, and every class is fitted to and tested."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurons.data.split import CHOOSE, FIT, TEST, UNUSED, split_images
from neurons.errors import OptionError


@settings(max_examples=40)
@given(st.lists(st.integers(2, 30), min_size=2, max_size=6), st.integers(0, 5), st.randoms())
def test_parts_do_not_depend_on_the_order(counts: list[int], seed: int, random: object) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    ids = [f"picture {i}" for i in range(len(labels))]
    names = [str(k) for k in range(len(counts))]
    found = split_images(ids, labels, names, seed=seed)
    order = list(range(len(ids)))
    random.shuffle(order)  # type: ignore[attr-defined]
    again = split_images([ids[i] for i in order], labels[order], names, seed=seed)
    assert np.array_equal(found[order], again)
    for k, count in enumerate(counts):
        mine = found[labels == k]
        assert (mine == FIT).any() and (mine == TEST).any()
        assert (mine == CHOOSE).any() == (count > 2)
        assert abs((mine == TEST).sum() - 0.15 * count) <= 1


def test_unlabelled_images_take_no_part_and_another_seed_parts_otherwise() -> None:
    labels = np.repeat([0, 1, -1], 20)
    ids = [str(i) for i in range(60)]
    found = split_images(ids, labels, ["a", "b"])
    assert (found[labels < 0] == UNUSED).all() and (found[labels >= 0] != UNUSED).all()
    assert not np.array_equal(found, split_images(ids, labels, ["a", "b"], seed=1))


def test_mistakes_are_told() -> None:
    with pytest.raises(OptionError, match=r"1 classes have fewer than two images .*'lonely'"):
        split_images(["a", "b", "c"], np.array([0, 0, 1]), ["pair", "lonely"])
    with pytest.raises(OptionError, match="these images are of 1"):
        split_images(["a", "b"], np.array([0, 0]), ["one", "two"])
    with pytest.raises(OptionError, match="leave some images to fit to"):
        split_images(["a", "b"], np.array([0, 1]), ["one", "two"], test_share=0.9)
