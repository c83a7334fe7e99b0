"""Which images excite a neuron most?"""

from __future__ import annotations

from rich.text import Text

import neurons
from neurons.cli.options import NeuronAddress, RunImageOptions, RunPath
from neurons.cli.out_options import FileOutOptions
from neurons.cli.terminal import out_console, say_path


def examples(
    run: RunPath,
    neuron: NeuronAddress,
    /,
    *,
    count: int = 16,
    to: FileOutOptions = FileOutOptions(),
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """Show the images that excite a neuron most: a table here, a gallery in a file.

    Parameters
    ----------
    neuron : Neuron
        LAYER:UNIT, such as visual.layer4:89.
    count : int
        Images at each end.
    """
    from neurons.recipes.neuron_report import gallery

    path = to.file(f"{neuron.layer}-{neuron.unit}.html")
    opened = neurons.Activations.open(run)
    opened.check(neuron)
    written, found = gallery(
        path, opened, neuron, image_set=images.of(opened), count=count, replace=to.replace
    )
    out_console.print(Text(str(neuron), style="bold"), found)
    say_path("gallery", written)
