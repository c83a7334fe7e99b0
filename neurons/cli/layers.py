"""Which layers does a model have?"""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

import neurons
from neurons.cli.options import DeviceOptions, ModelArgument
from neurons.cli.terminal import out_console, table


def layers(
    model: ModelArgument,
    /,
    *,
    every: Annotated[bool, Parameter(name="--all")] = False,
    on: DeviceOptions = DeviceOptions(),
) -> None:
    """List a model's layers: their units, their maps, and whether a class token is kept apart.

    Parameters
    ----------
    every : bool
        Every module, not only blocks.
    """
    found = neurons.layers(on.load(model))
    shown = [layer for layer in found if every or layer.is_block]
    listed = table("layer", "units", "map", "CLS", "kind")
    for layer in shown:
        layout = layer.layout
        places = f"{layout.height} x {layout.width}" if layout.height * layout.width > 1 else "-"
        token = "yes" if layout.prefix else "-"
        listed.add_row(Text(layer.path), f"{layer.units:,}", places, token, layer.kind)
    out_console.print(listed)
    if len(shown) < len(found):
        out_console.print(f"{len(shown)} blocks of {len(found)} layers; --all lists the others.")
