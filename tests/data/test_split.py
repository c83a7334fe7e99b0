"""Parts follow from ids alone, and every class is fitted to and tested."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurons.data.split import CHOOSE, FIT, TEST, UNUSED, distinct_counts, split_images
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
    with pytest.raises(OptionError, match=r"1 of 2 classes have fewer .*: 'lonely';.*min images"):
        split_images(["a", "b", "c"], np.array([0, 0, 1]), ["pair", "lonely"])
    with pytest.raises(OptionError, match="these images are of 1"):
        split_images(["a", "b"], np.array([0, 0]), ["one", "two"])
    with pytest.raises(OptionError, match="leave some images to fit to"):
        split_images(["a", "b"], np.array([0, 1]), ["one", "two"], test_share=0.9)


@settings(max_examples=20)
@given(st.integers(2, 5), st.integers(6, 40), st.integers(0, 5), st.randoms())
def test_a_group_stays_together_in_any_order(
    n_classes: int, n_groups: int, seed: int, random: object
) -> None:
    draw = np.random.default_rng(seed)
    # groups of one to four images, some of several classes
    groups = np.repeat(np.arange(n_groups), draw.integers(1, 5, n_groups))
    labels = (groups + (draw.random(len(groups)) < 0.2)) % n_classes
    # two more images of each class that are by themselves
    groups = np.concatenate([groups, n_groups + np.arange(2 * n_classes)])
    labels = np.concatenate([labels, np.repeat(np.arange(n_classes), 2)])
    ids = [f"picture {i}" for i in range(len(labels))]
    names = [str(k) for k in range(n_classes)]
    found = split_images(ids, labels, names, seed=seed, groups=groups)
    for group in np.unique(groups):
        assert len(set(found[groups == group].tolist())) == 1
    order = list(range(len(ids)))
    random.shuffle(order)  # type: ignore[attr-defined]
    again = split_images(
        [ids[i] for i in order], labels[order], names, seed=seed, groups=groups[order]
    )
    assert np.array_equal(found[order], again)
    # by themselves, images are split as if there were no groups
    alone = split_images(ids, labels, names, seed=seed, groups=np.arange(len(ids)))
    assert np.array_equal(alone, split_images(ids, labels, names, seed=seed))


def test_copies_of_one_image_are_no_class_that_can_be_tested() -> None:
    labels, groups = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 2, 2, 2])
    with pytest.raises(OptionError, match=r"copies count as one\): 'b'"):
        split_images(list("vwxyz"), labels, ["a", "b"], groups=groups)
    assert distinct_counts(labels, 3, groups).tolist() == [2, 1, 0]


@pytest.mark.parametrize("n", range(2, 9))
def test_every_class_is_fitted_to_and_tests_whatever_the_shares(n: int) -> None:
    labels = np.repeat([0, 1], n)
    ids = [str(i) for i in range(2 * n)]
    found = split_images(ids, labels, ["a", "b"], choose_share=0.45, test_share=0.5)
    for k in range(2):
        assert {FIT, TEST} <= set(found[labels == k].tolist())
