"""How are maps between two systems shown: what each carries, beside permuted images?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurons.activations.fitted_bridges import BridgeOutcome
from neurons.results.blocks import Dots, Panel, Table
from neurons.stats import Share


@dataclass(frozen=True)
class Judged:
    """By whose readout mapped rows are judged.

    Parameters
    ----------
    name : str
        The target.
    own : Share
        Images that its readout gives to their class by its own rows.
    class_counts : tuple of int
        Testing images of each class.
    """

    name: str
    own: Share
    class_counts: tuple[int, ...]


def bridge_dots(outcomes: Sequence[BridgeOutcome], judged: Judged | None) -> Dots:
    """Draw R2 of every map and, where there are classes, the share of right answers.

    Parameters
    ----------
    outcomes : sequence of BridgeOutcome
    judged : Judged or None
        None without a readout.
    """
    labels = tuple(each.method for each in outcomes)
    r2 = Panel(
        "variance",
        "R2 on other images",
        tuple(each.r2 for each in outcomes),
        tuple(each.interval.low for each in outcomes),
        tuple(each.interval.high for each in outcomes),
        tuple((each.r2_permuted,) for each in outcomes),
        reference=0.0,
    )
    if judged is None:
        return Dots("What the bridge carries", labels, (r2,), "permuted images")
    shares = [each.right for each in outcomes] + [judged.own]
    right = Panel(
        "classes",
        "share of images given to their class",
        tuple(each.value for each in shares),
        tuple(each.interval.low for each in shares),
        tuple(each.interval.high for each in shares),
        (*(each.right_permuted for each in outcomes), ()),
        reference=1 / len(judged.class_counts),
    )
    nan = float("nan")
    r2 = Panel(
        r2.name, r2.axis, (*r2.values, nan), (*r2.low, nan), (*r2.high, nan),
        (*r2.controls, ()), 0.0,
    )  # fmt: skip
    labels = (*labels, f"{judged.name} itself")
    return Dots("What the bridge carries", labels, (right, r2), "permuted images")


def bridge_table(
    outcomes: Sequence[BridgeOutcome], judged: Judged | None, n_permutations: int, note: str
) -> Table:
    """Show the numbers of every map beside permuted images.

    Parameters
    ----------
    outcomes : sequence of BridgeOutcome
    judged : Judged or None
    n_permutations : int
    note : str
        Which images fitted and tested.
    """
    heads: tuple[str, ...] = ("bridge", "R2", "R2 permuted", "p R2")
    cells = [
        (
            each.method,
            each.interval.beside(each.r2),
            f"{each.r2_permuted:.2f}",
            f"{each.p_r2:.2g}",
        )
        for each in outcomes
    ]
    if judged is None:
        return Table("Bridges", heads, tuple(cells), note)
    heads = (*heads, "right", "right permuted", "p right")
    more = [
        (str(each.right), f"{np.mean(each.right_permuted):.3f}", f"{each.p_right:.2g}")
        for each in outcomes
    ]
    rows = tuple((*first, *second) for first, second in zip(cells, more, strict=True))
    counts = judged.class_counts
    return Table(
        "Bridges",
        heads,
        rows,
        f"{note} Right: images whose mapped row the readout of {judged.name} gives to their "
        f"class; by its own rows {judged.own}. Guessing among {len(counts):,} classes gives "
        f"{1 / len(counts):.3f}, the largest class {max(counts) / sum(counts):.3f}. p: share of "
        f"{n_permutations} orders of the images that fit as well.",
    )
