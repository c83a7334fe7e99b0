"""Which dimensions does every model share?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from neurons.activations.common_tables import check_images_of_first, common_tables
from neurons.activations.run import Activations
from neurons.activations.system_dimensions import SystemDimensions, system_dimensions
from neurons.address import EMBEDDING
from neurons.data.images import ImageSet
from neurons.data.systems import System
from neurons.errors import LayerNotFoundError, OptionError
from neurons.results.blocks import Beside, Block, Gallery, Lines, Note, Stroke, Table
from neurons.results.result import Result
from neurons.results.table import Row

Progress = Callable[[int, int], None]

_FEWEST_PERMUTATIONS = 20


def universal(
    systems: Sequence[Activations | System],
    layers: str | Sequence[str] = EMBEDDING,
    *,
    images: ImageSet | None = None,
    n_components: int | None = None,
    count: int = 3,
    n_images: int | None = None,
    n_permutations: int = 50,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Universal:
    """Predict each system's dimensions from every other system, on images that fitted nothing.

    Of each system in turn: principal components of half of the images; a ridge from each other
    system to them; on the other half, the correlation of prediction and component, and its median
    over the other systems. Beside it the shared basis: the same space, turned so that what others
    predict comes first. With permuted images the best of all components is the control.

    Parameters
    ----------
    systems : sequence of Activations or System
        Two or more, on the same images; joined by ids.
    layers : str or sequence of str, optional
        One for all, or one for each. Default: the image embeddings.
    images : ImageSet, optional
        Those of the first system, if it is a run: the ends of the first shared dimensions are
        shown.
    n_components : int >= 1, optional
        Of each system. Default: a quarter of the fitting images, at most 100 and its units.
    count : int >= 0
        Dimensions of each system to show.
    n_images : int, optional
        Of more common images, so many are drawn.
    n_permutations : int >= 20
    seed : int
    progress : callable
        Takes how many of how many systems are done.

    Returns
    -------
    Universal

    Raises
    ------
    LayerNotFoundError, MismatchError
        As `common_tables`.
    StaleActivationsError
        If the images are not those of the first system.
    OptionError
        If a number is out of range, such as more components than images; or if images are given
        and the first system is no run.

    Notes
    -----
    What all systems share may be a matter of the images, such as their brightness: look at the ends
    of a dimension before giving it a name.

    References
    ----------
    Chen and Bonner, "Universal dimensions of visual representation", 2024.
    """
    if systems:
        check_images_of_first(systems[0], images)
    each = (layers,) * len(systems) if isinstance(layers, str) else tuple(layers)
    if len(systems) < 2 or len(each) != len(systems):
        raise OptionError(
            f"{len(systems)} systems and {len(each)} layers: give 2 systems or more, and one layer "
            f"for all or one for each"
        )
    if n_permutations < _FEWEST_PERMUTATIONS or count < 0:
        raise OptionError(
            f"{n_permutations} permutations, {count} dimensions to show: give "
            f"{_FEWEST_PERMUTATIONS} or more, and 0 or more"
        )
    try:
        all_of_them = common_tables(systems, each, n_images=n_images, seed=seed)
    except LayerNotFoundError as error:
        if not isinstance(layers, str):
            raise
        raise LayerNotFoundError(f"{error}; give one layer for each system") from None
    found = []
    for i in range(len(systems)):
        found.append(
            system_dimensions(all_of_them, i, n_components, n_permutations, seed, images, count)
        )
        progress(i + 1, len(systems))
    return Universal(
        provenance=all_of_them.provenance(),
        n_fitting=len(all_of_them.halves.fitting),
        n_testing=len(all_of_them.halves.testing),
        n_permutations=n_permutations,
        systems=tuple(found),
        told=all_of_them.told,
    )


@dataclass(frozen=True)
class Universal(Result):
    """The dimensions of several systems, and which of them all others share.

    Parameters
    ----------
    n_fitting, n_testing : int
        Images that fitted everything, and that judged it.
    n_permutations : int
    systems : tuple of SystemDimensions
    told : str
        What was left out.
    """

    n_fitting: int
    n_testing: int
    n_permutations: int
    systems: tuple[SystemDimensions, ...]
    told: str = ""

    def system(self, name: str) -> SystemDimensions:
        """Find a system by its name.

        Raises
        ------
        OptionError
            If there is none.
        """
        for each in self.systems:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in self.systems)
        raise OptionError(f"no system {name!r}; there are: {known}")

    @property
    def title(self) -> str:
        """The systems."""
        return f"Shared dimensions of {', '.join(each.name for each in self.systems)}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Count the shared dimensions of each system."""
        counts = tuple(
            (each.name, f"{each.n_shared:,} of {len(each.basis):,} shared") for each in self.systems
        )
        return (("images", f"{self.n_fitting:,} fit, {self.n_testing:,} test"), *counts)

    def verdict(self) -> str:
        """Count the shared dimensions; first, if so, that none is."""
        others = len(self.systems) - 1
        median = f"the median of {others} others" if others > 1 else "the one other system"
        told = "; ".join(
            f"{each.name}: {each.n_shared:,} of {len(each.basis):,} ({each.variance:.0%} of its "
            f"variance; {each.n_shared_components:,} principal components)"
            for each in self.systems
        )
        how = (
            f"Predicted by {median} on {self.n_testing:,} images that fitted nothing, better than "
            f"the best dimension of 95 % of {self.n_permutations} orders of the images"
        )
        if not any(each.n_shared for each in self.systems):
            return f"No dimension is shared. {how}: {told}. {self.told}".rstrip()
        return (
            f"Dimensions of the shared basis that others predict: {told}. {how}. {self.told}"
        ).rstrip()

    def blocks(self) -> tuple[Block, ...]:
        """Draw how well each dimension is predicted, show the ends of the first, and count."""
        drawn = tuple(self._lines(each) for each in self.systems)
        ends = tuple(
            Beside(
                f"{each.name}: dimension {shown.number} of the shared basis",
                Gallery("one end", shown.low),
                Gallery("other end", shown.high),
                "Images that fitted nothing. Which end is which has no meaning.",
            )
            for each in self.systems
            for shown in each.ends
        )
        return (self._table(), *drawn, *ends, Note(_MEANING))

    def rows(self) -> Sequence[Row]:
        """One row per system and dimension, of principal components and of the shared basis."""
        return [
            {
                "system": each.name,
                "layer": each.layer,
                "basis": kind,
                "dimension": one.number,
                "shared": one.shared,
                "correlation": one.correlation,
                "low": one.interval.low,
                "high": one.interval.high,
                "n": self.n_testing,
                "p_value": one.p_value,
                "variance": one.variance,
            }
            for each in self.systems
            for kind, dimensions in (("principal", each.components), ("shared", each.basis))
            for one in dimensions
        ]

    def _table(self) -> Table:
        return Table(
            "Shared dimensions",
            (
                "system",
                "dimensions",
                "shared basis",
                "of its variance",
                "principal components",
                "permuted",
            ),
            tuple(
                (
                    f"{each.name} {each.layer}",
                    f"{len(each.basis):,} of {each.n_units:,} units",
                    f"{each.n_shared:,} shared",
                    f"{each.variance:.0%}",
                    f"{each.n_shared_components:,} shared",
                    f"{each.null:.2f}",
                )
                for each in self.systems
            ),
            f"Shared: others predict it, by their median, better than the best dimension of 95 % "
            f"of {self.n_permutations} orders of the images, whose correlation is in the last "
            f"column. On {self.n_testing:,} images; {self.n_fitting:,} others fitted everything.",
        )

    def _lines(self, each: SystemDimensions) -> Lines:
        strokes = tuple(
            Stroke(
                name,
                tuple(one.correlation for one in dimensions),
                tuple(one.interval.low for one in dimensions),
                tuple(one.interval.high for one in dimensions),
            )
            for name, dimensions in (
                ("shared basis", each.basis),
                ("principal components", each.components),
            )
        )
        every = max(1, round(len(each.basis) / 10))
        null = Stroke("permuted images, 95 %", (each.null,) * len(each.basis))
        return Lines(
            f"How well others predict {each.name} {each.layer}",
            tuple("" if one.number % every else f"{one.number:,}" for one in each.basis),
            (*strokes, null),
            "dimension",
            "correlation with its prediction",
        )


_MEANING = (
    "Principal components are ordered by variance, and of several with about the same variance any "
    "mixture is one: what is shared is then spread over all of them, and their count says little. "
    "The shared basis is the same space, turned so that what others predict comes first. Its "
    "directions are not at right angles in the system, so that their shares of variance do not add "
    "up. What is shared may be a matter of the images."
)
