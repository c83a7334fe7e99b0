"""A planted power law gives its exponent, and noise that is not shared by repeats none."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.alignment_truth_dimensions import planted_law
from neurons.alignment.eigenspectrum import (
    cross_validated_spectrum,
    held_out_spectrum,
    naive_spectrum,
    participation_ratio,
    power_law,
)
from neurons.alignment.jackknife import jackknife
from neurons.errors import OptionError


def test_cvpca_gives_the_planted_exponent_where_noise_misleads_the_naive_spectrum() -> None:
    clean, noisy = planted_law(1000, 300, 1.0)
    assert power_law(cross_validated_spectrum(noisy), 10, 100).exponent == pytest.approx(1, abs=0.1)
    assert power_law(naive_spectrum(noisy[0]), 10, 100).exponent < 0.65
    assert power_law(naive_spectrum(noisy.mean(0)), 10, 100).exponent < 0.8
    assert power_law(naive_spectrum(clean), 10, 100).exponent == pytest.approx(1, abs=0.05)


def test_other_images_give_the_planted_exponent() -> None:
    for exponent in (1.0, 1.5):
        clean, _ = planted_law(800, 200, exponent)
        found = power_law(held_out_spectrum(clean[::2], clean[1::2]), 5, 60).exponent
        assert found == pytest.approx(exponent, abs=0.12)


def test_noise_alone_has_no_variance_that_repeats() -> None:
    noise = np.random.default_rng(0).normal(size=(2, 300, 40))
    assert abs(cross_validated_spectrum(noise).sum()) < 0.05 * 40
    assert naive_spectrum(noise[0]).sum() == pytest.approx(40, rel=0.05)
    assert held_out_spectrum(noise[0], noise[1]).sum() == pytest.approx(40, rel=0.05)
    # few images have a first component in their noise, which others do not have
    assert naive_spectrum(noise[0, :60])[0] > 2.5
    assert held_out_spectrum(noise[0, :60], noise[1, :60])[:5].mean() < 1.5


def test_the_naive_spectrum_is_that_of_the_covariance() -> None:
    x = np.random.default_rng(0).normal(5, 2, (30, 6))
    expected = np.linalg.eigvalsh(np.cov(x.T))[::-1]
    assert np.allclose(naive_spectrum(x), expected)
    assert len(naive_spectrum(x[:4])) == 3 == len(held_out_spectrum(x[:4], x))


def test_a_participation_ratio_of_few_images_is_that_of_many() -> None:
    random = np.random.default_rng(0)
    # 200 equal dimensions, 100 images: the usual way cannot see more than 99, and sees 67
    x = random.normal(size=(100, 200)) + 4
    values = naive_spectrum(x)
    assert values.sum() ** 2 / (values**2).sum() < 75
    assert participation_ratio(x[:50], x[50:]) == pytest.approx(200, rel=0.15)
    one = random.normal(size=(40, 1)) * np.ones(9)
    assert participation_ratio(one[:20], one[20:]) == pytest.approx(1)
    clean, noisy = planted_law(600, 100, 1.0)
    sizes = np.arange(1, 101.0) ** -1
    truth = sizes.sum() ** 2 / (sizes**2).sum()
    found = participation_ratio(noisy[:, ::2], noisy[:, 1::2])
    assert found == pytest.approx(truth, rel=0.15)
    # noise of single trials counts as dimensions
    assert participation_ratio(noisy[0, ::2], noisy[0, 1::2]) > 1.5 * truth


def test_ranks_are_weighted_by_1_over_rank_and_those_without_variance_are_counted() -> None:
    ranks = np.arange(1, 101.0)
    broken = np.where(ranks <= 10, ranks**-1.0, 10.0 * ranks**-2.0)
    found = power_law(broken, 1, 100)
    # the textbook's formula of weighted least squares
    x, y, w = np.log(ranks), np.log(broken), 1 / ranks
    x_mean, y_mean = (w @ x) / w.sum(), (w @ y) / w.sum()
    assert found.exponent == pytest.approx(
        -(w @ ((x - x_mean) * (y - y_mean))) / (w @ (x - x_mean) ** 2)
    )
    assert power_law(2 * ranks**-0.7, 11, 60).exponent == pytest.approx(0.7)
    assert power_law(2 * ranks**-0.7, 11, 60).constant == pytest.approx(2)
    holes = ranks**-1.0
    holes[20:25] = -1
    assert power_law(holes, 11, 60).n_left_out == 5
    assert power_law(holes, 11, 60).exponent == pytest.approx(1)
    assert np.isnan(power_law(-holes, 30, 60).exponent)
    for first, last in ((0, 10), (5, 101), (5, 6)):
        with pytest.raises(OptionError, match="there are 100 ranks"):
            power_law(ranks, first, last)


def test_the_interval_of_an_exponent_covers_the_planted_one() -> None:
    covered = 0
    for k in range(20):
        _, noisy = planted_law(200, 40, 1.0, seed=k)

        def measure(rows: np.ndarray, noisy: np.ndarray = noisy) -> np.ndarray:
            return np.array([power_law(cross_validated_spectrum(noisy[:, rows]), 2, 20).exponent])

        _, (interval,) = jackknife(measure, np.arange(200), n_groups=10, seed=k)
        covered += interval.low <= 1 <= interval.high
    assert covered >= 16


def test_a_straight_line_is_told_from_a_bent_one() -> None:
    ranks = np.arange(1, 101.0)
    assert power_law(3 * ranks**-1.2, 1, 100).straight == pytest.approx(1)
    assert power_law(np.exp(-ranks / 5), 1, 100).straight < 0.8
