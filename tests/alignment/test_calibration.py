import numpy as np
import pytest
from scipy import stats

from neurons.alignment.calibration import calibrated, calibrated_table
from neurons.alignment.cka import Cka
from neurons.alignment.measure import Measure, measured
from neurons.alignment.measures import MEASURES
from neurons.alignment.neighbours import Neighbours
from neurons.alignment.procrustes import Procrustes
from neurons.alignment.responses import Responses
from neurons.errors import OptionError
from tests.alignment.test_cka import related


def tables(random: np.random.Generator, widths: list[int], n: int = 20) -> list[Responses]:
    return [Responses(f"{w} units", random.normal(size=(n, w))) for w in widths]


def _p_of_unrelated(measure: Measure, random: np.random.Generator, seed: int) -> float:
    x, y = random.normal(size=(2, 16, 3))
    return calibrated(measure, x, y, n_permutations=39, n_resamples=2, seed=seed).p_value


@pytest.mark.parametrize("measure", [Cka(), Cka(most_pairs_of=4), Procrustes()])
def test_p_values_of_unrelated_systems_are_uniform(measure: Measure) -> None:
    random = np.random.default_rng(0)
    found = [_p_of_unrelated(measure, random, seed) for seed in range(200)]
    # p takes the values 1/40, 2/40, ...: spread evenly within the step, it is continuous
    spread = np.array(found) - random.random(200) / 40
    assert stats.kstest(spread, "uniform").pvalue > 0.01
    assert min(found) >= 1 / 40


def test_the_closest_of_many_layers_is_compared_with_the_closest_of_as_many() -> None:
    random = np.random.default_rng(1)
    alone, of_layers, of_all = [], [], []
    for seed in range(150):
        xs, ys = tables(random, [3, 4]), tables(random, [2, 3, 5, 8, 13, 21])
        found = calibrated_table(Cka(), xs, ys, n_permutations=39, n_resamples=2, seed=seed)
        place, best = found.best_for(0)
        alone.append(found.p_values[0, place])
        of_layers.append(best.p_value)
        of_all.append(found.best()[2].p_value)
        assert found.p_values_of_table.min() == found.best()[2].p_value
    assert np.mean(np.array(alone) <= 0.05) > 0.12
    for p_values in (of_layers, of_all):
        spread = np.array(p_values) - random.random(150) / 40
        assert stats.kstest(spread, "uniform").pvalue > 0.01


def test_the_planted_layer_is_closest_though_a_wider_one_has_a_larger_number() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(30, 8))
    y = x[:, :2] + 0.5 * random.normal(size=(30, 2))
    others = [Responses("planted", y), Responses("wide", random.normal(size=(30, 400)))]
    for measure in (Procrustes(), Cka()):
        found = calibrated_table(measure, [Responses("x", x)], others, n_permutations=99)
        place, best = found.best_for(0)
        assert found.y_names[place] == "planted"
        assert found.best()[:2] == (0, place)
        assert best.p_value == 0.01
        assert best.excess > 0
        assert found.p_values[0, 1] > 0.05
    assert measured(Procrustes(), x, others[1].values).value < measured(Procrustes(), x, y).value


def test_excess_is_over_the_null_and_positive_is_closer_for_a_distance_too() -> None:
    x, y = related()
    for measure in MEASURES:
        found = calibrated(measure, x, y, n_permutations=50)
        distance = found.null_mean - found.value
        assert found.excess == pytest.approx(-distance if measure.higher_is_closer else distance)
        assert found.excess > 0
        assert found.p_value == 1 / 51
        assert found.value == pytest.approx(measured(measure, x, y).value)
        assert found.interval.low < found.value < found.interval.high
        assert found.n == 60


def test_value_and_null_are_of_the_same_drawn_images() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 400, 5))
    found = calibrated(Neighbours(), x, y, n_permutations=100, most_images=50)
    assert found.n == 50
    assert found.null_mean == pytest.approx(10 / 49, abs=0.01)
    assert abs(found.excess) < 0.05


def test_the_same_seed_gives_the_same_numbers() -> None:
    x, y = related()
    first = calibrated(Cka(), x, y, n_permutations=10, seed=5)
    assert first == calibrated(Cka(), x, y, n_permutations=10, seed=5)
    assert first != calibrated(Cka(), x, y, n_permutations=10, seed=6)


def test_no_permutations_are_refused() -> None:
    x, y = related()
    with pytest.raises(OptionError, match="0 permutations and 200 resamples"):
        calibrated(Cka(), x, y, n_permutations=0)
