"""Would a probe choose the same units on other images?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.data.split import FIT
from neurons.errors import OptionError
from neurons.readouts.probe import Probe
from neurons.results.blocks import Bars, Block, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.sparse.features import Features
from neurons.sparse.newton import minimise
from neurons.sparse.path import penalty_of
from neurons.sparse.problem import Problem
from neurons.stats import Interval

_SHOWN = 12
_SURE = 0.9


@dataclass(frozen=True)
class Stability(Result):
    """How often each unit is chosen when the images are drawn again.

    Parameters
    ----------
    layer : str
    class_names : tuple of str
    n_resamples : int
    n_unconverged : int
        Resamples whose gap did not become as small as was asked.
    frequency : ndarray of float32, (classes, units)
        Share of the resamples that give the unit a weight.
    weights, low, high : ndarray of float32, (classes, units)
        The probe's, and the percentiles 2.5 and 97.5 over the resamples: logit per standard
        deviation of the unit.
    overlap : ndarray of float32, (classes,)
        Mean Jaccard overlap of two resamples' units; nan where none chose any.
    """

    layer: str
    class_names: tuple[str, ...]
    n_resamples: int
    n_unconverged: int
    frequency: NDArray[np.float32]
    weights: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    overlap: NDArray[np.float32]

    @property
    def title(self) -> str:
        """The layer whose probe was fitted again."""
        return f"Stability of the probe of {self.layer}"

    @property
    def mean_overlap(self) -> float:
        """Mean of the classes' overlaps; nan if no resample chose any unit."""
        known = self.overlap[np.isfinite(self.overlap)]
        # as numpy's nanmean, without its warning where there is none
        return float(known.mean()) if len(known) else float("nan")

    @property
    def n_weights(self) -> int:
        """Weights of the probe that are not 0."""
        return int((self.weights != 0).sum())

    @property
    def n_sure(self) -> int:
        """Of these, chosen in nine of ten resamples or more."""
        return int(((self.frequency >= _SURE) & (self.weights != 0)).sum())

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Resamples, weights that stay, and the overlap."""
        return (
            ("resamples", f"{self.n_resamples:,}"),
            ("not converged", f"{self.n_unconverged:,}"),
            ("weights", f"{self.n_weights:,}"),
            ("in nine of ten", f"{self.n_sure:,}"),
            ("overlap", f"{self.mean_overlap:.0%}"),
        )

    def verdict(self) -> str:
        """Say the overlap, and how many weights stay."""
        if not np.isfinite(self.overlap).any():
            return (
                f"Nothing can be said: none of {self.n_resamples} resamples chose any unit at "
                f"this strength."
            )
        return (
            f"{self.n_resamples} resamples of the images fitted to"
            + (f" ({self.n_unconverged} did not converge)" if self.n_unconverged else "")
            + f": two of them share {self.mean_overlap:.0%} of a class's units on "
            f"average (Jaccard). Of the probe's {self.n_weights:,} weights, {self.n_sure:,} are "
            f"chosen in nine of ten. A unit that comes and goes often stands for others that "
            f"say the same."
        )

    def rows(self) -> Sequence[Row]:
        """One row per class and unit that the probe or any resample gives a weight."""
        classes, units = np.nonzero((self.weights != 0) | (self.frequency > 0))
        return [
            {
                "class": self.class_names[k],
                "neuron": f"{self.layer}:{unit}",
                "weight": float(self.weights[k, unit]),
                "interval": Interval(float(self.low[k, unit]), float(self.high[k, unit])),
                "frequency": float(self.frequency[k, unit]),
                "n_resamples": self.n_resamples,
            }
            for k, unit in zip(classes.tolist(), units.tolist(), strict=True)
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Draw the classes at both ends, and the surest weights."""
        known = np.flatnonzero(np.isfinite(self.overlap))
        order = known[np.argsort(-self.overlap[known], kind="stable")]
        used = self.weights != 0
        ends = [*order[: _SHOWN // 2], *order[-_SHOWN // 2 :]] if len(order) > _SHOWN else order
        return (
            Bars(
                "Overlap of two resamples",
                tuple(self.class_names[k] for k in ends),
                tuple(float(self.overlap[k]) for k in ends),
                "Jaccard overlap",
                note="The most and the least stable classes.",
            ),
            self._table(used),
        )

    def _table(self, used: NDArray[np.bool_]) -> Table:
        classes, units = np.nonzero(used)
        size = np.abs(self.weights[classes, units])
        order = np.lexsort((-size, -self.frequency[classes, units]))[: 2 * _SHOWN]
        return Table(
            "The surest weights",
            ("class", "neuron", "weight", "95 % of the resamples", "chosen"),
            tuple(
                (
                    self.class_names[classes[i]],
                    f"{self.layer}:{units[i]}",
                    f"{self.weights[classes[i], units[i]]:+.3f}",
                    f"{self.low[classes[i], units[i]]:+.3f} to "
                    f"{self.high[classes[i], units[i]]:+.3f}",
                    f"{self.frequency[classes[i], units[i]]:.0%}",
                )
                for i in order
            ),
        )


def stability(
    probe: Probe,
    run: Activations,
    images: ImageSet,
    *,
    n_resamples: int = 20,
    tolerance: float = 1e-3,
    seed: int = 0,
    device: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Stability:
    """Fit a probe again, at its strength, to bootstrap resamples of its images.

    What the probe was not allowed to use (``without``) gets no weight here either.

    Parameters
    ----------
    probe : Probe
    run : Activations
        The one that was probed.
    images : ImageSet
        Those of the run.
    n_resamples : int >= 10
    tolerance : float
        Of the duality gap, in shares of the objective.
    seed : int
    device : str, optional
        Default: a GPU if there is one.
    progress : callable
        Takes the number of resamples done, and of all.

    Returns
    -------
    Stability

    Raises
    ------
    OptionError
        If fewer than ten resamples are asked for.
    StaleActivationsError
        If the images are others than the run's.

    References
    ----------
    Meinshausen and Bühlmann, "Stability selection", 2010 (with halves of the data); Bach,
    "Bolasso: model consistent Lasso estimation through the bootstrap", 2008.
    """
    if n_resamples < 10:
        raise OptionError(f"stability takes 10 resamples or more, not {n_resamples}")
    run.check_images(images)
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    values, _ = run.pooled(probe.layer, probe.pooling)
    rows = np.flatnonzero(probe.split == FIT)
    labels = probe.labels_of(images)[rows]
    penalty = penalty_of(probe.step.strength, probe.l1_ratio)
    left_out = [Neuron.parse(each).unit for each in probe.provenance.get("without", ())]
    start = (
        torch.from_numpy(probe.standardised.T.copy()).to(place),
        torch.from_numpy(probe.intercepts + probe.weights @ probe.means).to(place),
    )
    random, kept, unconverged = np.random.default_rng(seed), [], 0
    for done in range(n_resamples):
        counts = torch.from_numpy(_resample(random, labels))
        features = Features(values, rows=rows, weights=counts, device=place, without=left_out)
        problem = Problem(features, torch.from_numpy(labels), len(probe.class_names), counts)
        at = tuple(part.to(features.dtype) for part in start)
        found = minimise(problem, penalty, (at[0], at[1]), tolerance=tolerance)
        unconverged += not found.converged
        kept.append(found.weights.T.cpu().numpy().astype(np.float32))
        progress(done + 1, n_resamples)
    drawn = np.stack(kept)
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    return Stability(
        provenance={"probe": probe.provenance, "n_resamples": n_resamples, "seed": seed},
        layer=probe.layer,
        class_names=probe.class_names,
        n_resamples=n_resamples,
        n_unconverged=unconverged,
        frequency=(drawn != 0).mean(0).astype(np.float32),
        weights=probe.standardised,
        low=low.astype(np.float32),
        high=high.astype(np.float32),
        overlap=_overlap(drawn != 0),
    )


def _resample(random: np.random.Generator, labels: NDArray[np.intp]) -> NDArray[np.float64]:
    """Draw as many images of each class as it has, with replacement: how often each is drawn."""
    counts = np.zeros(len(labels))
    for k in np.unique(labels):
        rows = np.flatnonzero(labels == k)
        np.add.at(counts, random.choice(rows, len(rows)), 1)
    return counts


def _overlap(chosen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Mean Jaccard overlap of all pairs of resamples, (classes,)."""
    n, n_classes, _ = chosen.shape
    found = np.full(n_classes, np.nan, np.float32)
    for k in range(n_classes):
        rows = chosen[:, k].astype(np.float32)
        both, sizes = rows @ rows.T, rows.sum(1)
        either = sizes[:, None] + sizes - both
        pairs = np.triu_indices(n, 1)
        known = either[pairs] > 0
        if known.any():
            found[k] = (both[pairs][known] / either[pairs][known]).mean()
    return found
