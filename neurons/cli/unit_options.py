"""Which units of a layer are meant, by what is known of them?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.parse import conditions
from neurons.cli.terminal import Bar
from neurons.errors import OptionError

if TYPE_CHECKING:
    from neurons import Activations, ImageSet, UnitTable

# how the miniature's pictures, and many sets that were made to compare, call their column
RENDITION = "rendition"


# a layer that may be given by its place or as --layer
LayerOption = Annotated[str | None, Parameter(name=("--layer", "-l"))]


@Parameter(name="*", group="Choice")
@dataclass(frozen=True, kw_only=True)
class ChoiceOptions:
    """Which units, by a column of the table that `neurons units` shows, and in which order.

    Parameters
    ----------
    where : tuple of str
        Only units for which it holds: 'lift>10', 'class=dog', 'state=alive'; repeat for more.
    sort : str, optional
        Column: the largest number first, text from A to Z; such as lift, auprc or maximum.
    top : int, optional
        How many of these.
    """

    where: tuple[str, ...] = ()
    sort: str | None = None
    top: int | None = None

    def __post_init__(self) -> None:
        conditions(self.where)
        if self.top is not None and self.top < 1:
            raise OptionError(f"the first {self.top} units are none; ask for 1 or more")

    @property
    def made(self) -> bool:
        """Whether anything is asked."""
        return bool(self.where or self.sort or self.top)

    def check(self) -> None:
        """Refuse columns that the table does not have, before it is made."""
        from neurons.results.choosing import check_columns
        from neurons.studies.units.unit_table import COLUMNS

        check_columns(COLUMNS, where=conditions(self.where), sort=self.sort)

    def of(self, table: UnitTable) -> UnitTable:
        """Choose from a layer's units."""
        return table.chosen(where=conditions(self.where), sort=self.sort, top=self.top)


@Parameter(name="*", group="Choice")
@dataclass(frozen=True, kw_only=True)
class LayerChoiceOptions(ChoiceOptions):
    """Which units, instead of addresses.

    Parameters
    ----------
    layer : str, optional
        Of which layer they are chosen; default: the run's, if it has one only.
    """

    layer: Annotated[str | None, Parameter(name=("--layer", "-l"))] = None


def table_of(run: Activations, images: ImageSet, layer: str, by: str | None) -> UnitTable:
    """Make the table of a layer's units, with a bar.

    Parameters
    ----------
    run : Activations
    images : ImageSet
    layer : str
    by : str or None
        Column that says how things are shown; None takes one called ``rendition`` if there is one.
    """
    column = by or (RENDITION if RENDITION in images.columns else None)
    with Bar(f"comparing the units of {layer}", "units") as bar:
        return neurons.unit_table(run, images, layer, by=column, progress=bar.show)


def only_layer(run: Activations, layer: str | None) -> str:
    """Give the layer that was named, or the run's if it has one only.

    Raises
    ------
    OptionError
        If none was named and the run has several.
    LayerNotFoundError
        If the run does not hold it.
    """
    held = [each.path for each in run.layers]
    if layer is not None:
        return run.layer(layer).path
    if len(held) == 1:
        return held[0]
    raise OptionError(f"the run holds several layers; name one of them: {', '.join(held)}")
