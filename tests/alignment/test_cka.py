import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from scipy.stats import ortho_group

from neurons.alignment import responses
from neurons.alignment.calibration import calibrated
from neurons.alignment.cka import Cka, biased_cka
from neurons.alignment.measure import measured
from neurons.alignment.responses import Responses
from neurons.errors import OptionError

OF_PAIRS, OF_BLOCKS = Cka(), Cka(most_pairs_of=4)


def related(n: int = 60, p: int = 12, q: int = 9, *, seed: int = 0, noise: float = 1.0):
    random = np.random.default_rng(seed)
    shared = random.normal(size=(n, 4))
    x = shared @ random.normal(size=(4, p)) + noise * random.normal(size=(n, p)) + 5
    y = shared @ random.normal(size=(4, q)) + noise * random.normal(size=(n, q)) - 3
    return x, y


def song(x: np.ndarray, y: np.ndarray) -> float:
    """Song et al. 2012, equation 4, as it is printed, of raw similarities."""
    n = len(x)
    k, left = x @ x.T, y @ y.T
    np.fill_diagonal(k, 0)
    np.fill_diagonal(left, 0)
    ones = np.ones(n)
    total = np.trace(k @ left) + (ones @ k @ ones) * (ones @ left @ ones) / ((n - 1) * (n - 2))
    return (total - 2 / (n - 2) * ones @ k @ left @ ones) / (n * (n - 3))


def plain(x: np.ndarray, y: np.ndarray) -> float:
    return song(x, y) / np.sqrt(song(x, x) * song(y, y))


def test_unrelated_wide_tables_are_0_and_not_as_alike_as_biased_cka_says() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 1000, 2560)).astype(np.float32)
    assert measured(OF_PAIRS, x, y).value == pytest.approx(-0.002, abs=0.004)
    assert biased_cka(x, y).value == pytest.approx(0.718, abs=0.004)


@pytest.mark.parametrize("measure", [OF_PAIRS, OF_BLOCKS])
@pytest.mark.parametrize("shape", [(60, 12, 9), (20, 90, 5), (9, 1, 30), (5, 3, 3)])
def test_from_pairs_and_from_blocks_it_is_song_et_al_s_estimate(measure: Cka, shape) -> None:
    x, y = related(*shape)
    assert measured(measure, x, y).value == pytest.approx(plain(x, y), abs=1e-10)


@pytest.mark.parametrize("measure", [OF_PAIRS, OF_BLOCKS])
def test_images_in_another_order_are_measured_in_that_order(measure: Cka) -> None:
    x, y = related()
    order = np.random.default_rng(1).permutation(len(x))
    pairing = measure.pairing([Responses("x", x)], [Responses("y", y), Responses("x", x)])
    expected = [[plain(x, y[order]), plain(x, x[order])]]
    np.testing.assert_allclose(pairing.values(order), expected, atol=1e-10)


@hypothesis.given(st.integers(0, 2**31), st.floats(0.01, 100), st.floats(-50, 50))
@hypothesis.settings(max_examples=20)
def test_rotation_scale_and_shift_do_not_count(seed: int, scale: float, shift: float) -> None:
    x, y = related(40, 6, 5, seed=seed % 1000)
    turned = scale * x @ ortho_group.rvs(6, random_state=seed % 2**31) + shift
    assert measured(OF_PAIRS, turned, y).value == pytest.approx(plain(x, y), abs=1e-7)


def test_the_scale_of_a_single_unit_counts() -> None:
    x, y = related()
    louder = x * np.array([20.0] + [1.0] * (x.shape[1] - 1))
    assert abs(measured(OF_PAIRS, louder, y).value - measured(OF_PAIRS, x, y).value) > 0.1


class OnDisk:
    """Gives rows by slices only, and remembers how many at most."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.dtype, self.most = values, values.shape, values.dtype, 0

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice) -> np.ndarray:
        assert isinstance(rows, slice)
        found = self.values[rows]
        self.most = max(self.most, len(found))
        return found


def test_streamed_equals_whole_and_never_holds_more_than_a_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(responses, "_ROWS_PER_BLOCK", 100)
    x, y = related(530, 6, 5)
    left, right = OnDisk(x), OnDisk(y)
    assert measured(OF_BLOCKS, left, right).value == pytest.approx(plain(x, y), abs=1e-10)
    assert max(left.most, right.most) == 100


def test_copies_of_an_image_in_a_resample_are_no_pair() -> None:
    x, y = related(20, 5, 4)
    counts = np.random.default_rng(2).multinomial(20, np.full(20, 1 / 20), size=3)
    tables = [Responses("x", x)], [Responses("y", y)]
    found = OF_PAIRS.pairing(*tables).resampled(counts)[:, 0, 0]

    def centred(values: np.ndarray) -> np.ndarray:
        values = values - values.mean(0)
        matrix = values @ values.T
        lengths = np.diag(matrix)
        n = len(values)
        matrix = matrix + (lengths[:, None] + lengths) / (n - 2)
        return matrix - lengths.sum() / ((n - 1) * (n - 2))

    a, b = centred(x), centred(y)
    for value, drawn in zip(found, counts, strict=True):
        rows = np.repeat(np.arange(20), drawn)
        apart = rows[:, None] != rows
        left, right = a[rows][:, rows][apart], b[rows][:, rows][apart]
        expected = left @ right / np.sqrt((left @ left) * (right @ right))
        assert value == pytest.approx(expected, abs=1e-10)


def test_the_interval_holds_the_value_of_many_images_about_as_often_as_it_says() -> None:
    x, y = related(20_000, 8, 8, noise=2)
    truth = measured(OF_BLOCKS, x, y).value
    for measure in (OF_PAIRS, OF_BLOCKS):
        held = 0
        for start in range(0, 100 * 100, 100):
            part = slice(start, start + 100)
            found = calibrated(measure, x[part], y[part], n_permutations=1, seed=start)
            held += found.interval.low <= truth <= found.interval.high
        assert 86 <= held <= 100


def test_images_that_are_all_equally_alike_are_refused() -> None:
    x, _ = related(8)
    with pytest.raises(OptionError, match="second table finds all pairs of images equally alike"):
        measured(OF_PAIRS, x, np.eye(8))
