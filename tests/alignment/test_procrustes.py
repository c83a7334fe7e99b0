import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from scipy.stats import ortho_group

from neurons.alignment.calibration import calibrated
from neurons.alignment.measure import measured
from neurons.alignment.procrustes import Procrustes
from neurons.alignment.responses import Responses
from tests.alignment.test_cka import related


def distance(x: np.ndarray, y: np.ndarray) -> float:
    return measured(Procrustes(), x, y).value


@hypothesis.given(st.integers(0, 10_000), st.floats(0, 3))
@hypothesis.settings(max_examples=40)
def test_it_is_a_metric(seed: int, noise: float) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(12, 3))
    y = np.hstack([x[:, :2], noise * random.normal(size=(12, 5))])
    z = y[:, :4] + noise * random.normal(size=(12, 4))
    assert distance(x, z) <= distance(x, y) + distance(y, z) + 1e-7
    assert distance(x, y) == pytest.approx(distance(y, x), abs=1e-7)
    assert distance(x, x) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("shape", [(50, 6, 9), (8, 40, 30), (8, 40, 3)])
def test_it_is_the_angle_after_the_best_of_many_rotations(shape) -> None:
    x, y = related(*shape)
    left, right = (each - each.mean(0) for each in (x, y))
    left, right = left / np.linalg.norm(left), right / np.linalg.norm(right)
    u, _, v = np.linalg.svd(right.T @ left, full_matrices=False)
    angle = np.arccos(np.sum(left * (right @ u @ v)))
    assert distance(x, y) == pytest.approx(angle, abs=1e-9)


def test_rotation_scale_and_shift_do_not_count() -> None:
    x, y = related(50, 6, 4)
    turned = 3 * x @ ortho_group.rvs(6, random_state=0) + 2
    assert distance(turned, y) == pytest.approx(distance(x, y), abs=1e-9)
    assert distance(turned, x) == pytest.approx(0, abs=1e-6)


def test_in_another_order_the_rotation_is_sought_anew() -> None:
    x, y = related(30)
    order = np.random.default_rng(1).permutation(30)
    pairing = Procrustes().pairing([Responses("x", x)], [Responses("y", y)])
    assert pairing.values(order)[0, 0] == pytest.approx(distance(x, y[order]), abs=1e-9)


def test_every_image_drawn_once_is_the_number_itself() -> None:
    x, y = related(30)
    pairing = Procrustes().pairing([Responses("x", x)], [Responses("y", y), Responses("x", x)])
    once = pairing.resampled(np.ones((1, 30), int))[0]
    np.testing.assert_allclose(once, pairing.values(), atol=1e-6)


def test_wide_tables_of_few_images_are_close_but_not_closer_than_their_null() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 40, 200))
    found = calibrated(Procrustes(), x, y, n_permutations=50)
    assert found.value < 0.6
    assert abs(found.excess) < 0.02
    assert found.p_value > 0.05
    assert "few for a rotation" in Procrustes().doubt(40, 200, 200)
    assert Procrustes().doubt(500, 200, 200) == ""


def test_patterns_that_two_tables_do_not_share_are_not_turned_into_each_other() -> None:
    turn = 2 * np.pi * np.arange(12) / 12
    x = np.stack([4 * np.cos(turn), np.cos(2 * turn)], axis=1)
    y = np.stack([4 * np.cos(turn), np.sin(2 * turn)], axis=1)
    # once more with the unshared pattern upside down, which is a rotation of the same table
    turned = x * [1, -1]
    counts = np.random.default_rng(0).multinomial(12, np.full(12, 1 / 12), size=50)
    first, again = (
        Procrustes().pairing([Responses("x", each)], [Responses("y", y)]).resampled(counts)
        for each in (x, turned)
    )
    np.testing.assert_allclose(first, again, atol=1e-9)
