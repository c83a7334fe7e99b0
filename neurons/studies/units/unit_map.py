"""Where does each unit of a layer lie on a map on which units that are alike lie together?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from neurons.activations.layer_peaks import peaks_of
from neurons.activations.run import Activations
from neurons.activations.similar_units import (
    NONE,
    NearestUnits,
    correlations,
    nearest_units,
    standardised,
    standardised_blocks,
)
from neurons.results.blocks import Block, Note, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Interval

Progress = Callable[[int, int], None]

# of more units this many are placed by t-SNE, in two minutes on one core, and the others among them
_LANDMARKS = 5_000
# fewer units have no neighbourhoods that a map could keep
_FEWEST = 4
# van der Maaten's default; a small layer has fewer neighbours
_PERPLEXITY = 30
_NEIGHBOURS, _AMONG = 10, 3


def unit_map(
    activations: Activations,
    layer: str,
    *,
    nearest: NearestUnits | None = None,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> UnitMap:
    """Place the units of a layer by t-SNE of their peaks over the images.

    The distance of two units is the square root of 2 (1 - r), where r is the correlation of their
    peaks. Of more than 5,000 units, 5,000 drawn at random are placed so, and each other unit at the
    mean of the three of these that are most like it.

    Parameters
    ----------
    activations : Activations
    layer : str
        Of the run.
    nearest : NearestUnits, optional
        Of this layer, if they are known: the map is judged by them.
    seed : int
        The same seed gives the same places: one thread computes them.
    progress : callable
        Takes how many of how many comparisons of units are done, before the units are placed.

    Returns
    -------
    UnitMap

    Raises
    ------
    LayerNotFoundError
        If the run does not hold the layer.

    Notes
    -----
    Near units are alike; how far apart others lie, how large groups are and how dense, says
    nothing (Wattenberg et al., "How to use t-SNE effectively", Distill 2016).

    References
    ----------
    van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 2008; started from principal
    components, as Kobak and Berens, "The art of using t-SNE for single-cell transcriptomics",
    Nature Communications 2019, advise.
    """
    n_units = activations.layer(layer).units
    rows = activations.good_rows()
    known = nearest or nearest_units(
        activations, layer, count=_NEIGHBOURS, seed=seed, progress=progress
    )
    alive = _alive(activations, layer, rows)
    places = np.full((n_units, 2), np.nan, np.float32)
    landmarks = alive
    if len(alive) > _LANDMARKS:
        drawn = np.random.default_rng(seed).permutation(len(alive))[:_LANDMARKS]
        landmarks = alive[np.sort(drawn)]
    if len(alive) < _FEWEST:
        places[alive] = np.stack([np.arange(len(alive)), np.zeros(len(alive))], axis=1)
    else:
        held = standardised(peaks_of(activations, layer, rows, landmarks))
        places[landmarks] = _placed(correlations(held, held), seed)
        _place_others(activations, layer, rows, landmarks, held, places)
    kept = _kept(places, alive, known.units)
    return UnitMap(
        provenance=activations.provenance(),
        layer=layer,
        n_images=len(rows),
        n_landmarks=len(landmarks),
        n_neighbours=min(_NEIGHBOURS, max(len(alive) - 1, 0)),
        kept=float(kept.mean()) if len(kept) else float("nan"),
        interval=_interval(kept),
        places=places,
    )


@dataclass(frozen=True)
class UnitMap(Result):
    """Places of a layer's units.

    Parameters
    ----------
    layer : str
    n_images : int
    n_landmarks : int
        Units that were placed by t-SNE; the others lie among them.
    n_neighbours : int
        How many of each unit's most alike units the map is judged by.
    kept : float in [0, 1]
        Share of these that are among as many nearest on the map, on average over units; nan for
        a map of fewer than two units.
    interval : Interval
        95 %, of that mean over units.
    places : ndarray of float32, (units, 2)
        nan for a unit that says the same of every image.
    """

    layer: str
    n_images: int
    n_landmarks: int
    n_neighbours: int
    kept: float
    interval: Interval
    places: NDArray[np.float32]

    @property
    def n_placed(self) -> int:
        """Units that have a place."""
        return int(np.isfinite(self.places[:, 0]).sum())

    @property
    def by_chance(self) -> float:
        """The share that a random map keeps."""
        return self.n_neighbours / (self.n_placed - 1) if self.n_placed > 1 else float("nan")

    @property
    def title(self) -> str:
        """The layer."""
        return f"Map of {self.layer}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Units, images, and the share of neighbours that it keeps."""
        return (
            ("units", f"{self.n_placed:,} of {len(self.places):,}"),
            ("images", f"{self.n_images:,}"),
            ("neighbours kept", f"{self.kept:.0%}"),
            ("by chance", f"{self.by_chance:.0%}"),
        )

    def verdict(self) -> str:
        """Say how much the map keeps; first, if so, that it says nothing."""
        if self.n_placed < _FEWEST:
            return (
                f"This map says nothing: {self.n_placed:,} of {len(self.places):,} units of "
                f"{self.layer} differ between images, which are drawn on a line."
            )
        number = (
            f"it keeps {self.interval.beside(self.kept, '.0%')} of "
            f"each unit's {self.n_neighbours} most similar units, and a random map "
            f"{self.by_chance:.0%}"
        )
        if not self.interval.low > self.by_chance:
            return f"This map says nothing of which units are alike: {number}."
        return f"Units that lie together are alike: {number}. {self._how()}"

    def blocks(self) -> tuple[Block, ...]:
        """Tell how it was made, and where the units lie."""
        shown = np.flatnonzero(np.isfinite(self.places[:, 0]))[:400]
        return (
            Note(
                "Distances between groups, their sizes and how dense they are mean nothing on such "
                "a map, and other seeds give other ones."
            ),
            Table(
                "Places",
                ("neuron", "x", "y"),
                tuple(
                    (f"{self.layer}:{i}", f"{self.places[i, 0]:.2f}", f"{self.places[i, 1]:.2f}")
                    for i in shown.tolist()
                ),
                "" if len(shown) == self.n_placed else "The first; the table's file has all.",
            ),
        )

    def rows(self) -> Sequence[Row]:
        """One row per unit."""
        return [
            {"neuron": f"{self.layer}:{i}", "map_x": x, "map_y": y}
            for i, (x, y) in enumerate(self.places.tolist())
        ]

    def _how(self) -> str:
        others = ""
        if self.n_landmarks < self.n_placed:
            others = (
                f" of {self.n_landmarks:,} units drawn at random, and each other unit at the mean "
                f"of the three of them most like it"
            )
        return (
            f"Places by t-SNE of the correlation of peaks over {self.n_images:,} images{others}; "
            f"how far apart groups lie says nothing."
        )


def _alive(activations: Activations, layer: str, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    blocks = standardised_blocks(activations, layer, rows)
    return np.concatenate([start + np.flatnonzero(block.any(0)) for start, block in blocks])


def _placed(alike: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Place units by t-SNE of their correlations, by one thread: sums have one order then."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    wide = alike.astype(np.float64)
    squared = np.clip(2 - 2 * wide, 0, None)
    np.fill_diagonal(squared, 0)
    with threadpool_limits(1):
        tsne = TSNE(
            perplexity=min(_PERPLEXITY, (len(wide) - 1) / 3),
            metric="precomputed",
            init=_principal(wide),
            random_state=seed,
            n_jobs=1,
        )
        found: NDArray[np.float32] = tsne.fit_transform(np.sqrt(squared)).astype(np.float32)
    return found


def _principal(alike: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the two first principal components of units from their correlations, small."""
    n = len(alike)
    centred = alike - alike.mean(0) - alike.mean(1)[:, None] + alike.mean()
    values, vectors = scipy.linalg.eigh(centred, subset_by_index=[n - 2, n - 1])
    # the sign of an eigenvector is a matter of the library
    largest = np.abs(vectors).argmax(0)
    signs = np.sign(vectors[largest, [0, 1]])
    found = (vectors * signs * np.sqrt(np.clip(values, 0, None)))[:, ::-1]
    # sklearn's own start has this spread: larger ones slow the first steps down
    spread = found[:, 0].std()
    scaled: NDArray[np.float64] = found / spread * 1e-4 if spread > 0 else found
    return scaled


def _place_others(
    activations: Activations,
    layer: str,
    rows: NDArray[np.intp],
    landmarks: NDArray[np.intp],
    held: NDArray[np.float32],
    places: NDArray[np.float32],
) -> None:
    """Put each unit that has no place yet among the landmarks that are most like it."""
    for start, block in standardised_blocks(activations, layer, rows):
        missing = np.flatnonzero(np.isnan(places[start : start + block.shape[1], 0]))
        missing = missing[block[:, missing].any(0)]
        if len(missing):
            alike = correlations(block[:, missing], held)
            most = np.argsort(-alike, axis=1, kind="stable")[:, :_AMONG]
            places[start + missing] = places[landmarks[most]].mean(1)


def _kept(
    places: NDArray[np.float32], alive: NDArray[np.intp], nearest: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Give for each unit the share of its most similar ones that are nearest on the map, too."""
    count = min(_NEIGHBOURS, len(alive) - 1, nearest.shape[1])
    if count < 1:
        return np.empty(0)
    # itself may not be the first where two lie in one place
    _, found = cKDTree(places[alive].astype(np.float64)).query(places[alive], count + 1)
    near = alive[found]
    kept = np.zeros(len(alive))
    for i, unit in enumerate(alive):
        here = [other for other in near[i] if other != unit][:count]
        alike = nearest[unit, :count]
        kept[i] = np.isin(alike[alike != NONE], here).sum() / count
    return kept


def _interval(kept: NDArray[np.float64]) -> Interval:
    if len(kept) < 2:
        return Interval(float("nan"), float("nan"))
    reach = 1.96 * float(kept.std(ddof=1)) / len(kept) ** 0.5
    mean = float(kept.mean())
    return Interval(max(0.0, mean - reach), min(1.0, mean + reach))
