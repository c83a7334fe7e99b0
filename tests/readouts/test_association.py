"""The association test gives published figures, uniform p of no association, and its own limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from neurons.errors import OptionError
from neurons.readouts.association import association, association_of_one, association_of_pairs
from tests.conftest import shared

# Steed and Caliskan 2021, their results.csv, iGPT: X, Y, A, B, and d as computed from their files
PUBLISHED = {
    "flower and insect": ("insect-flower_flower", "insect-flower_insect", "valence", 0.344, 0.34),
    "skin tone": ("skin-tone_light", "skin-tone_dark", "valence", 1.255, 1.26),
    "gender and career": ("gender_male", "gender_female", "gender", 0.619, 0.62),
    "race": ("race_european-american", "race_african-american", "valence", None, -0.62),
    "age": ("age_young", "age_old", "valence", None, 0.42),
}
ATTRIBUTES = {
    "valence": ("valence_pleasant", "valence_unpleasant"),
    "gender": ("gender_career", "gender_family"),
}


def published(name: str):
    x, y, kind, exact, rounded = PUBLISHED[name]
    a, b = ATTRIBUTES[kind]
    with np.load(shared("reference/ieat/igpt_l_32.npz")) as held:
        return [held[each] for each in (x, y, a, b)], exact, rounded


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_effects_come_out_to_the_digit_and_not_with_ddof_0(name: str) -> None:
    (x, y, a, b), exact, rounded = published(name)
    found = association(x, y, a, b, n_draws=999)
    assert round(found.effect, 2) == rounded
    if exact is not None:
        assert found.effect == pytest.approx(exact, abs=5e-4)
    scores, n = np.array(found.scores), len(x)
    population = (scores[:n].mean() - scores[n:].mean()) / scores.std(ddof=0)
    if n <= 7:
        # of few items the wrong degrees of freedom show in the second digit
        assert round(float(population), 2) != rounded
    assert abs(population - found.effect) > 1e-3


def test_the_published_p_of_skin_tone_is_exact_and_one_sided() -> None:
    sets, _, _ = published("skin tone")
    found = association(*sets)
    assert found.test.exact and found.test.n_partitions == 3432
    assert found.test.p_greater == pytest.approx(0.00699, abs=5e-6)
    race = association(*published("race")[0])
    # one-sided, an association the other way looks like none at all
    assert race.test.p_greater == pytest.approx(0.85, abs=0.01)
    assert race.test.p_value == pytest.approx(2 * (1 - race.test.p_greater), abs=0.01)


def planted(seed: int, strength: float, n: int = 8):
    """Two groups of random vectors; the first leans to where A lies."""
    random = np.random.default_rng(seed)
    x, y, a, b = random.normal(size=(4, n, 40))
    way = random.normal(size=40)
    return x + strength * way, y, a + strength * way, b


def test_a_planted_association_is_found_and_its_direction_told() -> None:
    x, y, a, b = planted(0, 1.0)
    found, back = association(x, y, a, b), association(y, x, a, b)
    assert found.test.p_value < 0.001 and found.difference_interval.low > 0
    assert back.effect == -found.effect and back.test.p_value == found.test.p_value
    assert back.test.p_greater > 0.99


def test_labels_that_mean_nothing_give_uniform_p() -> None:
    random = np.random.default_rng(3)
    x, y, a, b = planted(1, 1.0)
    mixed = np.concatenate([x, y])
    p_values, effects = [], []
    for _ in range(500):
        order = random.permutation(len(mixed))
        found = association(mixed[order[:8]], mixed[order[8:]], a, b, n_resamples=9)
        p_values.append(found.test.p_value)
        effects.append(found.effect)
    assert stats.kstest(p_values, "uniform").pvalue > 0.01
    assert abs(np.mean(effects)) < 3 * np.std(effects) / 500**0.5


def test_the_interval_covers_the_truth_at_least_as_often_as_it_says() -> None:
    # x and y come from one distribution, a and b too: the true difference is 0
    covered = 0
    for seed in range(100):
        found = association(*planted(seed, 0.0, n=10), n_resamples=500)
        covered += found.difference_interval.low <= 0 <= found.difference_interval.high
    assert covered >= 92


def test_an_effect_of_nearly_2_may_be_a_difference_of_nearly_nothing() -> None:
    base, step = np.ones(8), np.eye(8)[0]
    noise = np.random.default_rng(4).normal(0, 1e-7, (8, 8))
    x, y = base + 1e-4 * step + noise[:4], base + noise[4:]
    a, b = np.tile(step, (4, 1)) + noise[:4], np.tile(np.eye(8)[1], (4, 1))
    found = association(x, y, a, b)
    assert found.effect > 1.8 and found.difference < 1e-4


def test_one_group_alone_is_tested_by_exchanging_attributes() -> None:
    x, _, a, b = planted(5, 1.5)
    found = association_of_one(x[:1], a, b)
    assert found.test.p_value < 0.05 and found.effect > 0.5
    assert len(found.scores) == 16
    none = association_of_one(np.random.default_rng(6).normal(size=(3, 40)), a, b)
    assert none.test.p_value > 0.05


def test_what_has_no_direction_or_no_spread_is_refused() -> None:
    x, y, a, b = planted(7, 1.0)
    with pytest.raises(OptionError, match="item 3: its embedding is zero"):
        association(np.where(np.arange(8)[:, None] == 2, 0.0, x), y, a, b)
    same = np.tile(x[:1], (8, 1))
    with pytest.raises(OptionError, match="no spread"):
        association(same, same, a, b)


def test_pairs_show_a_small_difference_that_scenes_hide() -> None:
    random = np.random.default_rng(8)
    a, b = random.normal(size=(2, 6, 40))
    scene = random.normal(size=(30, 40))
    x = scene + 0.05 * (a.mean(0) - b.mean(0)) + random.normal(0, 0.01, (30, 40))
    y = scene + random.normal(0, 0.01, (30, 40))
    paired, apart = association_of_pairs(x, y, a, b), association(x, y, a, b, n_draws=999)
    assert paired.test.p_value < 1e-6 and paired.difference_interval.low > 0
    assert apart.test.p_value > 0.3 and apart.effect == paired.effect
    none = association_of_pairs(y + random.normal(0, 0.01, (30, 40)), y, a, b)
    assert none.test.p_value > 0.05


def test_the_effect_is_in_standard_deviations_over_both_groups_with_ddof_1() -> None:
    found = association(*planted(9, 0.5, n=5))
    scores = np.array(found.scores)
    difference = scores[:5].mean() - scores[5:].mean()
    assert found.difference == pytest.approx(difference)
    assert found.effect == pytest.approx(difference / scores.std(ddof=1))


def test_one_attribute_that_makes_the_whole_difference_is_seen_in_the_interval() -> None:
    random, axes = np.random.default_rng(10), np.eye(12)
    base = axes[8] + random.normal(0, 0.01, (20, 12))
    x, y = base[:10] + 0.5 * axes[0], base[10:]
    found = association(x, y, axes[:4], axes[4:8])
    # without that one attribute, which a third of the draws leave out, hardly anything is left
    assert found.test.p_value < 0.001
    assert found.difference_interval.low < 0.1 * found.difference
