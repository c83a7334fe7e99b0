"""Which units are like one: whose peaks go up and down with its own over the images?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.activations.similar_units import correlations, standardised, standardised_blocks
from neurons.activations.unit_activations import Example, UnitActivations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.results.blocks import Block, Gallery, Strip, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Interval, p_of_draws

Progress = Callable[[int, int], None]

_ALPHA = 0.05
_PICTURED, _TOP = 5, 6
_RESAMPLES = 500


def similar_units(
    activations: Activations,
    images: ImageSet,
    neuron: Neuron | str,
    *,
    layers: Sequence[str] = (),
    count: int = 10,
    n_permutations: int = 100,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> SimilarUnits:
    """Find the units whose peaks correlate most with those of a unit.

    As a control the unit's images are shuffled, and the most alike of all units is kept.

    Parameters
    ----------
    activations : Activations
    images : ImageSet
        The set that was scanned.
    neuron : Neuron or str
        Or its address, such as ``visual.layer4:89``.
    layers : sequence of str
        Where to look. Default: every layer of the run.
    count : int >= 1
        Units to tell of.
    n_permutations : int >= 20
    seed : int
        Of the shuffles and of the intervals.
    progress : callable
        Takes how many of how many units are done.

    Returns
    -------
    SimilarUnits

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If the run does not hold the unit, or a layer.
    StaleActivationsError
        If these are not the images of the run.
    OptionError
        If a number is out of range.

    Notes
    -----
    Units that answer to two things are alike here if these are shown together, and the same two
    units may be unlike on other images. The largest of many units under permuted images is what the
    most alike has to exceed (Westfall and Young, "Resampling-based multiple testing", 1993).
    """
    neuron = Neuron.of(neuron)
    activations.check_images(images)
    if count < 1 or n_permutations < 20:
        raise OptionError(
            f"{count} units, {n_permutations} permutations: ask for 1 unit or more, by 20 or more"
        )
    paths = [activations.layer(path).path for path in layers or _every_layer(activations)]
    rows = activations.good_rows()
    own = activations.peak(neuron)[rows]
    # as `peak_blocks` gives it: what is not finite on an image is like no other
    own = own if np.isfinite(own).all() else np.zeros_like(own)
    random = np.random.default_rng(seed)
    orders = [np.arange(len(own)), *(random.permutation(len(own)) for _ in range(n_permutations))]
    shuffled = standardised(np.stack([own[order] for order in orders], axis=1))
    found: list[tuple[float, str, int]] = []
    largest = np.full(n_permutations, -np.inf)
    done, total = 0, sum(activations.layer(path).units for path in paths)
    for path in paths:
        for start, block in standardised_blocks(activations, path, rows):
            each = correlations(block, shuffled)
            if path == neuron.layer and 0 <= neuron.unit - start < len(each):
                each[neuron.unit - start] = -np.inf
            found += [(float(r), path, start + i) for i, r in enumerate(each[:, 0])]
            largest = np.maximum(largest, each[:, 1:].max(0))
            done += block.shape[1]
            progress(done, total)
    alike = [each for each in found if np.isfinite(each[0])]
    alike.sort(key=lambda each: (-each[0], paths.index(each[1]), each[2]))
    control = largest[np.isfinite(largest)]
    return SimilarUnits(
        provenance=activations.provenance(),
        neuron=str(neuron),
        top=UnitActivations(activations, images, neuron).strongest(_TOP),
        layers=tuple(paths),
        n_images=len(rows),
        n_units=total,
        n_alive=len(alike),
        control=float(control.mean()) if len(control) else float("nan"),
        control_largest=float(control.max()) if len(control) else float("nan"),
        units=_told(activations, images, own, alike[:count], control, seed),
    )


@dataclass(frozen=True)
class SimilarUnit:
    """A unit, and how much it is like the one that was asked about.

    Parameters
    ----------
    neuron : str
    correlation : float in [-1, 1]
        Pearson's, of the peaks over images.
    interval : Interval
        95 %, by resampling images; the unit was chosen as one of the most alike on these images.
    p_value : float in (0, 1]
        Share of shuffles of the images, this one counted in, that make any unit as much alike.
    top : tuple of Example
        Its strongest images; empty for units further down.
    """

    neuron: str
    correlation: float
    interval: Interval
    p_value: float
    top: tuple[Example, ...]


@dataclass(frozen=True)
class SimilarUnits(Result):
    """The units most like one.

    Parameters
    ----------
    neuron : str
        That was asked about.
    top : tuple of Example
        Its strongest images.
    layers : tuple of str
        That were searched.
    n_images, n_units, n_alive : int
        Images that were not skipped, units that were compared, and those of them whose peak differs
        between images.
    control, control_largest : float in [-1, 1]
        Correlation with the most alike of all units where the images are shuffled: its mean and its
        largest over the shuffles; nan for a unit that says the same of every image.
    units : tuple of SimilarUnit
        The most alike first.
    """

    neuron: str
    top: tuple[Example, ...]
    layers: tuple[str, ...]
    n_images: int
    n_units: int
    n_alive: int
    control: float
    control_largest: float
    units: tuple[SimilarUnit, ...]

    def neurons(self) -> tuple[str, ...]:
        """Give the units' addresses, in order."""
        return tuple(each.neuron for each in self.units)

    @property
    def title(self) -> str:
        """The unit."""
        return f"Units like {self.neuron}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Units compared, images, and what shuffled images give."""
        return (
            ("units compared", f"{self.n_units:,}"),
            ("images", f"{self.n_images:,}"),
            ("shuffled images", f"{self.control:.2f}"),
        )

    def verdict(self) -> str:
        """Name the most alike; first, if so, that shuffled images give as much."""
        if not self.units:
            return (
                f"Nothing is like {self.neuron}: it, or every other unit, says the same of all "
                f"{self.n_images:,} images."
            )
        first = self.units[0]
        number = (
            f"{first.neuron}: their peaks correlate by {first.correlation:.2f} "
            f"({first.interval.low:.2f} to {first.interval.high:.2f}, n = {self.n_images:,} images)"
        )
        control = (
            f"With shuffled images the most alike of {self.n_alive:,} units gives "
            f"{self.control:.2f} on average and {self.control_largest:.2f} at most"
        )
        if first.p_value > _ALPHA:
            return (
                f"No unit is more like {self.neuron} than chance gives (p = {first.p_value:.2g}). "
                f"The first is {number}. {control}."
            )
        n = sum(each.p_value <= _ALPHA for each in self.units)
        return (
            f"Most like {self.neuron} is {number}. {n:,} of the {len(self.units):,} units here are "
            f"more alike than chance gives. {control}. Units may be alike because these images "
            f"show two things together."
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show the strongest images of the unit and of the first ones like it, and the numbers."""
        own = Gallery(self.neuron, tuple(each.tile() for each in self.top))
        others = tuple(
            Gallery(f"{each.neuron} · {each.correlation:.2f}", tuple(e.tile() for e in each.top))
            for each in self.units
            if each.top
        )
        strip = Strip(
            "The unit, and those most like it",
            (own, *others),
            "The strongest images of each. Units that are alike need not have the same ones.",
        )
        return (*((strip,) if self.units else ()), self._table())

    def rows(self) -> Sequence[Row]:
        """One row per unit."""
        return [
            {
                "neuron": each.neuron,
                "like": self.neuron,
                "correlation": each.correlation,
                "low": each.interval.low,
                "high": each.interval.high,
                "n": self.n_images,
                "p_value": each.p_value,
            }
            for each in self.units
        ]

    def _table(self) -> Table:
        return Table(
            "Units most alike",
            ("neuron", "correlation", "p"),
            tuple(
                (
                    each.neuron,
                    each.interval.beside(each.correlation),
                    f"{each.p_value:.2g}",
                )
                for each in self.units
            ),
            f"Pearson's correlation of the peaks over {self.n_images:,} images, with a 95 % "
            f"interval by resampling images. p: share of shuffles of the images in which the most "
            f"alike of all units is as much alike.",
        )


def _every_layer(activations: Activations) -> list[str]:
    return [layer.path for layer in activations.layers]


def _told(
    activations: Activations,
    images: ImageSet,
    own: NDArray[np.float32],
    alike: Sequence[tuple[float, str, int]],
    control: NDArray[np.float64],
    seed: int,
) -> tuple[SimilarUnit, ...]:
    """Add the intervals, the p values and the images of the first ones."""
    seen = [UnitActivations(activations, images, Neuron(path, unit)) for _, path, unit in alike]
    peaks = [each.peaks[each.good] for each in seen]
    intervals = _intervals(own, peaks, seed)
    return tuple(
        SimilarUnit(
            str(Neuron(path, unit)),
            r,
            intervals[i],
            p_of_draws(r, control),
            seen[i].strongest(_TOP) if i < _PICTURED else (),
        )
        for i, (r, path, unit) in enumerate(alike)
    )


def _intervals(
    own: NDArray[np.float32], others: Sequence[NDArray[np.float32]], seed: int
) -> list[Interval]:
    """Resample images, the same for all units, by how often each is drawn."""
    if not others:
        return []
    random = np.random.default_rng(seed)
    n = len(own)
    x = standardised(own[:, None]).astype(np.float64)
    y = standardised(np.stack(others, axis=1)).astype(np.float64)
    drawn = np.empty((_RESAMPLES, y.shape[1]))
    for k in range(_RESAMPLES):
        weights = np.bincount(random.integers(0, n, n), minlength=n) / n
        x_mean, y_mean = weights @ x, weights @ y
        shared = weights @ (x * y) - x_mean * y_mean
        spread = (weights @ (x * x) - x_mean**2) * (weights @ (y * y) - y_mean**2)
        # a resample may hold no image that excites the unit
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn[k] = np.where(spread > 0, shared / np.sqrt(np.maximum(spread, 0)), np.nan)
    low, high = np.nanquantile(drawn, (0.025, 0.975), axis=0)
    return [Interval(float(a), float(b)) for a, b in zip(low, high, strict=True)]
