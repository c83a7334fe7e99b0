import numpy as np
import pytest
from sklearn.linear_model import Ridge as Refit

from neurons.alignment.folds import folds_of
from neurons.alignment.measure import measured
from neurons.alignment.predictivity import Ridge, held_out_r2, predictivity
from neurons.alignment.responses import Responses
from neurons.alignment.ridge import RidgeFolds
from neurons.errors import OptionError
from tests.alignment.test_cka import related


@pytest.mark.parametrize("shape", [(53, 6, 4), (30, 45, 3)])
def test_folds_from_moments_equal_direct_refits(shape) -> None:
    x, y = related(*shape)
    ridge = Ridge(n_folds=4, seed=3)
    found = predictivity(ridge, x, y)
    errors, baseline, products = np.zeros(shape[2]), np.zeros(shape[2]), np.zeros((3, shape[2]))
    width = min(shape[:2])
    for fold, strengths in zip(folds_of(shape[0], 4, 3), found.strengths, strict=True):
        fitted = np.setdiff1d(np.arange(shape[0]), fold)
        centred = x[fitted] - x[fitted].mean(0)
        alphas = strengths * np.square(centred).sum() / width
        refit = Refit(alphas, solver="svd").fit(x[fitted], y[fitted])
        predictions = refit.predict(x[fold])
        errors += np.square(y[fold] - predictions).sum(0)
        baseline += np.square(y[fold] - y[fitted].mean(0)).sum(0)
        p, v = predictions - predictions.mean(0), y[fold] - y[fold].mean(0)
        products += np.stack([(p * v).sum(0), (p * p).sum(0), (v * v).sum(0)])
    r = products[0] / np.sqrt(products[1] * products[2])
    np.testing.assert_allclose(found.r, r, atol=1e-10)
    np.testing.assert_allclose(found.r2, 1 - errors / baseline, atol=1e-10)


def test_what_is_held_out_changes_neither_strength_nor_weights() -> None:
    x, y = related(40)
    folds = folds_of(40, 5, 0)
    changed = y.copy()
    changed[folds[2]] = 1000 * np.random.default_rng(0).normal(size=changed[folds[2]].shape)
    fits = RidgeFolds(x, folds, Ridge().strengths)
    before, after = list(fits.held_out(y))[2], list(fits.held_out(changed))[2]
    np.testing.assert_allclose(after.weights, before.weights, atol=1e-9)
    np.testing.assert_array_equal(after.strengths, before.strengths)
    np.testing.assert_allclose(after.y_mean, before.y_mean, atol=1e-12)


def test_strength_is_weak_where_all_is_signal_and_strong_where_all_is_noise() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 10))
    y = np.stack([x @ random.normal(size=10), random.normal(size=200)], axis=1)
    found = predictivity(Ridge(), x, y)
    assert found.strengths[:, 0].max() < 1e-3 < 1 < found.strengths[:, 1].max()
    assert found.r[0] == pytest.approx(1, abs=1e-6)
    assert found.r2[0] == pytest.approx(1, abs=1e-6)
    assert abs(found.r[1]) < 0.2
    assert found.r2[1] < 0.02


def test_a_part_is_predicted_by_the_whole_but_does_not_predict_it() -> None:
    x = np.random.default_rng(0).normal(size=(150, 12))
    part = x[:, :3]
    assert measured(Ridge(), x, part).value > 0.999
    assert measured(Ridge(), part, x).value < 0.4
    assert not Ridge().symmetric


def test_constant_units_are_counted_and_not_averaged() -> None:
    x, y = related(60)
    with_constant = np.hstack([y, np.full((60, 2), 0.1)])
    found = predictivity(Ridge(), x, with_constant)
    assert found.n_constant == 2
    assert measured(Ridge(), x, with_constant).value == measured(Ridge(), x, y).value
    also = np.hstack([x, np.full((60, 1), 0.1)])
    assert np.isfinite(measured(Ridge(), also, y).value)


def test_a_predictor_that_one_image_alone_excites_predicts_nothing() -> None:
    _, y = related(40)
    once = np.zeros((40, 1))
    once[17] = 2.0
    found = predictivity(Ridge(), once, y)
    assert np.all(np.abs(found.r) < 0.3)
    np.testing.assert_array_less(found.r2, 0.05)


def test_in_another_order_everything_is_fitted_anew() -> None:
    x, y = related(40)
    order = np.random.default_rng(1).permutation(40)
    pairing = Ridge().pairing([Responses("x", x)], [Responses("y", y)])
    expected = measured(Ridge(), x, y[order]).value
    assert pairing.values(order)[0, 0] == pytest.approx(expected, abs=1e-10)


def test_every_image_drawn_once_is_the_number_itself() -> None:
    x, y = related(40)
    pairing = Ridge().pairing([Responses("x", x)], [Responses("y", y), Responses("x", x)])
    once = pairing.resampled(np.ones((1, 40), int))[0]
    np.testing.assert_allclose(once, pairing.values(), atol=1e-10)


def test_more_folds_than_pairs_of_images_are_refused() -> None:
    x, y = related(8)
    with pytest.raises(OptionError, match="8 images in 5 folds; take 2 to 4 folds"):
        measured(Ridge(), x, y)
    assert "fewer than the 40 units" in Ridge().doubt(30, 40, 5)


def test_r2_of_all_pairs_is_that_of_each_and_below_0_for_noise() -> None:
    x, y = related(60)
    other = np.hstack([y[:, :2] + 1, np.full((60, 1), 0.1)])
    tables = [Responses("x", x), Responses("y", y)], [Responses("y", y), Responses("o", other)]
    found = held_out_r2(Ridge(), *tables)
    for i, first in enumerate((x, y)):
        for k, second in enumerate((y, other)):
            expected = np.nanmean(predictivity(Ridge(), first, second).r2)
            assert found.values[i, k] == pytest.approx(expected, abs=1e-9)
    assert (found.low < found.values)[0].all() and (found.values < found.high)[0].all()
    nothing = np.random.default_rng(5).normal(size=(2, 60, 6))
    noise = held_out_r2(Ridge(), *([Responses("z", each)] for each in nothing))
    assert -0.3 < noise.values[0, 0] < 0.02
