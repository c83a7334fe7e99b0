import numpy as np
import pytest
from scipy.spatial.distance import cdist

from neurons.alignment.calibration import calibrated
from neurons.alignment.measure import measured
from neurons.alignment.neighbours import Neighbours
from neurons.alignment.responses import Responses
from neurons.errors import OptionError
from tests.alignment.test_cka import related


def plain(x: np.ndarray, y: np.ndarray, k: int) -> float:
    lists = []
    for values in (x, y):
        distances = cdist(values - values.mean(0), values - values.mean(0), "cosine")
        # an image is not its own neighbour
        np.fill_diagonal(distances, np.inf)
        lists.append(np.argsort(distances, axis=1)[:, :k])
    shared = [len(set(a) & set(b)) / k for a, b in zip(*lists, strict=True)]
    return float(np.mean(shared))


def test_it_counts_the_neighbours_that_both_have() -> None:
    x, y = related(60)
    assert measured(Neighbours(k=7), x, y).value == pytest.approx(plain(x, y, 7))
    assert measured(Neighbours(k=7), x, 2 * x + 1).value == 1
    order = np.random.default_rng(1).permutation(60)
    pairing = Neighbours(k=7).pairing([Responses("x", x)], [Responses("y", y)])
    assert pairing.values(order)[0, 0] == pytest.approx(plain(x, y[order], 7))


def test_unrelated_systems_share_k_of_the_other_images() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 100, 5))
    found = calibrated(Neighbours(), x, y, n_permutations=100)
    assert found.null_mean == pytest.approx(10 / 99, abs=0.005)
    assert Neighbours().chance(100) == pytest.approx(10 / 99)
    assert found.interval.low < Neighbours().chance(100) < found.interval.high


def test_images_that_are_equally_near_do_not_make_unrelated_systems_agree() -> None:
    random = np.random.default_rng(0)
    x, y = (np.where(random.random((400, 1)) < 0.5, -1.0, 1.0) for _ in range(2))
    # half of the images are the nearest of each image
    assert measured(Neighbours(), x, y).value == pytest.approx(10 / 399, abs=0.015)


def test_a_resample_weighs_what_the_number_loses_without_an_image() -> None:
    x, y = related(30)
    # about means that stay: else each image moves all others
    x, y = x - x.mean(0), y - y.mean(0)
    measure = Neighbours(k=3, distances=lambda table: cdist(table.values, table.values))
    pairing = measure.pairing([Responses("x", x)], [Responses("y", y)])
    value = measured(measure, x, y).value
    twice = 1 + np.eye(30, dtype=int)
    for image, found in enumerate(pairing.resampled(twice)[:, 0, 0]):
        without = measured(measure, np.delete(x, image, 0), np.delete(y, image, 0)).value
        assert found == pytest.approx(value + (30 * value - 29 * without) / 30)


def test_the_interval_holds_the_mean_of_many_samples_about_as_often_as_it_says() -> None:
    x, y = related(7000, 8, 8, noise=2)
    found = []
    for seed in range(100):
        part = slice(70 * seed, 70 * seed + 70)
        found.append(calibrated(Neighbours(k=7), x[part], y[part], n_permutations=1, seed=seed))
    mean = np.mean([each.value for each in found])
    held = sum(each.interval.low <= mean <= each.interval.high for each in found)
    assert 86 <= held <= 100


def test_more_neighbours_than_images_are_refused() -> None:
    x, y = related(11)
    with pytest.raises(OptionError, match="10 nearest neighbours of 11 images; ask for 1 to 9"):
        measured(Neighbours(), x, y)
    assert "by chance" in Neighbours().doubt(40, 5, 5)
