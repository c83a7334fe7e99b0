import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import pdist

from neurons.alignment.distances import cosine_distances, squared_distances
from neurons.alignment.measure import measured
from neurons.alignment.responses import Responses
from neurons.alignment.rsa import RhoA, Rsa
from neurons.errors import OptionError
from tests.alignment.test_cka import related


def test_it_is_spearman_s_correlation_of_the_upper_triangles() -> None:
    x, y = related(40)
    expected = stats.spearmanr(
        pdist(x - x.mean(0), "correlation"), pdist(y - y.mean(0), "correlation")
    ).statistic
    assert measured(Rsa(), x, y).value == pytest.approx(expected, abs=1e-10)
    for distances, metric in ((squared_distances, "sqeuclidean"), (cosine_distances, "cosine")):
        expected = stats.spearmanr(
            pdist(x - x.mean(0), metric), pdist(y - y.mean(0), metric)
        ).statistic
        assert measured(Rsa(distances), x, y).value == pytest.approx(expected, abs=1e-10)


def few_distances(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Give tables of many ties."""
    x, y = related(n)
    return np.digitize(x[:, :1], [5.0]).astype(float), y


def test_rho_a_is_what_ties_broken_at_random_give_on_average() -> None:
    x, y = few_distances(12)
    first, second = pdist(x, "sqeuclidean"), pdist(y, "sqeuclidean")
    random = np.random.default_rng(0)
    drawn = [
        stats.spearmanr(first + 1e-9 * random.random(len(first)), second).statistic
        for _ in range(500)
    ]
    found = measured(RhoA(squared_distances), x, y).value
    assert found == pytest.approx(np.mean(drawn), abs=0.015)
    assert found < measured(Rsa(squared_distances), x, y).value - 0.01


@pytest.mark.parametrize("tied", [False, True])
def test_a_resample_is_ranked_anew_without_copies_of_an_image(tied: bool) -> None:
    x, y = few_distances(25) if tied else related(25)
    counts = np.random.default_rng(3).multinomial(25, np.full(25, 1 / 25), size=4)
    pairing = Rsa(squared_distances).pairing([Responses("x", x)], [Responses("y", y)])
    for value, drawn in zip(pairing.resampled(counts)[:, 0, 0], counts, strict=True):
        rows = np.repeat(np.arange(25), drawn)
        apart = pdist(rows[:, None]) > 0
        expected = stats.spearmanr(
            pdist(x[rows], "sqeuclidean")[apart], pdist(y[rows], "sqeuclidean")[apart]
        ).statistic
        assert value == pytest.approx(expected, abs=1e-6)


def test_images_in_another_order_are_measured_in_that_order() -> None:
    x, y = related(30)
    order = np.random.default_rng(1).permutation(30)
    found = Rsa().pairing([Responses("x", x)], [Responses("y", y)]).values(order)[0, 0]
    assert found == pytest.approx(measured(Rsa(), x, y[order]).value, abs=1e-10)


def test_an_image_without_a_pattern_is_named() -> None:
    x, y = related(20)
    y = y - y.mean(0)
    y[7] = 0
    y[8] -= y.sum(0)
    with pytest.raises(OptionError, match="second table has 1 images without a pattern.* row 7"):
        measured(Rsa(), x, y)
    assert np.isfinite(measured(Rsa(squared_distances), x, y).value)
