"""How many dimensions does a layer use, and how fast does their variance fall?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from neurons.activations.common_tables import common_tables
from neurons.activations.run import Activations
from neurons.alignment.eigenspectrum import PowerLaw, naive_spectrum, power_law
from neurons.alignment.jackknife import jackknife
from neurons.alignment.layer_spectrum import (
    Rows,
    fitted_ranks,
    participation_of,
    reliable_share,
    two_repeats,
    variances_of,
)
from neurons.alignment.spectrum_blocks import spectrum_lines
from neurons.data.systems import System
from neurons.errors import OptionError
from neurons.results.blocks import Block, Note, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Interval

Progress = Callable[[int, int], None]

# a planted law with as much noise as signal, 400 images: 0.93
_STRAIGHT = 0.9
# of the exponents by the same and by other images
_APART = 0.2


def eigenspectrum(
    system: Activations | System,
    layer: str,
    *,
    first: int | None = None,
    last: int | None = None,
    input_dimension: float = math.inf,
    n_images: int | None = None,
    n_groups: int = 20,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Eigenspectrum:
    """Measure the variance along principal components on images, or repeats, that did not fit them.

    A network gives the same twice: principal components of half of the images, and the variance of
    the other half along them. Where an array holds repeats of the images: cvPCA, the covariance of
    two repeats along principal components of one, to which noise adds nothing.

    Parameters
    ----------
    system : Activations or System
    layer : str
    first : int, optional
        First rank to which a power law is fitted. Default: 11, or an earlier one where ranks are
        few.
    last : int, optional
        Last one. Default: 500, but no further than half of the ranks.
    input_dimension : float > 0
        Dimension of the space that the images are drawn from, for the smoothness bound. Default:
        infinite, as for photographs of anything.
    n_images : int, optional
        Of more images, so many are drawn.
    n_groups : int >= 2
        Of images that are left out in turn, for the intervals.
    seed : int
    progress : callable
        Takes how many of how many groups are done.

    Returns
    -------
    Eigenspectrum

    Raises
    ------
    LayerNotFoundError
        If the system does not hold the layer.
    MismatchError
        If there are fewer than 16 images.
    OptionError
        If a number is out of range.

    References
    ----------
    Stringer et al., "High-dimensional geometry of population responses in visual cortex", Nature
    2019: cvPCA, the weighted fit, and the bound: an exponent above 1 + 2 / d for a code of inputs
    of d dimensions that is smooth.
    """
    if input_dimension <= 0 or n_groups < 2:
        raise OptionError(
            f"an input dimension of {input_dimension:g}, {n_groups} groups: give more than 0, and "
            f"2 or more"
        )
    both = common_tables((system,), (layer,), n_images=n_images, seed=seed)
    repeats = two_repeats(both.common.sides[0].repeats(layer))
    table, images = both.tables[0], both.halves.groups
    second = np.zeros(len(table), bool)
    second[both.halves.testing] = True
    told = both.told
    if repeats is not None:
        whole = np.isfinite(repeats).all((0, 2))
        if not whole.all():
            told += f"{np.count_nonzero(~whole):,} images were shown once, and left out. "
        repeats, table = repeats[:, whole], table[whole]
        images, second = images[whole], second[whole]
    variances = partial(variances_of, table, repeats, second)
    every = np.arange(len(table))
    found = variances(every)
    start, stop = fitted_ranks(len(found), first, last)
    law = power_law(found, start, stop)

    def measure(rows: Rows) -> NDArray[np.float64]:
        some = variances(rows)
        # without a group, there may be fewer ranks than images gave together
        exponent = power_law(some, start, min(stop, len(some))).exponent
        share = 1.0 if repeats is None else reliable_share(some, repeats[:, rows])
        return np.array([exponent, participation_of(table, repeats, second, rows), share])

    numbers, intervals = jackknife(measure, images, n_groups=n_groups, seed=seed, progress=progress)
    naive = naive_spectrum(table if repeats is None else repeats[0])[: len(found)]
    total = float(found.sum())
    return Eigenspectrum(
        provenance=both.provenance(),
        name=both.names[0],
        layer=layer,
        n_units=table.shape[1],
        n_images=len(table),
        repeated=repeats is not None,
        variances=tuple((found / total if total > 0 else found).tolist()),
        naive=tuple((naive / naive.sum() if naive.sum() > 0 else naive).tolist()),
        exponent=law.exponent,
        interval=intervals[0],
        naive_exponent=power_law(naive, start, stop).exponent,
        first=start,
        last=stop,
        n_left_out=law.n_left_out,
        straight=law.straight,
        constant=law.constant / total if total > 0 else float("nan"),
        dimensions=float(numbers[1]),
        dimensions_interval=intervals[1],
        reliable=float(numbers[2]),
        reliable_interval=intervals[2],
        input_dimension=float(input_dimension),
        told=told,
    )


@dataclass(frozen=True)
class Eigenspectrum(Result):
    """Variances along principal components, and the power law that they follow.

    Parameters
    ----------
    name, layer : str
    n_units, n_images : int
    repeated : bool
        Whether two repeats of each image were compared (cvPCA), not other images.
    variances : tuple of float
        Shares of the variance, by rank, measured on what did not fit the components; one may be
        negative where it is noise.
    naive : tuple of float
        The same on what fitted them.
    exponent : float
        Of the power law; nan where too few ranks have a positive variance.
    interval : Interval
        95 %, by leaving groups of images out.
    naive_exponent : float
        On what fitted the components.
    first, last, n_left_out : int
        Ranks that were fitted, and those of them without a positive variance.
    straight : float
        Share of the variance of the logarithms that the line explains; 1 for a power law.
    constant : float
        The share of the variance that the line gives at rank 1.
    dimensions : float
        Participation ratio: an effective number of dimensions.
    dimensions_interval : Interval
    reliable : float
        Share of the variance of a repeat that is the same in the other; 1 without repeats.
    reliable_interval : Interval
    input_dimension : float
    told : str
        What was left out.
    """

    name: str
    layer: str
    n_units: int
    n_images: int
    repeated: bool
    variances: tuple[float, ...]
    naive: tuple[float, ...]
    exponent: float
    interval: Interval
    naive_exponent: float
    first: int
    last: int
    n_left_out: int
    straight: float
    constant: float
    dimensions: float
    dimensions_interval: Interval
    reliable: float
    reliable_interval: Interval
    input_dimension: float
    told: str = ""

    @property
    def bound(self) -> float:
        """The exponent above which a code of the inputs is smooth: 1 + 2 / d."""
        return 1 + 2 / self.input_dimension

    @property
    def title(self) -> str:
        """The system and its layer."""
        return f"Eigenspectrum of {self.name} {self.layer}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Exponent, effective dimensions, bound, and what they were measured on."""
        repeats = (
            (("variance that repeats", self.reliable_interval.beside(self.reliable)),)
            if self.repeated
            else ()
        )
        return (
            *repeats,
            ("exponent", self.interval.beside(self.exponent)),
            ("effective dimensions", self.dimensions_interval.beside(self.dimensions, ".1f")),
            ("smooth above", f"{self.bound:.2f}"),
            ("ranks", f"{self.first:,} to {self.last:,} of {len(self.variances):,}"),
            ("images", f"{self.n_images:,}"),
        )

    def verdict(self) -> str:
        """Tell both numbers; first, if so, that there is no power law or too few images."""
        where = (
            "two repeats of each image"
            if self.repeated
            else "images that did not fit the principal components"
        )
        size = (
            f"Effective dimensions (participation ratio): "
            f"{self.dimensions_interval.beside(self.dimensions, '.1f')} of {self.n_units:,} units"
        )
        if self.repeated and not self.reliable_interval.low > 0:
            return (
                f"Nothing repeats: of the variance of one repeat "
                f"{self.reliable_interval.beside(self.reliable)} is the same in the other. "
                f"Neither dimensions nor a power law can be measured.{self._also()}"
            )
        n_ranks = self.last - self.first + 1
        if math.isnan(self.exponent) or 2 * self.n_left_out > n_ranks:
            return (
                f"No power law: {self.n_left_out:,} of the ranks {self.first:,} to "
                f"{self.last:,} have no variance above 0 on {where}. {size}.{self._also()}"
            )
        if self.straight < _STRAIGHT:
            return (
                f"{self._doubt()}No power law holds here: a line through the ranks "
                f"{self.first:,} to {self.last:,} explains {self.straight:.2f} of the logarithms "
                f"(its exponent would be {self.exponent:.2f}). {size}.{self._also()}"
            )
        return (
            f"{self._doubt()}Variance falls as rank to the power of -{self.exponent:.2f}"
            f" ({self.interval.low:.2f} to {self.interval.high:.2f}; ranks {self.first:,} to "
            f"{self.last:,}, n = {self.n_images:,} images), on {where}. {self._smooth()} {size}."
            f"{self._also()}"
        )

    def _also(self) -> str:
        """Tell which images are compared, after what was found."""
        return f" {self.told.strip()}" if self.told else ""

    def blocks(self) -> tuple[Block, ...]:
        """Draw the variances over the ranks, both on logarithmic axes."""
        lines = spectrum_lines(
            self.variances,
            self.naive,
            PowerLaw(
                self.exponent, self.constant, self.first, self.last, self.n_left_out, self.straight
            ),
            repeated=self.repeated,
        )
        return (lines, self._table(), Note(_MEANING))

    def rows(self) -> Sequence[Row]:
        """One row per rank."""
        return [
            {
                "rank": rank,
                "variance": variance,
                "naive": self.naive[rank - 1],
                "fitted": self.constant * rank**-self.exponent,
                "in_fit": self.first <= rank <= self.last,
            }
            for rank, variance in enumerate(self.variances, 1)
        ]

    def columns_about(self) -> dict[str, str]:
        """Tell what the less evident columns say."""
        return {
            "variance": "Share of the variance, on what did not fit the principal components.",
            "naive": "The same on what fitted them.",
        }

    def _doubt(self) -> str:
        if not self.repeated and abs(self.exponent - self.naive_exponent) > _APART:
            return (
                f"The images are too few for these ranks: the same images give an exponent of "
                f"{self.naive_exponent:.2f}. "
            )
        return ""

    def _smooth(self) -> str:
        of = (
            "inputs of very many dimensions"
            if math.isinf(self.input_dimension)
            else f"inputs of {self.input_dimension:g} dimensions"
        )
        if self.interval.low > self.bound:
            return f"That is above {self.bound:.2f}, as of a smooth code of {of}."
        if self.interval.high < self.bound:
            return f"That is below {self.bound:.2f}, too slow for a smooth code of {of}."
        return f"A smooth code of {of} is above {self.bound:.2f}: the interval does not tell."

    def _table(self) -> Table:
        same = "on one repeat" if self.repeated else "on the same images"
        return Table(
            "In numbers",
            ("number", "value"),
            (
                ("exponent", self.interval.beside(self.exponent)),
                (f"exponent {same}", f"{self.naive_exponent:.2f}"),
                ("explained by the line", f"{self.straight:.3f}"),
                ("ranks fitted", f"{self.first:,} to {self.last:,}"),
                ("of these without variance", f"{self.n_left_out:,}"),
                (
                    "effective dimensions",
                    self.dimensions_interval.beside(self.dimensions, ".1f"),
                ),
                ("smooth above", f"{self.bound:.2f}"),
            ),
            "Intervals: 95 %, by leaving groups of images out. Least squares of logarithms, each "
            "rank weighted by 1 / rank.",
        )


_MEANING = (
    "An exponent does not say what the dimensions are of, and depends on the images: a set of few "
    "things has few dimensions in every network. On other images the variance of the first ranks "
    "is a little too small and that of the last too large, on the same images the reverse: where "
    "both exponents agree, the images are enough."
)
