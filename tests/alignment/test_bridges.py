"""A rotated copy is mapped exactly, an unrelated system not at all, and ridge is scikit-learn's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.linear_model import Ridge as OracleRidge

from neurons.alignment.assignment import rotation
from neurons.alignment.bridges import (
    RidgeMaps,
    check_rows,
    explained,
    lossless_width,
    procrustes,
    random_projection,
)
from neurons.errors import OptionError


def ridge(x: np.ndarray, y: np.ndarray):
    return RidgeMaps(x)(y)


def pair(n: int = 120, units: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, units)) * np.arange(1, units + 1) ** -0.5 + 2
    return x, 3 * x @ rotation(units, random) - 7


def test_a_rotated_scaled_shifted_copy_is_mapped_exactly_on_other_images() -> None:
    x, y = pair()
    for fit in (procrustes, ridge):
        assert explained(y[60:], fit(x[:60], y[:60])(x[60:])) > 0.999
    # a projection that is as wide as the layer keeps all
    found = random_projection(x[:60], y[:60], width=12)
    assert explained(y[60:], found(x[60:])) > 0.999


def test_an_unrelated_system_is_not_predicted_on_other_images() -> None:
    x, _ = pair()
    y = np.random.default_rng(1).normal(size=(120, 9))
    assert explained(y[:60], procrustes(x[:60], y[:60])(x[:60])) > 0.02
    for fit in (procrustes, ridge):
        assert explained(y[60:], fit(x[:60], y[:60])(x[60:])) < 0.02


def test_directions_that_few_images_do_not_show_are_left_out_and_not_turned_by_chance() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(250, 256)) * np.arange(1, 257) ** -0.75
    y, turned = x @ rotation(256, random), x @ rotation(256, random)
    found = procrustes(x[:50], y[:50])
    r2 = explained(y[50:], found(x[50:]))
    assert r2 > 0.6
    # which axes the source has does not matter
    assert explained(y[50:], procrustes(turned[:50], y[:50])(turned[50:])) == pytest.approx(r2)
    assert np.linalg.matrix_rank(found.weights, tol=1e-4) == 49


def test_a_narrow_system_lies_in_a_wide_one() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(50, 4))
    wide = 2 * x @ rotation(9, random)[:4]
    assert np.allclose(procrustes(x, wide)(x), wide, atol=1e-5)
    assert np.allclose(procrustes(wide, x)(wide), x, atol=1e-5)


def test_a_map_keeps_proportions_of_distances_unless_it_is_a_ridge() -> None:
    x, _ = pair()
    stretched = x * np.arange(1, 13)
    turn = procrustes(x, stretched).weights.astype(np.float64)
    size = turn @ turn.T
    assert np.allclose(size, size[0, 0] * np.eye(12), atol=1e-4)
    assert explained(stretched, ridge(x, stretched)(x)) > explained(stretched, x @ turn)


@pytest.mark.parametrize("units", [8, 70])
def test_a_ridge_is_that_of_scikit_learn_with_more_units_than_images_too(units: int) -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(1, 2, (40, units)), random.normal(size=(40, 3))
    share = 0.1
    # the penalty is a share of the mean squared singular value
    rank = min(units, 39)
    sizes = np.linalg.svd(x - x.mean(0), compute_uv=False)[:rank] ** 2
    expected = OracleRidge(alpha=share * sizes.mean()).fit(x, y)
    found = RidgeMaps(x, (share,))(y)
    assert np.allclose(found(x[:5]), expected.predict(x[:5]), atol=1e-4)


def test_the_penalty_is_large_for_noise_and_small_for_a_copy() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 40))
    noise, copy = random.normal(size=(60, 5)), x[:, :5]
    assert np.abs(ridge(x, noise).weights).max() < 0.05
    assert np.abs(ridge(x, copy).weights).max() > 0.95


def test_a_projection_loses_what_it_does_not_keep_and_says_how_wide_it_should_be() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 100))
    y = x @ rotation(100, random)
    narrow, wide = (random_projection(x, y, width=width)(x) for width in (20, 90))
    assert explained(y, narrow) < explained(y, wide) < 1
    assert lossless_width(400, 0.1) > 5000 > lossless_width(400, 0.5) > 100
    with pytest.raises(OptionError, match="keeps nothing"):
        random_projection(x, y, width=0)


def test_units_that_say_nothing_and_wrong_rows_are_no_surprise() -> None:
    x, y = pair()
    x[:, 3] = 1.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(ridge(x, y)(x)).all()
        nothing = procrustes(np.ones((20, 3)), y[:20])(np.ones((20, 3)))
    assert np.allclose(nothing, y[:20].mean(0), atol=1e-4)
    assert np.isnan(explained(np.ones((5, 2)), np.ones((5, 2))))
    with pytest.raises(OptionError, match="rows of 5 units do not fit a map of 12"):
        procrustes(x, y)(x[:, :5])
    with pytest.raises(OptionError, match="the same images in each"):
        check_rows([x, y[:50]], 2)
