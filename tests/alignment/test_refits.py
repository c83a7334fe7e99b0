import numpy as np

from neurons.alignment.calibration import calibrated_table
from neurons.alignment.measure import measured
from neurons.alignment.predictivity import Ridge
from neurons.alignment.refits import refit_bounds
from neurons.alignment.responses import Responses

N, UNITS = 60, 6
TURN = np.random.default_rng(9).normal(size=(UNITS, UNITS)) / np.sqrt(UNITS)


def drawn(seed: int) -> tuple[list[Responses], list[Responses]]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(N, UNITS))
    y = x @ TURN + random.normal(size=(N, UNITS))
    return [Responses("x", x)], [Responses("y", y)]


def test_intervals_with_refits_hold_the_mean_over_draws_where_resamples_do_not() -> None:
    pairs = [drawn(seed) for seed in range(30)]
    mean = np.mean([measured(Ridge(), x[0], y[0]).value for x, y in pairs])
    refitted, resampled = 0, 0
    for x, y in pairs:
        low, high = refit_bounds(Ridge(), x, y).r[:, 0, 0]
        refitted += low <= mean <= high
        table = calibrated_table(Ridge(), x, y, n_permutations=1)
        resampled += table.low[0, 0] <= mean <= table.high[0, 0]
    assert refitted >= 27 > 25 >= resampled


def test_bounds_of_several_tables_are_those_of_each_pair_and_r2_has_its_own() -> None:
    (x,), (y,) = drawn(0)
    noise = Responses("noise", np.random.default_rng(1).normal(size=(N, 3)))
    both = refit_bounds(Ridge(), [x, noise], [y, noise, x])
    for i, first in enumerate((x, noise)):
        for k, second in enumerate((y, noise, x)):
            one = refit_bounds(Ridge(), [first], [second])
            np.testing.assert_allclose(both.r[:, i, k], one.r[:, 0, 0], atol=1e-9)
            np.testing.assert_allclose(both.r2[:, i, k], one.r2[:, 0, 0], atol=1e-9)
    assert (both.r2[:, 0, 0] < both.r[:, 0, 0]).all()
    # what predicts itself is right whatever is left out
    np.testing.assert_allclose(both.r[:, 0, 2], 1, atol=1e-6)
