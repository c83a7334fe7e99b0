"""What is known of a layer's units, in one table?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.atlas import UNITS, KnownOptions
from neurons.cli.bars import Bars
from neurons.cli.options import RunImageOptions, RunPath
from neurons.cli.terminal import say, say_path
from neurons.cli.unit_options import LayerOption, only_layer


def export(
    run: RunPath,
    /,
    layer: LayerOption = None,
    *,
    out: Annotated[Path, Parameter(name=("--out", "-o"))],
    replace: bool = False,
    by: str | None = None,
    known: KnownOptions = KnownOptions(),
    similar: int = 20,
    seed: int = 0,
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Write all that is known of a layer's units to a table, a row per unit.

    Parameters
    ----------
    layer : str, optional
        Module path, such as visual.layer4; default: the run's, if it has one only.
    out : Path
        A .csv or .parquet file.
    replace : bool
        Replace another table that is there.
    by : str, optional
        Column that says how things are shown; default: rendition, if there is one.
    similar : int
        Units most alike to each.
    seed : int
        Of the map.
    """
    from neurons.results.table import check_table_file

    check_table_file(out)
    opened = neurons.Activations.open(run)
    path = only_layer(opened, layer)
    tables = known.tables()
    with Bars(UNITS) as bars:
        written = neurons.export(
            opened,
            path,
            out,
            image_set=images.of(opened),
            by=by,
            probe=known.open_probe(run),
            tables=tables,
            n_similar=similar,
            seed=seed,
            replace=replace,
            progress=bars.show,
            told=say,
        )
    say_path("table", written)
