"""Halves of common images share no copy, and follow the classes."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.activations.common_halves import common_halves
from neurons.activations.common_images import common_images
from neurons.activations.common_tables import common_tables
from neurons.data.responses import responses
from neurons.errors import LayerNotFoundError, MismatchError, OptionError
from tests.studies.probe.planted_run import PLANTED, planted_run

N = 40


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    random = np.random.default_rng(0)
    values = random.normal(size=(N, 5))
    values[:, 2] = 1.0
    # images 0 and 1, 2 and 3 ... are copies
    told = np.repeat(random.normal(size=(N // 2, 3)), 2, axis=0)
    labels = np.repeat([0, 1], [12, 28]).tolist()
    return planted_run(tmp_path_factory.mktemp("a"), values, labels, ("a", "b"), embeddings=told)


def other(n: int = N, *, rows: tuple[int, ...] = ()):
    random, keep = np.random.default_rng(1), list(rows) or list(range(n))
    return responses(random.normal(size=(len(keep), 3)), ids=[f"{i}.png" for i in keep], name="b")


def test_copies_stay_together_and_each_class_is_halved(run) -> None:
    common = common_images(run[0], other())
    order = [int(each.removesuffix(".png")) for each in common.ids]
    labels = run[1].require_labels()[common.sides[0].rows]
    halves = common_halves(common, labels)
    assert sorted([*halves.fitting, *halves.testing]) == list(range(N))
    pairs = np.array(order) // 2
    assert not set(pairs[halves.fitting]) & set(pairs[halves.testing])
    assert (labels[halves.fitting] == 0).sum() == (labels[halves.testing] == 0).sum() == 6
    folds = halves.folds(4)
    for pair in set(pairs[halves.fitting]):
        assert len(set(folds[pairs[halves.fitting] == pair])) == 1
    assert set(folds) == set(range(4))
    # where no run tells of copies, each image is by itself
    alone = common_halves(common_images(other(), other(N)), seed=1)
    assert len(set(alone.groups)) == N


def test_tables_stand_beside_each_other_by_id(run) -> None:
    shown = tuple(range(N - 1, 9, -1))
    found = common_tables([run[0], other(rows=shown)], [PLANTED, "responses"])
    assert [t.shape for t in found.tables] == [(30, 5), (30, 3)]
    rows = {each: i for i, each in enumerate(run[0].ids())}
    for i, each in enumerate(found.common.ids):
        number = int(each.removesuffix(".png"))
        peaks = np.asarray(run[0].array(PLANTED, "peak")[rows[each]])
        assert np.allclose(found.tables[0][i], peaks)
        expected = np.random.default_rng(1).normal(size=(30, 3))[shown.index(number)]
        assert np.allclose(found.tables[1][i], expected)
    assert "30 images are compared; left out: 10" in found.told
    fewer = common_tables([run[0], other()], [PLANTED, "responses"], n_images=20)
    assert len(fewer.common) == 20 and "20 of 40 common images were drawn" in fewer.told


def test_a_system_twice_few_images_and_unknown_layers_are_refused(run) -> None:
    with pytest.raises(MismatchError, match="the same model, images and layer"):
        common_tables([run[0], run[0]], [PLANTED, PLANTED])
    with pytest.raises(LayerNotFoundError, match="holds no layer 'visual'"):
        common_tables([run[0], other()], ["visual", "responses"])
    with pytest.raises(MismatchError, match="5 images are in common by id, and 16 are needed"):
        common_tables([run[0], other(rows=(0, 1, 2, 3, 4))], [PLANTED, "responses"])
    with pytest.raises(OptionError, match="take 16 or more"):
        common_tables([run[0], other()], [PLANTED, "responses"], n_images=5)
