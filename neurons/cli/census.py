"""How many units are multimodal?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import neurons
from neurons.cli.options import RunImageOptions, RunPath
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.parse import parted
from neurons.cli.terminal import console, out_console, say, say_path, table

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import Census

_SHOWN = 24


def census(
    run: RunPath,
    layer: str,
    /,
    *,
    by: str = "rendition",
    among: str = "flat,outline,word",
    together: str = "flat,outline",
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Count the units whose top class is the same as picture, outline and word.

    Parameters
    ----------
    layer : str
        Module path, such as visual.layer4.
    by : str
        Column that says how things are shown.
    among : str
        Its values that must agree, parted by commas.
    together : str
        Those that show the same drawings: they keep their labels where chance is measured.
    """
    answer = to.answer("census", locals())
    opened = neurons.Activations.open(run)
    opened.layer(layer)
    shown = images.of(opened)
    with console.status("shuffling labels to see what chance gives"):
        found = neurons.census(
            opened, shown, layer, by=by, among=parted([among]), together=parted([together])
        )
    say(found.verdict())
    out_console.print(_drawn(found))
    if found.n_multimodal > _SHOWN:
        say(f"the first {_SHOWN} of {found.n_multimodal:,}; --out FOLDER has them all")
    if answer is not None:
        say_path("pages", answer.write(found))


def _drawn(found: Census) -> Table:
    """Draw the most decided multimodal units, one line each."""
    drawn = table("neuron", "class", "certainty")
    units = [unit for name in found.class_names for unit in found.units_of(name)]
    for unit in sorted(units, key=lambda u: -float(found.leads[:, u].min()))[:_SHOWN]:
        name = found.class_names[found.tops[0, unit]]
        drawn.add_row(f"{found.layer}:{unit}", name, f"{found.certainty[unit]:.2f}")
    return drawn
