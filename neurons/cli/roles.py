"""Which classes does a neuron serve?"""

from __future__ import annotations

import neurons
from neurons.cli.options import NeuronAddress, ProbePath, RunImageOptions, RunOption
from neurons.cli.terminal import out_console


def roles(
    probe: ProbePath,
    neuron: NeuronAddress,
    /,
    *,
    run: RunOption = None,
    images: RunImageOptions = RunImageOptions(),
) -> None:
    """List the classes that a neuron serves, and what each loses without it.

    Parameters
    ----------
    neuron : Neuron
        LAYER:UNIT of the layer that was probed.
    run : Path, optional
        The probe's run; default: where it lay then.
    """
    from neurons.recipes.probe_pages import open_probe

    found, opened = open_probe(probe, run=run)
    out_console.print(neurons.roles(found, opened, images.of(opened), neuron))
