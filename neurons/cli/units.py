"""Which units does a layer have, and which class leads at the top of each?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import neurons
from neurons.cli.options import RunImageOptions, RunPath
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.terminal import out_console, say, say_path, table
from neurons.cli.unit_options import ChoiceOptions, only_layer, table_of
from neurons.files import check_file

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import UnitTable
    from neurons.studies.units.unit_table import UnitRow

_SHOWN = 20


def units(
    run: RunPath,
    layer: str | None = None,
    /,
    *,
    choice: ChoiceOptions = ChoiceOptions(),
    by: str | None = None,
    csv: Path | None = None,
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Rank the units of a layer: the class that leads at the top of each, and how surely.

    Parameters
    ----------
    layer : str, optional
        Module path, such as visual.layer4; default: the run's, if it has one only.
    by : str, optional
        Column that says how things are shown; default: rendition, if there is one.
    csv : Path, optional
        Write the table, all of its columns, to a .csv or .parquet file.
    """
    answer = to.answer("units", locals())
    if csv is not None:
        check_file(csv)
    choice.check()
    opened = neurons.Activations.open(run)
    path = only_layer(opened, layer)
    shown = images.of(opened)
    sort = choice.sort or ("lift" if shown.labels is not None else "maximum")
    asked = ChoiceOptions(where=choice.where, sort=sort, top=choice.top)
    found = asked.of(table_of(opened, shown, path, by))

    say(found.verdict())
    if found.units:
        out_console.print(_drawn(found))
    if len(found.units) > _SHOWN:
        say(f"the first {_SHOWN} of {len(found.units):,}; --csv FILE or --out FOLDER has them all")
    if csv is not None and found.units:
        say_path("table", found.to_table(csv, replace=to.replace))
    if answer is not None:
        say_path("pages", answer.write(found))
    if found.units:
        few = " ".join(found.neurons()[:3])
        say(f"look at some: neurons report {run} {few} --out report")


def _drawn(found: UnitTable) -> Table:
    """Draw the first units so that each takes one line of a narrow terminal."""
    many = bool(found.by)
    heads = ("neuron", "class", "lift (95 %)", "AUPRC", "max", "zero")
    drawn = table(*heads, *(("multimodal", "reads") if many else ()))
    for column in drawn.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    for each in found.units[:_SHOWN]:
        low, high = each.interval.low, each.interval.high
        named = bool(each.top_class)
        drawn.add_row(
            f"{found.layer}:{each.unit}",
            each.top_class if named else "-" if each.state == "alive" else each.state,
            f"{each.lift:.0f} ({low:.0f}-{high:.0f})" if named else "-",
            f"{each.auprc:.2f}" if named else "-",
            f"{each.maximum:.3g}",
            f"{each.sparsity:.0%}",
            *((_same(each.multimodal, each), _same(each.reads, each)) if many else ()),
        )
    return drawn


def _same(name: str, each: UnitRow) -> str:
    """Say yes for the unit's class, and name another one."""
    return "yes" if name and name == each.top_class else name or "-"
