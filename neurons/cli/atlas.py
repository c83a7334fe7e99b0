"""What is there in a layer? An atlas of all its units."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter

import neurons
from neurons.cli.bars import Bars
from neurons.cli.options import ProbeOption, RunImageOptions, RunPath
from neurons.cli.out_options import OutOptions
from neurons.cli.terminal import say, say_path
from neurons.cli.unit_options import LayerOption, only_layer
from neurons.folder_kinds import ATLAS

if TYPE_CHECKING:
    from neurons import UnitLabels
    from neurons.readouts.probe import Probe
    from neurons.results.result import Result

UNITS = {
    "comparing units": "units",
    "finding similar units": "units",
    "finding what answers to images": "units",
    "writing pictures": "sheets",
    "writing pages": "pages",
}


@Parameter(name="*", group="What is known")
@dataclass(frozen=True, kw_only=True)
class KnownOptions:
    """What else is known of the units.

    Parameters
    ----------
    labels : Path, optional
        Names that `neurons label --out` wrote.
    probe : ProbeOption
        A probe of this run: the class that each unit serves most.
    table : tuple of Path
        Columns of your own: a .csv or .parquet file with a column "neuron"; repeat for more.
    """

    labels: Path | None = None
    probe: ProbeOption = None
    table: tuple[Path, ...] = ()

    def tables(self) -> list[Result]:
        """Read the names and the tables."""
        from neurons.recipes.own_table import own_table

        own: list[Result] = [own_table(path) for path in self.table]
        return own if self.labels is None else [read_labels(self.labels), *own]

    def open_probe(self, run: Path) -> Probe | None:
        """Open the probe, if there is one."""
        from neurons.recipes.probe_pages import open_probe

        return None if self.probe is None else open_probe(self.probe, run=run)[0]


def atlas(
    run: RunPath,
    /,
    layer: LayerOption = None,
    *,
    to: OutOptions,
    by: str | None = None,
    album: Path | None = None,
    known: KnownOptions = KnownOptions(),
    count: int = 12,
    per_bucket: int = 4,
    similar: int = 20,
    seed: int = 0,
    workers: int = 2,
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Write an atlas of a layer: all its units on a map, to be searched and browsed from disk.

    Parameters
    ----------
    layer : str, optional
        Module path, such as visual.layer4; default: the run's, if it has one only.
    by : str, optional
        Column that says how things are shown; default: rendition, if there is one.
    album : Path, optional
        An album that `neurons visualize` made: units that it holds show their pictures.
    count : int
        Images at each end of a unit's range, on its page.
    per_bucket : int
        Images from each bucket.
    similar : int
        Units most alike to each.
    seed : int
        Of the map, and of what is drawn at random.
    workers : int
        Threads that draw pages.
    """
    to.check(ATLAS)
    opened = neurons.Activations.open(run)
    path = only_layer(opened, layer)
    tables = known.tables()
    probe = known.open_probe(run)
    with Bars(UNITS) as bars:
        index = neurons.atlas(
            opened,
            path,
            to.out,
            image_set=images.of(opened),
            count=count,
            per_bucket=per_bucket,
            by=by,
            pictures=album,
            probe=probe,
            tables=tables,
            n_similar=similar,
            seed=seed,
            workers=workers,
            replace=to.replace,
            progress=bars.show,
            told=say,
        )
    say_path("atlas", index)
    if known.labels is None:
        say(f"name its units first: neurons label {run} {path} --out labels, then --labels labels")


def read_labels(folder: Path) -> UnitLabels:
    """Read the names of units from what `neurons label --out` wrote, or from a saved result."""
    inner = folder / "result"
    return neurons.UnitLabels.load(inner if inner.is_dir() else folder)
