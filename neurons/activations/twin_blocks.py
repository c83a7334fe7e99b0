"""How are pairs of units of two systems shown: how alike they are, and which are twins?"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from neurons.activations.twin_pairs import ALPHA, TwinPair
from neurons.results.blocks import Bars, Table

_BINS, _MOST_ROWS = 20, 50


def histogram(pairs: Sequence[TwinPair], note: str) -> Bars:
    """Count pairs by their correlation.

    Parameters
    ----------
    pairs : sequence of TwinPair
    note : str
        What the controls give.
    """
    edges = np.linspace(-1, 1, _BINS + 1)
    counts = np.histogram([each.strength for each in pairs], edges)[0] / len(pairs)
    return Bars(
        "How alike matched units are",
        tuple(f"{low:.2f} to {low + 2 / _BINS:.2f}" for low in edges[:-1]),
        tuple(counts.tolist()),
        "share of units, by the correlation with their pair, signed as on the other images",
        note=note,
    )


def pairs_table(pairs: Sequence[TwinPair], passing: Collection[TwinPair], soft: str) -> Table:
    """Show the first 50 pairs with all numbers.

    Parameters
    ----------
    pairs : sequence of TwinPair
        In the order in which they are shown.
    passing : collection of TwinPair
        Those that are twins.
    soft : str
        What soft matching gives, after the note.
    """
    return Table(
        "Pairs, twins first",
        ("unit", "twin", "passes", "correlation", "margin", "random directions", "p", "p dir."),
        tuple(
            (
                each.neuron,
                each.twin,
                "yes" if each in passing else "no",
                each.interval.beside(each.correlation),
                f"{each.margin:.2f}",
                f"{each.rotated:.2f}",
                f"{each.p_value:.2g}",
                f"{each.p_rotated:.2g}",
            )
            for each in pairs[:_MOST_ROWS]
        ),
        f"The first {min(_MOST_ROWS, len(pairs)):,} of {len(pairs):,}; all are in the table of the "
        f"result. A pair passes if it correlates more than any pair with permuted images (p at "
        f"most {ALPHA}), more than with {1 - ALPHA:.0%} of random directions, and its margin over "
        f"the next unit is positive, all on images that did not match it.{soft}",
    )
