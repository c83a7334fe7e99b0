"""Are twins, spectra, shared dimensions and bridges found where they are planted?

Prints one table; `experiments.alignment_truth` calls `rows`.

    python -m experiments.alignment_truth_dimensions
"""

from __future__ import annotations

import numpy as np

from neurons.alignment.assignment import assigned, correlation, rotation
from neurons.alignment.bridges import RidgeMaps, explained, procrustes
from neurons.alignment.eigenspectrum import (
    cross_validated_spectrum,
    held_out_spectrum,
    naive_spectrum,
    power_law,
)
from neurons.alignment.hyperalignment import hyperalign
from neurons.alignment.shared_basis import shared_dimensions


def planted_twins(
    n: int = 260, units: int = 64, *, noise: float = 1.0, alike: float = 0.7, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Plant the same units twice: in another order, at other scales, noise on either side.

    Units of one system are alike, eight of each kind, so that some look like several others.

    Returns
    -------
    ndarray, ndarray, ndarray
        (images, units) twice, and which unit of the second is each of the first.
    """
    random = np.random.default_rng(seed)
    kinds = random.normal(size=(n, units // 8))[:, np.arange(units) % (units // 8)]
    clean = np.sqrt(alike) * kinds + np.sqrt(1 - alike) * random.normal(size=(n, units))
    order = random.permutation(units)
    first = clean + noise * random.normal(size=clean.shape)
    second = (clean + noise * random.normal(size=clean.shape))[:, order]
    return first, second * random.lognormal(sigma=0.5, size=units), np.argsort(order)


def planted_law(
    n: int, units: int, exponent: float, *, noise: float = 1.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Plant variances that fall as a power of the rank, in directions of no unit.

    Parameters
    ----------
    noise : float
        Variance of the noise of a repeat, as a share of that of the signal.

    Returns
    -------
    ndarray, ndarray
        (images, units) without noise, and (2, images, units) with it.
    """
    random = np.random.default_rng(seed)
    variances = np.arange(1, units + 1.0) ** -exponent
    clean = random.normal(size=(n, units)) * np.sqrt(variances) @ rotation(units, random)
    sizes = np.sqrt(noise * variances.mean())
    return clean, clean + sizes * random.normal(size=(2, n, units))


def planted_shared(
    n: int = 1000,
    units: int = 32,
    shared: int = 8,
    *,
    systems: int = 3,
    noise: float = 0.1,
    seed: int = 0,
) -> list[np.ndarray]:
    """Plant systems that share some dimensions, all of one variance, each turned in its own way."""
    random = np.random.default_rng(seed)
    common = random.normal(size=(n, shared))
    found = []
    for _ in range(systems):
        own = np.column_stack([common, random.normal(size=(n, units - shared))])
        found.append(own @ rotation(units, random) + noise * random.normal(size=(n, units)))
    return found


def rows() -> list[tuple[str, str, str]]:
    """Give what was planted, the number of a usual way, and ours, as text."""
    return [*_twins(), *_laws(), *_shared(), *_bridges()]


def _twins() -> list[tuple[str, str, str]]:
    found = []
    for seed in range(5):
        first, second, truth = planted_twins(seed=seed)
        strength = np.abs(correlation(first, second))
        products = np.abs((first - first.mean(0)).T @ (second - second.mean(0)))
        guesses = products.argmax(1), strength.argmax(1), assigned(strength)
        found.append([float((guess == truth).mean()) for guess in guesses])
    by_products, by_largest, by_assignment = np.mean(found, 0)
    name = "64 twins, permuted, rescaled, noisy: found"
    return [
        (name, f"largest product {by_products:.2f}", f"assignment {by_assignment:.2f}"),
        (name, f"largest correlation {by_largest:.2f}", f"assignment {by_assignment:.2f}"),
    ]


def _laws() -> list[tuple[str, str, str]]:
    clean, noisy = planted_law(1000, 500, 1.0)
    naive = power_law(naive_spectrum(noisy[0]), 10, 100).exponent
    ours = power_law(cross_validated_spectrum(noisy), 10, 100).exponent
    held = power_law(held_out_spectrum(clean[::2], clean[1::2]), 10, 100).exponent
    same = power_law(naive_spectrum(clean), 10, 100).exponent
    return [
        ("power law 1, noise as large as the signal", f"naive {naive:.2f}", f"cvPCA {ours:.2f}"),
        ("power law 1, no noise", f"same images {same:.2f}", f"other images {held:.2f}"),
    ]


def _shared() -> list[tuple[str, str, str]]:
    systems = planted_shared()
    n = len(systems[0])
    fitting, testing = np.arange(0, n, 2), np.arange(1, n, 2)
    plain, shared = shared_dimensions(
        systems[0], systems[1:], fitting, testing, np.arange(len(fitting)) % 5, n_components=32
    )
    name = "8 shared of 32 dimensions of one variance"
    return [
        (
            f"{name}: predicted by more than 0.5",
            f"principal components {np.sum(plain.medians > 0.5)}",
            f"shared basis {np.sum(shared.medians > 0.5)}",
        ),
        (
            f"{name}: above permuted images",
            f"principal components {np.sum(plain.p_values() <= 0.05)}",
            f"shared basis {np.sum(shared.p_values() <= 0.05)}",
        ),
    ]


def _bridges() -> list[tuple[str, str, str]]:
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 40)) * np.arange(1, 41) ** -0.5
    turned, other = 3 * x @ rotation(40, random) + 5, random.normal(size=(400, 40))
    told = []
    for name, y in (("a rotated copy", turned), ("an unrelated system", other)):
        numbers = [
            explained(y[200:], fit(x[:200], y[:200])(x[200:]))
            for fit in (procrustes, lambda a, b: RidgeMaps(a)(b), _through)
        ]
        permuted = procrustes(x[:200], y[random.permutation(200)])
        told.append(
            (
                f"bridge to {name}: R2 on other images",
                f"permuted images {explained(y[200:], permuted(x[200:])):.2f}",
                "Procrustes {:.2f}, ridge {:.2f}, hyperalignment {:.2f}".format(*numbers),
            )
        )
    return told


def _through(x: np.ndarray, y: np.ndarray):
    return hyperalign([x, y]).between(0, 1, x, y)


def main() -> None:
    for planted, usual, ours in rows():
        print(f"{planted:<60} {usual:<32} {ours}")


if __name__ == "__main__":
    main()
