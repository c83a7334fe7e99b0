"""Where do the layers of several systems stand on one map, near where they are alike?

References
----------
Williams, Kunz, Kornblith, Linderman, "Generalized shape metrics on neural representations",
NeurIPS 2021: a map of systems needs distances that obey the triangle inequality, as angular
Procrustes distances do. Classical scaling: Torgerson, Psychometrika 1952.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.calibration import drawn_images
from neurons.alignment.procrustes import Procrustes
from neurons.alignment.responses import Responses


@dataclass(frozen=True)
class LayerPlaces:
    """A place for each layer of each system.

    Parameters
    ----------
    systems, layers : tuple of str
        Of each place; the layers of one system follow each other in their order.
    distances : ndarray of float64, (places, places)
        Angular Procrustes distances, radians, in [0, pi / 2].
    places : ndarray of float64, (places, 2)
        Radians, as far as two dimensions allow.
    kept : float
        Correlation of distances on the map with the true ones: 1 if the map shows them all.
    """

    systems: tuple[str, ...]
    layers: tuple[str, ...]
    distances: NDArray[np.float64]
    places: NDArray[np.float64]
    kept: float


def layer_places(
    systems: Sequence[tuple[str, Sequence[Responses]]],
    *,
    most_images: int = 1000,
    seed: int = 0,
) -> LayerPlaces:
    """Lay out the layers of several systems by their angular Procrustes distances.

    Parameters
    ----------
    systems : sequence of (str, sequence of Responses)
        Name and layers of each, row ``i`` of all of them the same image.
    most_images : int
        Of more images so many are drawn: every pair of layers is decomposed.
    seed : int

    Returns
    -------
    LayerPlaces
    """
    tables = [table for _, layers in systems for table in layers]
    rows = drawn_images(tables[0].n, most_images, np.random.default_rng(seed))
    if rows is not None:
        tables = [table.taken(rows) for table in tables]
    n = len(tables)
    distances = np.zeros((n, n))
    for i in range(n - 1):
        distances[i, i + 1 :] = Procrustes().pairing([tables[i]], tables[i + 1 :]).values()[0]
    distances += distances.T
    places = scaled(distances)
    return LayerPlaces(
        tuple(name for name, layers in systems for _ in layers),
        tuple(table.name for table in tables),
        distances,
        places,
        _kept(distances, places),
    )


def scaled(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place points in two dimensions by classical scaling.

    Parameters
    ----------
    distances : ndarray of float64, (points, points)
        Symmetric, 0 on the diagonal.

    Returns
    -------
    ndarray of float64, (points, 2)
        Each axis' largest place is positive, so that equal distances give equal places.
    """
    squared = np.square(distances)
    centred = squared - squared.mean(0) - squared.mean(1)[:, None] + squared.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    places = vectors[:, :-3:-1] * np.sqrt(np.maximum(values[:-3:-1], 0))
    places *= np.sign(places[np.abs(places).argmax(0), range(places.shape[1])])
    if places.shape[1] < 2:
        places = np.column_stack([places, np.zeros(len(places))])
    return np.asarray(places, np.float64)


def _kept(distances: NDArray[np.float64], places: NDArray[np.float64]) -> float:
    rows, columns = np.triu_indices(len(distances), 1)
    shown = np.linalg.norm(places[rows] - places[columns], axis=1)
    true = distances[rows, columns]
    if len(true) < 2 or np.ptp(true) == 0 or np.ptp(shown) == 0:
        return float("nan")
    return float(np.corrcoef(shown, true)[0, 1])
