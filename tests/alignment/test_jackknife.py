import numpy as np

from neurons.alignment.jackknife import jackknife


def test_the_interval_of_a_mean_covers_it_as_often_as_it_says_also_with_copies() -> None:
    for copies in (1, 2):
        random, covered = np.random.default_rng(0), 0
        for k in range(100):
            x = np.repeat(random.exponential(size=60), copies)
            images = np.arange(60).repeat(copies)

            def mean(rows: np.ndarray, x: np.ndarray = x) -> np.ndarray:
                return np.array([x[rows].mean()])

            values, (interval,) = jackknife(mean, images, seed=k)
            assert values[0] == x.mean()
            covered += interval.low <= 1 <= interval.high
        assert 88 <= covered <= 100
