"""How does all that is known of a layer's units become one table, a row per unit?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from neurons.activations.run import Activations, images_of
from neurons.activations.similar_units import NONE
from neurons.data.images import ImageSet
from neurons.readouts.probe import Probe
from neurons.recipes.layer_facts import LayerFacts, Tell, layer_facts
from neurons.results.result import Result
from neurons.results.table import Row, check_table_file, write_table


def export(
    run: Activations | str | Path,
    layer: str,
    out: str | Path,
    *,
    image_set: ImageSet | None = None,
    by: str | None = None,
    probe: Probe | None = None,
    tables: Sequence[Result] = (),
    n_similar: int = 20,
    seed: int = 0,
    replace: bool = False,
    progress: Tell = lambda what, done, total: None,
    told: Callable[[str], None] = lambda text: None,
) -> Path:
    """Write all that is known of a layer's units to one table, a row per unit.

    Parameters
    ----------
    run : Activations, str or Path
    layer : str
    out : str or Path
        A ``.csv`` or ``.parquet`` file.
    image_set : ImageSet, optional
        Default: the images where they lay when the run was made.
    by : str, optional
    probe : Probe, optional
    tables : sequence of Result
    n_similar : int >= 1
    seed : int
        These as `atlas` takes them.
    replace : bool
        Whether another table that is there may be replaced.
    progress : callable
        Takes what is being done, how much of it is done, and of how much.
    told : callable
        Takes a remark, such as that there is no census, and why.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    LayerNotFoundError, MismatchError, StaleActivationsError, ImagesNotFoundError
        As `atlas`.
    OutputExistsError
        If another table is there.
    OptionError
        If the file has another ending, or a table says nothing of these units.
    """
    path = Path(out)
    check_table_file(path)
    opened = run if isinstance(run, Activations) else Activations.open(run)
    shown = image_set or images_of(opened)
    opened.check_images(shown)
    known = layer_facts(
        opened,
        shown,
        layer,
        by=by,
        probe=probe,
        tables=tables,
        n_similar=n_similar,
        seed=seed,
        progress=progress,
        told=told,
    )
    return write_units(known, path, replace=replace)


def write_units(known: LayerFacts, path: Path, *, replace: bool = False) -> Path:
    """Write a row per unit: every column, its place on the map, and the units most like it.

    Raises
    ------
    OutputExistsError, OptionError
        As `write_table`.
    """
    return write_table(_rows(known), path, replace=replace)


def _rows(known: LayerFacts) -> list[Row]:
    places = known.map.places.tolist()
    return [
        {
            "neuron": neuron,
            "unit": i,
            **{column.name: _plain(column.values[i]) for column in known.columns},
            "map_x": _plain(places[i][0]),
            "map_y": _plain(places[i][1]),
            "similar": " ".join(
                known.neurons[other] for other in known.nearest.units[i].tolist() if other != NONE
            ),
            "similar_correlations": " ".join(
                f"{r:.5f}" for r in known.nearest.correlations[i].tolist() if r == r
            ),
        }
        for i, neuron in enumerate(known.neurons)
    ]


def _plain(value: float | str) -> float | str | None:
    """Leave out what is not known."""
    return None if isinstance(value, float) and math.isnan(value) else value
