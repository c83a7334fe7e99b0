"""How many units are multimodal?"""

from __future__ import annotations

import neurons
from neurons.cli.options import RunImageOptions, RunPath
from neurons.cli.terminal import console, out_console


def census(
    run: RunPath,
    layer: str,
    /,
    *,
    by: str = "rendition",
    among: str = "flat,outline,word",
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
    """
    opened = neurons.Activations.open(run)
    opened.layer(layer)
    shown = images.of(opened)
    with console.status("shuffling labels to see what chance gives"):
        found = neurons.census(opened, shown, layer, by=by, among=among.split(","))
    out_console.print(found)
