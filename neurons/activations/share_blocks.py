"""What does a unit add to one image's score for a text, and how is it shown?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurons.activations.told_units import ToldUnit
from neurons.data.decoding import Pixels
from neurons.data.overlay import overlaid
from neurons.data.thumbnails import thumbnail
from neurons.readouts.text_shares import TextShares
from neurons.results.blocks import Beside, Gallery, Table, Tile

# units that get a map of their own
_MAPS = 5


@dataclass(frozen=True)
class UnitShare:
    """A unit, and what it adds to one image's score for a text.

    Parameters
    ----------
    unit : ToldUnit
    share : float
        At all places together, in units of the score.
    activation : float
        Mean over its places in this image.
    row, column : int
        The place where it adds most, from 0, the first row at the top; -1 where there is one place.
    overlay : bytes
        Its own shares on the image; empty for units further down, and where there is one place.
    """

    unit: ToldUnit
    share: float
    activation: float
    row: int
    column: int
    overlay: bytes


def unit_shares(
    told: Sequence[ToldUnit], order: Sequence[int], parted: TextShares, seen: Pixels
) -> tuple[UnitShare, ...]:
    """Gather what units add to one image's score, the first five with a map.

    Parameters
    ----------
    told : sequence of ToldUnit
    order : sequence of int
        Their numbers.
    parted : TextShares
    seen : ndarray of uint8, (H, W, 3)
        The network's input.
    """
    maps, found = parted.maps, []
    # one scale for all, so that what adds little looks little
    largest = float(np.abs(maps[list(order)]).max())
    for i, (each, unit) in enumerate(zip(told, order, strict=True)):
        placed = maps[unit].size > 1
        row, column = divmod(int(maps[unit].argmax()), maps.shape[2]) if placed else (-1, -1)
        overlay = (
            thumbnail(overlaid(seen, maps[unit], largest=largest)) if placed and i < _MAPS else b""
        )
        share, activation = parted.of_units[unit], parted.activations[unit].mean()
        found.append(UnitShare(each, float(share), float(activation), row, column, overlay))
    return tuple(found)


def share_maps(
    units: Sequence[UnitShare], whole: Tile, plain: Tile, class_token: float
) -> Beside | Gallery:
    """Show all places beside those of single units.

    Parameters
    ----------
    units : sequence of UnitShare
    whole, plain : Tile
        What all units add, on the network's input; and the input alone.
    class_token : float
        Of all shares, those that have no place.
    """
    left = Gallery("", (plain, whole), large=True)
    shown = [each for each in units if each.overlay]
    if not shown:
        note = "These units have no place: only the class token is read."
        return Gallery("The image", (plain,), note, large=True)
    right = Gallery(
        "The units that add most",
        tuple(Tile(e.overlay, f"{e.share:+.3f}", e.unit.called) for e in shown),
    )
    token = f" In the class token: {class_token:+.3f}." if class_token else ""
    note = (
        f"Orange places speak for the text, blue ones against it. All units together have a "
        f"scale of their own, single units share one.{token}"
    )
    return Beside("Which places speak for it, and through which units", left, right, note)


def shares_table(
    units: Sequence[UnitShare],
    layer: str,
    size: tuple[int, int],
    *,
    others: float,
    rest: float,
    total: float,
) -> Table:
    """List the units' shares, all others, the rest, and their sum.

    Parameters
    ----------
    units : sequence of UnitShare
    layer : str
    size : tuple of int
        Height and width of the map.
    others, rest, total : float
        What all other units add, what does not come through units, and the sum of everything.
    """
    return Table(
        "Units that speak for it",
        ("neuron", "name", "share", "activation", "row, column", "words it speaks for here"),
        (
            *(
                (
                    each.unit.neuron,
                    each.unit.name or "-",
                    f"{each.share:+.4f}",
                    f"{each.activation:.3g}",
                    f"{each.row + 1}, {each.column + 1}" if each.row >= 0 else "-",
                    ", ".join(each.unit.words),
                )
                for each in units
            ),
            ("all other units", "-", f"{others:+.4f}", "-", "-", "-"),
            ("rest", "-", f"{rest:+.4f}", "-", "-", "-"),
            ("sum", "-", f"{total:+.4f}", "-", "-", "-"),
        ),
        f"Of {size[0]} rows and {size[1]} columns the place where the "
        f"unit adds most. Rest: what does not come through units of {layer}, such as "
        f"biases.",
    )
