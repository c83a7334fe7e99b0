import numpy as np
import pytest

from neurons.alignment.ceilings import ceiling_corrected, reliability, rsa_ceiling
from neurons.alignment.distances import squared_distances
from neurons.alignment.measure import measured
from neurons.alignment.predictivity import Ridge, predictivity
from neurons.alignment.responses import Responses
from neurons.alignment.rsa import Rsa
from neurons.errors import OptionError


def repeats(n_repeats: int, noise: np.ndarray, *, n: int = 400, seed: int = 0):
    random = np.random.default_rng(seed)
    truth = random.normal(size=(n, len(noise)))
    return truth, truth + noise * random.normal(size=(n_repeats, n, len(noise)))


def test_reliability_is_the_planted_share_of_signal_in_the_mean() -> None:
    noise = np.array([0.0, 1.0, 2.0, 1000.0])
    _, responses = repeats(4, noise, n=4000)
    expected = 1 / (1 + noise**2 / 4)
    np.testing.assert_allclose(reliability(responses), expected, atol=0.04)


def test_a_perfect_predictor_of_noisy_responses_has_a_corrected_r_of_1() -> None:
    truth, responses = repeats(3, np.full(6, 2.0), n=2000)
    found = predictivity(Ridge(), truth, responses.mean(0))
    assert found.r.mean() == pytest.approx(np.sqrt(3 / 7), abs=0.03)
    corrected = ceiling_corrected(found.r, reliability(responses))
    assert corrected.r == pytest.approx(1, abs=0.03)
    assert corrected.interval.low < corrected.r < corrected.interval.high
    assert (corrected.n_units, corrected.n_noisy) == (6, 0)


def test_units_of_noise_are_counted_and_left_out() -> None:
    found = ceiling_corrected(np.array([0.4, 0.3, np.nan]), np.array([0.64, 0.01, 0.5]))
    assert found.r == pytest.approx(0.5)
    assert (found.n_units, found.n_noisy) == (1, 1)
    assert np.isnan(ceiling_corrected(np.array([0.3]), np.array([0.0])).r)


def test_the_true_model_lies_between_the_bounds_of_the_rsa_ceiling() -> None:
    truth, responses = repeats(8, np.full(10, 1.5), n=60)
    subjects = [Responses(f"subject {i}", each) for i, each in enumerate(responses)]
    ceiling = rsa_ceiling(subjects, distances=squared_distances)
    model = np.mean([measured(Rsa(squared_distances), truth, each).value for each in responses])
    assert ceiling.lower < model < ceiling.upper
    # a subject that is counted in the mean it is compared with is no bound from below
    assert ceiling.upper - ceiling.lower > 0.05


def test_one_response_per_image_has_no_ceiling() -> None:
    _, responses = repeats(1, np.ones(3), n=10)
    with pytest.raises(OptionError, match="two repeats or more"):
        reliability(responses)
    with pytest.raises(OptionError, match="needs the responses of two subjects"):
        rsa_ceiling([Responses("subject", responses[0])])
