"""Which units is a word made of, as far as they tell it from the other words of a list?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neurons.activations.equation_blocks import steps_table, terms_blocks
from neurons.activations.equation_terms import STABLE, Step, Term, nearest, steps_of, terms_of
from neurons.activations.writing_units import WritingUnits
from neurons.errors import OptionError
from neurons.readouts.unit_directions import UnitDirections
from neurons.readouts.word_fit import (
    fit_word,
    held_out_auc,
    mixed_words,
    shares_of_resamples,
)
from neurons.readouts.word_texts import FamiliesTogether, WordTexts
from neurons.results.blocks import Block, Note
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import p_of_draws

Progress = Callable[[int, int], None]

# from the smallest strength at which no unit is used down to a twentieth of it
_SHARES = tuple(float(each) for each in np.geomspace(0.8, 0.05, 8))
_ALPHA = 0.05
_FEWEST = 20


def word_equation(
    directions: UnitDirections,
    texts: WordTexts,
    word: str,
    *,
    n_units: float = 3,
    n_resamples: int = 100,
    n_mixed: int = 39,
    writing: WritingUnits | None = None,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> WordEquation:
    """Write a word as a sparse sum of units: what tells it from the other words of the list.

    Parameters
    ----------
    directions : UnitDirections
        Where each unit of a layer points, by a linear form of the readout.
    texts : WordTexts
        The list's words in the same space.
    word : str
        One of the list.
    n_units : float > 0
        Of the strengths that are tried, the one whose equation has about as many units is shown.
    n_resamples : int >= 20
        How often other words and prompts are drawn anew.
    n_mixed : int >= 20
        Mixed words, another one in each prompt, that take the same exam.
    writing : WritingUnits, optional
        Which of the layer's units written words excite, to mark them.
    seed : int
    progress : callable
        Takes how many of how many fits are done.

    Returns
    -------
    WordEquation

    Raises
    ------
    OptionError
        If the list has no such word, an option makes no sense, or the texts lie in another space.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021: L1 logistic
    regression on three prompts a word; which units come back, and the exam, are ours.
    """
    at = texts.listed.index(word)
    _check(directions, n_units, n_resamples, n_mixed, writing)
    weights = texts.unit_weights(directions)
    fitted = fit_word(weights, at, _SHARES)
    chosen = nearest(fitted, n_units)
    own, share = fitted.coefficients[chosen], fitted.strengths[chosen]
    total = n_resamples + n_mixed
    came_back = shares_of_resamples(
        weights,
        at,
        share * fitted.first,
        own,
        n_resamples=n_resamples,
        seed=seed,
        progress=lambda done, of: progress(done, total),
    )
    mixed = []
    for done, other in enumerate(mixed_words(weights, at, n_mixed, seed=seed)):
        mixed.append(held_out_auc(other, 0, share, seed=seed + done))
        progress(n_resamples + done + 1, total)
    auc = held_out_auc(weights, at, share, seed=seed)
    return WordEquation(
        provenance={"model": dict(texts.model), "words": list(texts.listed.words)},
        word=texts.listed.words[at],
        layer=directions.layer,
        level=directions.level,
        leaves_out=directions.leaves_out,
        held_out_r=directions.held_out_r,
        holds=directions.holds,
        n_words=len(texts.listed.words),
        prompts=texts.listed.prompts,
        n_units=weights.shape[2],
        n_resamples=n_resamples,
        terms=terms_of(own, came_back, weights, at, writing),
        steps=steps_of(fitted, chosen),
        auc=auc,
        mixed_auc=float(np.mean(mixed)),
        mixed_largest=float(np.max(mixed)),
        p_value=p_of_draws(auc, mixed),
        families=texts.families_together(seed=seed),
        writing="" if writing is None else writing.how,
    )


@dataclass(frozen=True)
class WordEquation(Result):
    """A word as a sparse sum of units.

    Parameters
    ----------
    word, layer : str
    level, leaves_out, held_out_r, holds
        The linear form of the readout, as `UnitDirections` has it.
    n_words, n_units, n_resamples : int
    prompts : tuple of str
    terms : tuple of Term
        The largest coefficient first.
    steps : tuple of Step
        Descending strengths.
    auc : float in [0, 1]
        Share of held-out words below the word in a held-out prompt.
    mixed_auc, mixed_largest : float in [0, 1]
        The same of mixed words, which are another word in each prompt: mean and largest.
    p_value : float in (0, 1]
        Of the word's among the mixed ones'.
    families : FamiliesTogether, optional
        Whether the model holds the families of the list together.
    writing : str
        How it was measured which units written words excite; empty if it was not.
    """

    word: str
    layer: str
    level: str
    leaves_out: str
    held_out_r: float
    holds: bool
    n_words: int
    prompts: tuple[str, ...]
    n_units: int
    n_resamples: int
    terms: tuple[Term, ...]
    steps: tuple[Step, ...]
    auc: float
    mixed_auc: float
    mixed_largest: float
    p_value: float
    families: FamiliesTogether | None = None
    writing: str = ""

    def neurons(self) -> tuple[str, ...]:
        """Give the addresses of its stable units, the largest coefficient first.

        None if the equation does not find its word.
        """
        held = self.terms if self.passes else ()
        return tuple(f"{self.layer}:{each.unit}" for each in held if each.stable)

    def equation(self) -> str:
        """Write it as a line, such as ``bored = 1.2 visual.layer4:5 - 0.4 visual.layer4:40``."""
        parts = [
            f"{'+' if each.coefficient > 0 else '-'} {abs(each.coefficient):.2g} "
            f"{self.layer}:{each.unit}"
            for each in self.terms
        ]
        return f"{self.word} = {' '.join(parts).removeprefix('+ ') or '0'}"

    @property
    def passes(self) -> bool:
        """Whether it finds its word in a prompt, and among words, that it has not seen."""
        return self.p_value <= _ALPHA

    @property
    def title(self) -> str:
        """The word."""
        return f"Equation of {self.word}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Words, units, and how many of them are stable."""
        return (
            ("words compared", f"{self.n_words:,}"),
            ("units", f"{len(self.terms):,} of {self.n_units:,}"),
            ("stable units", f"{len(self.neurons()):,}"),
            ("found in held-out words", f"{self.auc:.2f}"),
        )

    def verdict(self) -> str:
        """Write the equation; before it, if so, that it means nothing."""
        others = self.n_words - 1
        most = max((each.came_back for each in self.terms), default=0.0)
        exam = (
            f"in a prompt that it has not seen it puts {self.word!r} above {self.auc:.0%} of words "
            f"that it has not seen; mixed words, another one in each prompt, reach "
            f"{self.mixed_auc:.0%} on average (p = {self.p_value:.2g})"
        )
        says = f"It tells {self.word!r} from the {others} other words of this list, and no more"
        doubts = ""
        if not self.holds:
            doubts += (
                f"The readout is not linear here (r = {self.held_out_r:.2f} on held-out images, by "
                f"{self.level}): units' weights say little. "
            )
        if not any(each.stable for each in self.terms):
            doubts += (
                f"Nothing is stable: of {len(self.terms)} units none came back in {STABLE:.0%} of "
                f"{self.n_resamples} resamples of words and prompts (the most: {most:.0%}). "
            )
        elif not self.passes:
            doubts += (
                "The equation does not find its word: it does no better than the equations of "
                "mixed words do with theirs. "
            )
        return f"{doubts}{self.equation()}. {says}: {exam}.{self._unknown()}"

    def _unknown(self) -> str:
        if self.families is None or self.families.p_value <= _ALPHA:
            return ""
        return (
            f" The model may not know these words: it holds those of a family no nearer together "
            f"than others (difference of cosines {self.families.difference:.3f}, "
            f"p = {self.families.p_value:.2g})."
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show what it says, the terms, how often they came back, and other strengths."""
        note = (
            f"A unit stands here because its weight in the text's score tells {self.word!r} from "
            f"the other words of this list; another list gives another equation, and an invented "
            f"word gets one, too."
        )
        return (
            Note(note),
            *terms_blocks(self.terms, self.layer, self.n_words, self.n_resamples, self.writing),
            steps_table(self.steps),
        )

    def rows(self) -> Sequence[Row]:
        """One row per unit."""
        return [
            {
                "word": self.word,
                "neuron": f"{self.layer}:{each.unit}",
                "coefficient": each.coefficient,
                "came_back": each.came_back,
                "stable": each.stable,
                "weight": each.weight,
                "rank": each.rank,
                "share_of_writing": None if each.reads is None else each.reads.value,
                "marked_as_reading": each.marked,
                "n_words": self.n_words,
                "n_resamples": self.n_resamples,
                "auc": self.auc,
                "mixed_auc": self.mixed_auc,
                "p_value": self.p_value,
            }
            for each in self.terms
        ]


def _check(
    directions: UnitDirections,
    n_units: float,
    n_resamples: int,
    n_mixed: int,
    writing: WritingUnits | None,
) -> None:
    """Refuse numbers that make no sense, and written words that excited another layer."""
    if n_units <= 0 or min(n_resamples, n_mixed) < _FEWEST:
        raise OptionError(
            f"{n_units:g} units, {n_resamples} resamples, {n_mixed} mixed words: more than 0 "
            f"units, {_FEWEST} or more of the others"
        )
    if writing is not None and writing.layer != directions.layer:
        raise OptionError(f"written words were measured in {writing.layer}, not {directions.layer}")
