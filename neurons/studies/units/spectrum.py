"""Which images lie between those that excite a neuron most and least? (Goh et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.activations.lost_values import told_not_finite
from neurons.activations.run import Activations
from neurons.activations.unit_activations import Example, UnitActivations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.results.blocks import Block, Curve, Gallery, Strip, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import skewness

# Goh et al. show dataset examples at ten levels of a neuron's activation
N_BUCKETS = 10


def spectrum(
    activations: Activations,
    images: ImageSet,
    neuron: Neuron | str,
    *,
    per_bucket: int = 6,
    n_buckets: int = N_BUCKETS,
    seed: int = 0,
) -> Spectrum:
    """Show images from the whole range of a unit's activation.

    Parameters
    ----------
    activations : Activations
    images : ImageSet
        The set that was scanned.
    neuron : Neuron or str
        Or its address, such as ``visual.layer4:89``.
    per_bucket : int >= 0
        Images to draw from each bucket, at most.
    n_buckets : int >= 1
    seed : int
        For the draw.

    Returns
    -------
    Spectrum

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError, AddressError, StaleActivationsError
        As `top_examples`.
    OptionError
        If there is to be no bucket, or fewer than no image from each.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021: dataset examples
    sampled from uniform intervals of the activation.
    """
    if n_buckets < 1 or per_bucket < 0:
        raise OptionError(f"{n_buckets} buckets of {per_bucket} images make no spectrum")
    unit = UnitActivations(activations, images, Neuron.of(neuron))
    peaks = unit.peaks[unit.good].astype(np.float64)
    low, high = (float(peaks.min()), float(peaks.max())) if len(peaks) else (0.0, 0.0)
    state = state_of(low, high, unit.n_rounded) if len(peaks) else "not finite"
    edges = np.linspace(low, high, n_buckets + 1) if state == "alive" else np.array([low, high])
    generator = torch.Generator().manual_seed(seed)
    buckets = []
    for i, members in enumerate(bucket_members(peaks, edges)):
        drawn = torch.randperm(len(members), generator=generator)[:per_bucket].numpy()
        rows = sorted(unit.good[members[drawn]], key=lambda row: -unit.peaks[row])
        sampled = unit.examples(rows)
        buckets.append(Bucket(float(edges[i]), float(edges[i + 1]), len(members), sampled))
    density, bins = np.histogram(peaks, bins=60, density=True) if state == "alive" else ([], [])
    centres = (np.asarray(bins)[:-1] + np.asarray(bins)[1:]) / 2
    return Spectrum(
        provenance=activations.provenance(),
        neuron=str(Neuron.of(neuron)),
        n=len(peaks),
        n_skipped=unit.n_skipped,
        state=state,
        minimum=low,
        maximum=high,
        mean=float(peaks.mean()) if len(peaks) else float("nan"),
        std=float(peaks.std()) if len(peaks) else float("nan"),
        skewness=skewness(peaks),
        sparsity=(np.sum(peaks == 0) - unit.n_rounded) / len(peaks) if len(peaks) else float("nan"),
        buckets=tuple(buckets),
        density_x=tuple(centres.tolist()),
        density=tuple(np.asarray(density).tolist()),
        n_not_finite=unit.n_not_finite,
        n_rounded=unit.n_rounded,
    )


@dataclass(frozen=True)
class Bucket:
    """Images whose peak lies in one part of the unit's range.

    Parameters
    ----------
    low, high : float
        Bounds; the upper one belongs to the last bucket only.
    n : int
        Images in it.
    sampled : tuple of Example
        Drawn from them at random, without replacement.
    """

    low: float
    high: float
    n: int
    sampled: tuple[Example, ...]


@dataclass(frozen=True)
class Spectrum(Result):
    """The whole range of a unit, not only its top.

    Parameters
    ----------
    neuron : str
    n, n_skipped : int
    state : str
        ``dead`` (0 everywhere), ``constant`` (one other value everywhere), ``alive``, or, of a unit
        that nothing can be said of, ``rounded to 0`` (stored as 0 everywhere, and not 0 in the
        network) and ``not finite`` (on every image).
    minimum, maximum, mean, std : float
        Of the peaks over images.
    skewness : float
        nan unless alive.
    sparsity : float in [0, 1]
        Share of images whose peak is exactly 0.
    buckets : tuple of Bucket
        Of equal width, from the bottom of the range to the top; one if the unit is not alive.
    density_x, density : tuple of float
        Centres of finer bins, and the probability density of the peaks there.
    n_not_finite, n_rounded : int
        Images on which the unit gave NaN or infinity, which are left out of all other numbers; and
        on which its peak is not 0, but stored as 0.
    """

    neuron: str
    n: int
    n_skipped: int
    state: str
    minimum: float
    maximum: float
    mean: float
    std: float
    skewness: float
    sparsity: float
    buckets: tuple[Bucket, ...]
    density_x: tuple[float, ...]
    density: tuple[float, ...]
    n_not_finite: int = 0
    n_rounded: int = 0

    @property
    def title(self) -> str:
        """The neuron's address."""
        return self.neuron

    @property
    def alive(self) -> bool:
        """Whether the peak differs between images."""
        return self.state == "alive"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """State, images and maximum; of a unit that is alive its skewness and sparsity."""
        shape = (("skewness", f"{self.skewness:.2f}"), ("sparsity", f"{self.sparsity:.0%}"))
        return (
            ("state", self.state),
            ("images", f"{self.n:,}"),
            *((("maximum", f"{self.maximum:.3g}"),) if self.n else ()),
            *(shape if self.alive else ()),
            *((("not finite", f"{self.n_not_finite:,} images"),) if self.n_not_finite else ()),
        )

    def verdict(self) -> str:
        """Say where the peaks lie, or that the unit is the same for every image."""
        of = self.n + self.n_not_finite
        first = told_not_finite(self.n_not_finite, of, self.neuron) + self._told_rounded()
        if not self.n or (not self.alive and self.n_rounded):
            return first.strip() or f"{self.neuron}: no image could be read."
        if not self.alive:
            return (
                f"{first}{self.neuron} is {self.state}: its peak is {self.minimum:.4g} in each of "
                f"{self.n:,} images. Nothing here says why."
            )
        return (
            f"{first}Over {self.n:,} images the peak of {self.neuron} is {self.mean:.3g} ± "
            f"{self.std:.3g} and at most {self.maximum:.3g}; it is exactly 0 in "
            f"{self.sparsity:.0%} of them. Numbers do not say what the images have in common: "
            f"compare the buckets."
        )

    def _told_rounded(self) -> str:
        if not self.n_rounded:
            return ""
        not_dead = "" if self.alive else f"{self.neuron} is not dead: "
        return (
            f"{not_dead}on {self.n_rounded:,} of {self.n:,} images its peak is not 0, but too "
            f"small for float16, which stored it as 0; scan with float32 to see it. "
        )

    def blocks(self) -> tuple[Block, ...]:
        """Buckets from strong to weak, the density, the numbers; nothing unless it is alive."""
        if not self.alive:
            return ()
        return (
            self._strip(),
            Curve(
                "Density of the peak activation",
                self.density_x,
                self.density,
                "peak activation",
                "density",
                log=True,
            ),
            self._numbers(),
        )

    def _strip(self) -> Strip:
        galleries = tuple(
            Gallery(
                f"{bucket.low:.3g} to {bucket.high:.3g} · {bucket.n:,} "
                f"image{'' if bucket.n == 1 else 's'}",
                tuple(example.tile() for example in bucket.sampled),
            )
            for bucket in reversed(self.buckets)
        )
        return Strip(
            "The whole spectrum",
            galleries,
            "Buckets of equal width over the unit's range, images drawn from each at random "
            "(Goh et al. 2021). If the upper buckets show other things than the top images, "
            "the unit is not what its top says.",
        )

    def _numbers(self) -> Table:
        numbers = (
            ("images", f"{self.n:,}"),
            ("maximum", f"{self.maximum:.4g}"),
            ("minimum", f"{self.minimum:.4g}"),
            ("mean ± std", f"{self.mean:.4g} ± {self.std:.4g}"),
            ("skewness", f"{self.skewness:.2f}"),
            ("sparsity", f"{self.sparsity:.1%}"),
        )
        return Table("Distribution over images", ("", "peak activation"), numbers)

    def rows(self) -> Sequence[Row]:
        """One row per bucket, from the bottom of the range to the top."""
        return [
            {
                "neuron": self.neuron,
                "low": bucket.low,
                "high": bucket.high,
                "n": bucket.n,
                "share": bucket.n / self.n if self.n else float("nan"),
            }
            for bucket in self.buckets
        ]


def state_of(low: float, high: float, n_rounded: int) -> str:
    """Tell whether peaks differ, from the smallest and the largest of them.

    Parameters
    ----------
    low, high : float
    n_rounded : int
        Images on which the peak is not 0, but stored as 0.
    """
    if high > low:
        return "alive"
    if high != 0:
        return "constant"
    return "rounded to 0" if n_rounded else "dead"


def bucket_members(
    peaks: NDArray[np.float64], edges: NDArray[np.float64]
) -> list[NDArray[np.intp]]:
    """Tell which values lie in each bucket: [low, high), the last one [low, high]."""
    last = len(edges) - 2
    which = np.clip(np.searchsorted(edges, peaks, side="right") - 1, 0, last)
    return [np.flatnonzero(which == i) for i in range(last + 1)]
