"""Which of the searched texts lie on the way from natural to extreme, and what are they worth?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurons.network.text_tokens import TextTokens
from neurons.network.token_gradients import TextTower
from neurons.readouts.naturalness import Naturalness
from neurons.readouts.text_candidates import (
    BestTexts,
    TextCandidates,
    Vectors,
    best_texts,
    random_directions,
)
from neurons.readouts.text_search import (
    Progress,
    SearchedTexts,
    SearchSettings,
    search_texts,
)
from neurons.readouts.unit_directions import UnitDirections, unit_length
from neurons.stats import p_of_draws

# captions of each direction that a search begins with
_N_FIRST = 5
_NAN = float("nan")


@dataclass(frozen=True)
class FoundText:
    """A text for a direction, beside random directions that were asked in the same way.

    Parameters
    ----------
    text : str
    score : float
    z : float
        Standard deviations above the mean of the random directions' scores.
    p_value : float in (0, 1]
        Share of random directions, this one counted in, that get as much.
    cross_entropy : float
        In nats per token; nan where nothing says how natural texts are.
    weight : float
        The lambda that chose it; nan if none did.
    """

    text: str
    score: float
    z: float
    p_value: float
    cross_entropy: float
    weight: float = _NAN

    @classmethod
    def beside(
        cls, text: str, score: float, controls: Vectors, cross_entropy: float, weight: float = _NAN
    ) -> FoundText:
        """Compare a score with those of random directions, (directions,)."""
        spread = max(float(controls.std(ddof=1)), 1e-12)
        z = (score - float(controls.mean())) / spread
        return cls(text, score, z, p_of_draws(score, controls), cross_entropy, weight)


def captions_found(
    candidates: TextCandidates, ranked: BestTexts, at: int, judged: Naturalness | None
) -> list[FoundText]:
    """Give the best captions of one direction, the best first.

    Parameters
    ----------
    candidates : TextCandidates
    ranked : BestTexts
    at : int
        Which of the directions.
    judged : Naturalness or None
        None where nothing says how natural texts are.
    """
    texts = [candidates.texts[i] for i in ranked.order[at].tolist()]
    entropy = np.full(len(texts), _NAN) if judged is None else judged.of_texts(texts)
    return [
        FoundText.beside(text, float(score), ranked.random_best, float(each))
        for text, score, each in zip(texts, ranked.scores[at], entropy, strict=True)
    ]


def searched_for(
    tower: TextTower,
    judged: Naturalness,
    directions: UnitDirections,
    unit: int,
    candidates: TextCandidates,
    *,
    settings: SearchSettings,
    n_random: int,
    seed: int,
    progress: Progress,
) -> SearchedTexts:
    """Search texts for a unit, and with it for random directions; each begins with its captions.

    Parameters
    ----------
    tower : TextTower
    judged : Naturalness
    directions : UnitDirections
    unit : int
    candidates : TextCandidates
    settings : SearchSettings
    n_random : int >= 2
    seed : int
    progress : callable

    Returns
    -------
    SearchedTexts
        The unit's scores come first.
    """
    mine = unit_length(directions.of(unit)[None])
    both = np.concatenate([mine, random_directions(directions.vectors, n_random, seed=seed + 1)])
    best = best_texts(candidates, both, count=_N_FIRST, seed=seed).order
    first = [tower.tokens.ids(candidates.texts[i]) for i in dict.fromkeys(best.ravel().tolist())]
    return search_texts(
        tower,
        judged.prior,
        both,
        candidates.mean,
        first,
        settings=settings,
        seed=seed,
        progress=progress,
    )


def frontier(whole: SearchedTexts, tokens: TextTokens, natural: float) -> Sequence[FoundText]:
    """Give the first direction's text of each lambda, and its best as natural as captions.

    Parameters
    ----------
    whole : SearchedTexts
        The other directions are the controls, of two or more.
    tokens : TextTokens
    natural : float
        Cross-entropy of captions; nan where it is not known.

    Returns
    -------
    sequence of FoundText
        Each text once, the most natural first.
    """
    chosen = whole.chosen()
    asked = [(chosen[:, k], weight) for k, weight in enumerate(whole.lambdas)]
    if (whole.cross_entropy <= natural).any():
        asked.append((whole.natural(natural), _NAN))
    found: dict[int, FoundText] = {}
    for rows, weight in asked:
        at = int(rows[0])
        if at not in found:
            found[at] = FoundText.beside(
                tokens.text(whole.ids[at]),
                float(whole.scores[at, 0]),
                whole.scores[rows[1:], np.arange(1, len(rows))],
                float(whole.cross_entropy[at]),
                weight,
            )
    return sorted(found.values(), key=lambda each: each.cross_entropy)
