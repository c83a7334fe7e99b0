"""What do the studies say of all units of a layer? Tables, a map, and the units most alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neurons.activations.run import Activations
from neurons.activations.similar_units import NONE, NearestUnits, nearest_units
from neurons.data.images import ImageSet
from neurons.differences import check_belongs
from neurons.errors import LabelsMissingError, OptionError
from neurons.pages.atlas import Column
from neurons.readouts.probe import Probe
from neurons.recipes.served_classes import ServedClasses
from neurons.recipes.unit_columns import unit_columns
from neurons.recipes.write_result import kind_of
from neurons.results.result import Result
from neurons.studies.units.census import Census, census
from neurons.studies.units.top_by_group import groups_of
from neurons.studies.units.unit_map import UnitMap, unit_map
from neurons.studies.units.unit_table import UnitTable, unit_table

# how the miniature's pictures, and many sets that were made to compare, show a class
RENDITION, _AMONG = "rendition", ("flat", "outline", "word")
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class LayerFacts:
    """What is known of all units of a layer.

    Parameters
    ----------
    layer : str
    neurons : tuple of str
        The units' addresses.
    tables : tuple of Result
        Each with a row per unit; those that were given first.
    units : UnitTable
        The one of them that tells of each unit's distribution.
    nearest : NearestUnits
    map : UnitMap
    columns : tuple of Column
        Of all tables.
    """

    layer: str
    neurons: tuple[str, ...]
    tables: tuple[Result, ...]
    units: UnitTable
    nearest: NearestUnits
    map: UnitMap
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """Find a column by its name; None if there is none."""
        return next((column for column in self.columns if column.name == name), None)

    def heads(self) -> list[str]:
        """Call each unit by its name where a table gives names, else by its class, else so."""
        named = self.column("name") or self.column("class")
        if named is None or not named.is_text:
            return ["" if each.state == "alive" else each.state for each in self.units.units]
        return [
            str(name) or (f"no {named.name}" if each.state == "alive" else each.state)
            for name, each in zip(named.values, self.units.units, strict=True)
        ]

    def verdict(self) -> str:
        """Say what was found of the layer: what the first table says."""
        return self.tables[0].verdict()

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the facts of the units and of the first table, and what chance makes alike."""
        found = {**dict(self.units.facts()), **dict(self.tables[0].facts())}
        if not np.isnan(self.nearest.chance):
            found["alike by chance"] = f"r < {self.nearest.chance:.2f}"
        return tuple(found.items())


def layer_facts(
    run: Activations,
    images: ImageSet,
    layer: str,
    *,
    by: str | None = None,
    probe: Probe | None = None,
    tables: Sequence[Result] = (),
    n_similar: int = 20,
    seed: int = 0,
    progress: Tell = lambda what, done, total: None,
    told: Callable[[str], None] = lambda text: None,
) -> LayerFacts:
    """Ask the studies that speak of a whole layer.

    Parameters
    ----------
    run : Activations
    images : ImageSet
        Of the run.
    layer : str
    by : str, optional
        A column that tells how things are shown: then units are counted that have one class in
        all of its groups.
    probe : Probe, optional
        Of this run: units of its layer gain the class that they serve most.
    tables : sequence of Result
        What else is known: any result whose rows name units of the layer.
    n_similar : int >= 1
        Units most alike to each.
    seed : int
    progress : callable
        Takes what is being done, how much of it is done, and of how much.
    told : callable
        Takes a remark, such as that there is no census, and why.

    Raises
    ------
    MismatchError
        If a table, or the probe, is of another run.
    OptionError
        If a table says nothing of the layer's units.
    LayerNotFoundError, LabelsMissingError
        If the run does not hold the layer, or the images have no such column.
    """
    n_units = run.layer(layer).units
    neurons = tuple(f"{layer}:{unit}" for unit in range(n_units))
    check_tables(run, neurons, probe, tables)
    column = grouping(images, by)

    def units_done(done: int, total: int) -> None:
        progress("comparing units", done, total)

    units = unit_table(run, images, layer, by=_written(images, column), progress=units_done)
    found: list[Result] = [*tables, units]
    if column is not None and not any(isinstance(table, Census) for table in tables):
        found += _counted(run, images, layer, column, told)
    if probe is not None and probe.layer == layer:
        found.append(ServedClasses.of(probe))
    nearest = nearest_units(
        run,
        layer,
        count=n_similar,
        seed=seed,
        progress=lambda done, total: progress("finding similar units", done, total),
    )
    placed = unit_map(run, layer, nearest=nearest, seed=seed)
    columns = (*unit_columns(neurons, found), *_alike(nearest))
    return LayerFacts(layer, neurons, tuple(found), units, nearest, placed, columns)


def grouping(images: ImageSet, by: str | None) -> str | None:
    """Give the column that was named, or one called ``rendition`` if there is one.

    Raises
    ------
    LabelsMissingError, OptionError
        If the images have no such column, or it has too many values to compare.
    """
    column = by or (RENDITION if RENDITION in images.columns else None)
    if column is not None:
        groups_of(images, column)
    return column


def check_tables(
    run: Activations, neurons: Sequence[str], probe: Probe | None, tables: Sequence[Result]
) -> None:
    """Refuse tables of another run, or of other units, before any work.

    Raises
    ------
    MismatchError, OptionError, StaleActivationsError
        As `layer_facts`.
    """
    for table in tables:
        what = f"{table.title!r} ({kind_of(table)})"
        check_belongs(what, table.provenance, f"run {str(run.path)!r}", run.provenance())
        unit_columns(neurons, [table])
    if probe is not None:
        run.check_provenance(probe.provenance["run"])


def _written(images: ImageSet, by: str | None) -> str | None:
    """Give the column if it tells which images are written words."""
    if by is None or images.labels is None:
        return None
    return by if set(_AMONG) <= {str(value) for value in images.column(by)} else None


def _counted(
    run: Activations, images: ImageSet, layer: str, by: str, told: Callable[[str], None]
) -> list[Result]:
    """Count units by a column's groups; without labels, or where a class lacks images, say so."""
    values = groups_of(images, by)
    usual = set(_AMONG) <= set(values)
    among = _AMONG if usual else tuple(values)
    together = _AMONG[:2] if usual else ()
    try:
        return [census(run, images, layer, by=by, among=among, together=together)]
    except (OptionError, LabelsMissingError) as error:
        told(f"no census by {by}: {error}")
        return []


def _alike(nearest: NearestUnits) -> tuple[Column, ...]:
    """Tell how much each unit is like the one most like it."""
    if not nearest.units.shape[1] or not (nearest.units[:, 0] != NONE).any():
        return ()
    chance = f"{nearest.chance:.2f}"
    about = (
        f"Correlation of peaks with the unit most like it; with shuffled images it is below "
        f"{chance} for 95 % of units."
    )
    return (Column("similarity", nearest.correlations[:, 0].astype(float).tolist(), about),)
