"""Which of the searched texts lie on the way from natural to extreme, and what are they worth?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurons.errors import OptionError
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
# of fewer random directions neither a mean nor a spread says anything
_FEWEST_RANDOM = 5
# scores that differ by less are rounding
_EQUAL = 1e-6
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
    known : bool
        Whether the prior was fitted on it, so that its cross-entropy says little.
    """

    text: str
    score: float
    z: float
    p_value: float
    cross_entropy: float
    weight: float = _NAN
    known: bool = False

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
    entropy, known = np.full(len(texts), _NAN), np.zeros(len(texts), bool)
    if judged is not None:
        entropy = judged.of_texts(texts)
        known = judged.fitted_on([judged.tokens.ids(text) for text in texts])
    found = [
        FoundText.beside(text, float(score), ranked.random_best, float(each))
        for text, score, each in zip(texts, ranked.scores[at], entropy, strict=True)
    ]
    return [replace(each, known=bool(fit)) for each, fit in zip(found, known, strict=True)]


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
    n_random : int >= 5
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


def check_random(n_random: int) -> None:
    """Refuse too few random directions.

    Raises
    ------
    OptionError
        If there are fewer than five.
    """
    if n_random < _FEWEST_RANDOM:
        raise OptionError(
            f"{n_random} random directions: a search is compared with {_FEWEST_RANDOM} or more"
        )


def frontier(whole: SearchedTexts, judged: Naturalness) -> Sequence[FoundText]:
    """Give the first direction's text of each lambda, and its best as natural as captions.

    Captions that the prior was fitted on are left out, of all directions: to it they are natural,
    and a search that begins with captions would come back with them. Of the other texts none is
    both more natural and as strong as one that is given.

    Parameters
    ----------
    whole : SearchedTexts
        The other directions are the controls, of five or more.
    judged : Naturalness

    Returns
    -------
    sequence of FoundText
        Each text once, the most natural first; empty if there are only fitted captions.
    """
    new = whole.only(~judged.fitted_on(whole.ids))
    if not new.ids:
        return ()
    chosen = new.chosen()
    asked = [(chosen[:, k], weight) for k, weight in enumerate(new.lambdas)]
    if (new.cross_entropy <= judged.captions).any():
        asked.append((new.natural(judged.captions), _NAN))
    found: dict[int, FoundText] = {}
    for rows, weight in asked:
        at = _most_natural(new, int(rows[0]))
        if at not in found:
            found[at] = FoundText.beside(
                judged.tokens.text(new.ids[at]),
                float(new.scores[at, 0]),
                new.scores[rows[1:], np.arange(1, len(rows))],
                float(new.cross_entropy[at]),
                weight,
            )
    return sorted(found.values(), key=lambda each: each.cross_entropy)


def _most_natural(texts: SearchedTexts, at: int) -> int:
    """Give the most natural of the texts that score as high for the first direction as one does."""
    no_weaker = np.flatnonzero(texts.scores[:, 0] >= texts.scores[at, 0] - _EQUAL)
    return int(no_weaker[texts.cross_entropy[no_weaker].argmin()])
