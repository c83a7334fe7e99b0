"""How is the equation of a word shown: its terms, how often they came back, other strengths?"""

from __future__ import annotations

from collections.abc import Sequence

from neurons.activations.equation_terms import STABLE, Step, Term
from neurons.results.blocks import Bars, Block, Table


def terms_blocks(
    terms: Sequence[Term], layer: str, n_words: int, n_resamples: int, writing: str
) -> tuple[Block, ...]:
    """Show how often each unit came back, and the terms; nothing where there are none.

    Parameters
    ----------
    terms : sequence of Term
    layer : str
    n_words, n_resamples : int
    writing : str
        How it was measured which units written words excite; empty if it was not.
    """
    if not terms:
        return ()
    bars = Bars(
        "How often each unit came back",
        tuple(f"{_sign(each)} {layer}:{each.unit}" for each in terms),
        tuple(each.came_back for each in terms),
        f"share of {n_resamples} resamples of words and prompts",
        reference=STABLE,
        note=f"With the same sign. The line: {STABLE:g}, from which on a unit is stable. One "
        "other word is missing from 36 % of resamples, so a unit that is there only because "
        "of that word comes back in at most about 0.64.",
    )
    return (bars, _table(terms, layer, n_words, writing))


def steps_table(steps: Sequence[Step]) -> Table:
    """List the equations at other strengths."""
    return Table(
        "At other strengths",
        ("strength", "units", "below 0", "gap", ""),
        tuple(
            (
                f"{each.strength:.3f}",
                f"{each.units}",
                f"{each.negative}",
                f"{each.gap:.1e}",
                "shown" if each.shown else "",
            )
            for each in steps
        ),
        "Strength: in shares of the smallest at which no unit is used. Gap: how far from the "
        "best equation of this strength it can be, in shares of the objective.",
    )


def _table(terms: Sequence[Term], layer: str, n_words: int, writing: str) -> Table:
    note = (
        "Coefficient: change of the log odds that a text has the word, for one standard "
        "deviation more in the unit's weight. Rank: place of the word among all words by that "
        "weight. "
    )
    return Table(
        "The terms",
        ("unit", "coefficient", "came back", "rank of the word", "written words"),
        tuple(
            (
                f"{layer}:{each.unit}",
                f"{each.coefficient:+.2f}",
                f"{each.came_back:.2f}",
                f"{each.rank} of {n_words}",
                _told_reading(each),
            )
            for each in terms
        ),
        note + (f"Written words: {writing}" if writing else ""),
    )


def _sign(term: Term) -> str:
    return "+" if term.coefficient > 0 else "-"


def _told_reading(term: Term) -> str:
    if term.reads is None:
        return "not measured"
    told = f"{term.reads.successes} of {term.reads.n}"
    return f"reads: {told}" if term.marked else told
