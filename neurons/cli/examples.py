"""Which images excite a neuron most?"""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

import neurons
from neurons.cli.options import NeuronAddress, OptionalOut, RunImageOptions, RunPath
from neurons.cli.terminal import out_console, say_path


def examples(
    run: RunPath,
    neuron: NeuronAddress,
    /,
    *,
    count: int = 16,
    out: OptionalOut = None,
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Show the images that excite a neuron most: a table here, a gallery in a file.

    Parameters
    ----------
    neuron : Neuron
        LAYER:UNIT, such as visual.layer4:89.
    count : int
        Images at each end.
    out : Path, optional
        The gallery; default: NEURON.html here.
    """
    from neurons.recipes.neuron_report import gallery

    opened = neurons.Activations.open(run)
    opened.check(neuron)
    found = neurons.top_examples(opened, images.of(opened), neuron, count=count)
    out_console.print(Text(str(neuron), style="bold"), found)
    path = out or Path(f"{neuron.layer}-{neuron.unit}.html")
    say_path("gallery", gallery(path, opened, found))
