"""How are the texts that a unit asks for drawn: captions, and texts from natural to extreme?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurons.readouts.asked_texts import AskedText, asked_table
from neurons.results.blocks import Bars, Block, Curve


def captions_bars(
    captions: Sequence[AskedText], random_best: float, told: str, readout: str
) -> Bars:
    """Draw the captions that a unit asks for, beside what random directions get.

    Parameters
    ----------
    captions : sequence of AskedText
    random_best : float
        Mean best score of random directions.
    told : str
        How many captions of what, such as ``962 captions of the drawn world``.
    readout : str
        By which linear form, and what it leaves out.
    """
    return Bars(
        "What it asks for in words",
        tuple(each.text for each in captions),
        tuple(each.score for each in captions),
        "score",
        reference=random_best,
        note=f"The captions furthest along its direction, of {told}. "
        f"The line is the mean best score of random mixtures of the layer's units. Readout: "
        f"{readout}.",
    )


def beside_random(n: int, prior: str, natural: float) -> str:
    """Say what z and perplexity stand beside, of so many random directions."""
    told = f"z: beside what {n} random mixtures of the layer's units get in the same way."
    if not np.isnan(natural):
        return (
            f"{told} Median perplexity of captions that the prior ({prior}) does not "
            f"know: {natural:.3g}."
        )
    return f"{told} Prior: {prior}." if prior else told


def frontier_blocks(
    frontier: Sequence[AskedText], prior: str, natural: float, n_random: int
) -> tuple[Block, ...]:
    """Draw searched texts from natural to extreme; nothing where none were searched.

    Parameters
    ----------
    frontier : sequence of AskedText
    prior : str
        What says how natural texts are.
    natural : float
        Median perplexity of captions that it does not know; nan where there are none.
    n_random : int
        Random directions under the same search.
    """
    if not frontier:
        return ()
    ordered = sorted(frontier, key=lambda each: each.perplexity)
    return (
        Curve(
            "From natural to extreme",
            tuple(float(np.log(each.perplexity)) for each in ordered),
            tuple(each.score for each in ordered),
            "cross-entropy, nats per token",
            "score",
            note=f"Each point is a text that no other text beats in both, as far as was "
            f"searched, but for captions that the prior was fitted on. Naturalness: "
            f"{prior}.",
            points=True,
        ),
        asked_table(
            "Searched texts, from natural to extreme",
            ordered,
            beside_random(n_random, prior, natural),
        ),
    )
