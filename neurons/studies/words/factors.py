"""Which words of a list share units, and what do they share?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score

from neurons.errors import OptionError
from neurons.readouts.nonnegative_factors import (
    Numbers,
    agreement,
    explained_share,
    factors,
    shuffled_columns,
)
from neurons.readouts.unit_directions import UnitDirections
from neurons.readouts.word_texts import WordTexts
from neurons.results.blocks import Block, Note, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import p_of_draws

Progress = Callable[[int, int], None]
COUNTS = (2, 3, 4, 5, 6, 7)
_WORDS_SHOWN, _UNITS_SHOWN, _FEWEST, _N_PERMUTATIONS, _ALPHA = 12, 3, 5, 200, 0.05
# tables whose units are shuffled over words: of fewer none can show a p of 0.05
_N_SHUFFLED = 19


def word_factors(
    directions: UnitDirections,
    texts: WordTexts,
    *,
    counts: Sequence[int] = (),
    n_resamples: int = 10,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> WordFactors:
    """Map a list: words with the same factor ask for the same units.

    Parameters
    ----------
    directions : UnitDirections
    texts : WordTexts
    counts : sequence of int >= 2
        Numbers of factors that are tried; default: 2 to 7, and fewer than words. Shown is the one
        whose factors come back best, beside those of tables that have no structure; the choice is
        repeated on each of these for the p value.
    n_resamples : int >= 5
        How often words and prompts are drawn anew.
    seed : int
    progress : callable
        Takes how many of how many numbers are done.

    Returns
    -------
    WordFactors

    Raises
    ------
    OptionError
        If an option makes no sense.

    References
    ----------
    Lee and Seung, "Learning the parts of objects by non-negative matrix factorization", Nature
    1999; Goh et al. 2021 map feelings in this way.
    """
    most = len(texts.listed.words) - 1
    counts = counts or [count for count in COUNTS if count <= most]
    if min(counts) < 2 or max(counts) > most or n_resamples < _FEWEST:
        raise OptionError(
            f"{list(counts)} factors, {n_resamples} resamples: 2 to {most} factors for "
            f"{most + 1} words, and {_FEWEST} resamples or more"
        )
    weights = texts.unit_weights(directions)
    # what a unit adds to a word's score; what it takes away is no part of it
    table = _table(weights)
    steps, parts, chance = [], {}, []
    for done, count in enumerate(counts):
        loads, own = factors(table, count)
        parts[count] = (loads, own)
        again = _again(weights, own, n_resamples, np.random.default_rng(seed))
        chance.append(_of_shuffled(weights, count, seed))
        share = explained_share(table, loads, own)
        steps.append(FactorStep(count, share, again, float(np.mean(chance[-1]))))
        progress(done + 1, len(counts))
    best = max(steps, key=lambda each: each.came_back - each.shuffled)
    loads, own = parts[best.count]
    belongs = loads.argmax(1)
    found = tuple(
        _factor(k, loads, own, belongs, texts.listed.words, directions.layer)
        for k in range(best.count)
    )
    shared, p_value = _families(texts, belongs, seed)
    return WordFactors(
        provenance={"model": dict(texts.model), "words": list(texts.listed.words)},
        layer=directions.layer,
        n_words=len(table),
        holds=directions.holds,
        count=best.count,
        factors=found,
        steps=tuple(steps),
        p_value=p_of_draws(best.came_back - best.shuffled, _largest_gaps(np.array(chance))),
        families=shared,
        families_p=p_value,
    )


@dataclass(frozen=True)
class Factor:
    """Words that share units, and those units.

    Parameters
    ----------
    words : tuple of str
        Of which this is the largest factor, the strongest first.
    units : tuple of str
        Addresses of its largest units.
    weights : tuple of float
        Theirs, of a vector of length 1.
    """

    words: tuple[str, ...]
    units: tuple[str, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class FactorStep:
    """One number of factors.

    Parameters
    ----------
    count : int
    explained : float in [0, 1]
        Share of the squares of the weights above 0.
    came_back : float in [0, 1]
        Mean cosine of factors with those of resamples of words and prompts.
    shuffled : float in [0, 1]
        The same of 19 tables whose units are shuffled over words, each by itself.
    """

    count: int
    explained: float
    came_back: float
    shuffled: float


@dataclass(frozen=True)
class WordFactors(Result):
    """The map of a list of words.

    Parameters
    ----------
    layer : str
    n_words : int
    holds : bool
        Whether the linear form of the readout holds.
    count : int
        Factors that are shown.
    factors : tuple of Factor
    steps : tuple of FactorStep
    p_value : float in (0, 1]
        Share of shuffled tables, this one counted in, whose factors come back as far above those of
        the others, at the number of factors that is best for them.
    families : float in [-1, 1]
        Adjusted mutual information of factors and families, 0 by chance; nan without families.
    families_p : float in (0, 1]
        By permuting families; nan without.
    """

    layer: str
    n_words: int
    holds: bool
    count: int
    factors: tuple[Factor, ...]
    steps: tuple[FactorStep, ...]
    p_value: float
    families: float
    families_p: float

    @property
    def title(self) -> str:
        """How many words."""
        return f"Map of {self.n_words:,} words"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Factors, and how well they come back."""
        shown = self._shown()
        return (
            ("factors", f"{self.count}"),
            ("came back", f"{shown.came_back:.2f}"),
            ("shuffled", f"{shown.shuffled:.2f}"),
        )

    def verdict(self) -> str:
        """Say how many factors come back; first, if so, that they do no better than chance."""
        shown = self._shown()
        doubt = "" if self.holds else "The readout is not linear here: units' weights say little. "
        if self.p_value > _ALPHA:
            doubt += "There are no factors: those of shuffled tables come back as well. "
        told = (
            f"{self.count} factors come back best: cosine {shown.came_back:.2f} in resamples of "
            f"words and prompts, {shown.shuffled:.2f} where units are shuffled over words (p = "
            f"{self.p_value:.2g}, for the best of {len(self.steps)} numbers of factors); they "
            f"explain {shown.explained:.0%}."
        )
        if np.isnan(self.families):
            return doubt + told
        known = "" if self.families_p <= _ALPHA else "do not "
        return (
            f"{doubt}{told} They {known}follow the list's families (adjusted mutual information "
            f"{self.families:.2f}, p = {self.families_p:.2g})."
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show each factor's words and units, and the other numbers of factors."""
        rows = tuple(
            (
                f"{k + 1}",
                ", ".join(each.words[:_WORDS_SHOWN])
                + (
                    f" and {len(each.words) - _WORDS_SHOWN} more"
                    if len(each.words) > _WORDS_SHOWN
                    else ""
                ),
                ", ".join(each.units),
            )
            for k, each in enumerate(self.factors)
        )
        steps = tuple(
            (
                f"{each.count}",
                f"{each.explained:.2f}",
                f"{each.came_back:.2f}",
                f"{each.shuffled:.2f}",
                "shown" if each.count == self.count else "",
            )
            for each in self.steps
        )
        return (
            Note("Words of one factor ask for the same units. A factor need not mean anything."),
            Table("Words by factor", ("factor", "words, the strongest first", "units"), rows),
            Table(
                "How many factors",
                ("factors", "explained", "came back", "shuffled", ""),
                steps,
                "Explained: share of squares. Came back: mean cosine with factors of resamples. "
                f"Shuffled: the same where each unit's weights are shuffled over words, mean of "
                f"{_N_SHUFFLED} such tables. For the best of these numbers p = {self.p_value:.2g}: "
                f"of each shuffled table its own best is taken.",
            ),
        )

    def rows(self) -> Sequence[Row]:
        """One row per word, with its factor."""
        return [
            {"word": word, "factor": k + 1, "place": place + 1, "units": each.units}
            for k, each in enumerate(self.factors)
            for place, word in enumerate(each.words)
        ]

    def _shown(self) -> FactorStep:
        return next(each for each in self.steps if each.count == self.count)


def _table(weights: NDArray[Any]) -> Numbers:
    """Give what each unit adds to each word's score, (words, units); what it takes is left out."""
    found: Numbers = np.maximum(weights.mean(1), 0).astype(np.float64)
    return found


def _again(
    weights: NDArray[Any], own: Numbers, n_resamples: int, random: np.random.Generator
) -> float:
    """Give how well factors come back in resamples of words and prompts."""
    found = []
    for _ in range(n_resamples):
        words, prompts = _drawn(random, *weights.shape[:2])
        again = factors(_table(weights[words][:, prompts]), len(own))[1]
        found.append(agreement(own, again))
    return float(np.mean(found))


def _of_shuffled(weights: NDArray[Any], count: int, seed: int) -> list[float]:
    """Give how well factors come back of tables in which there is nothing to come back.

    Of each in one resample, which differs more than a mean of several does: the p value is on the
    safe side. The tables are the same ones for each number of factors.
    """
    found = []
    for k in range(_N_SHUFFLED):
        random = np.random.default_rng((seed, k))
        mixed = shuffled_columns(weights, random)
        found.append(_again(mixed, factors(_table(mixed), count)[1], 1, random))
    return found


def _largest_gaps(chance: Numbers) -> Numbers:
    """Give the largest gap of each shuffled table above the others, (counts, tables) to (tables,).

    It is found as that of the list is: over all numbers of factors.
    """
    n = chance.shape[1]
    others = (chance.sum(1, keepdims=True) - chance) / (n - 1)
    found: Numbers = (chance - others).max(0)
    return found


def _drawn(
    random: np.random.Generator, n_words: int, n_prompts: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    return random.integers(0, n_words, n_words), random.integers(0, n_prompts, n_prompts)


def _factor(
    k: int, loads: Numbers, own: Numbers, belongs: NDArray[Any], words: Sequence[str], layer: str
) -> Factor:
    mine = np.flatnonzero(belongs == k)
    mine = mine[np.argsort(-loads[mine, k], kind="stable")]
    units = np.argsort(-own[k], kind="stable")[:_UNITS_SHOWN].tolist()
    return Factor(
        tuple(words[i] for i in mine.tolist()),
        tuple(f"{layer}:{unit}" for unit in units),
        tuple(float(own[k, unit]) for unit in units),
    )


def _families(texts: WordTexts, belongs: NDArray[Any], seed: int) -> tuple[float, float]:
    if not texts.listed.has_families:
        return float("nan"), float("nan")
    random, names = np.random.default_rng(seed), np.array(texts.listed.families)
    found = float(adjusted_mutual_info_score(names, belongs))
    draws = [
        float(adjusted_mutual_info_score(random.permutation(names), belongs))
        for _ in range(_N_PERMUTATIONS)
    ]
    return found, p_of_draws(found, draws)
