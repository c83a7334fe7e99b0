"""Which units does a text ask for, and does it ask for them more than random directions do?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.text_tokens import check_lengths
from neurons.readouts.text_candidates import TextCandidates, Vectors, random_directions
from neurons.readouts.unit_directions import UnitDirections, unit_length

N_DRAWS = 999
_FEWEST_DRAWS = 19


@dataclass(frozen=True, eq=False)
class TextWeights:
    """What a text asks of each unit of a layer; arrays of (units,).

    Parameters
    ----------
    weights : ndarray of float32
        What one more in the unit's mean adds to the text's score.
    cosines : ndarray of float32
        Between the text's direction and the unit's: whatever the unit's own scale. 0 for a unit
        that adds nothing.
    z : ndarray of float64
        Standard deviations of the cosine above its mean over other words (or pairs of words).
    p_values : ndarray of float64
        Share of random directions, this one counted in, for which the best of all units has as
        large a cosine: below 0.05 for one text in 20 that no unit is for, however many units there
        are.
    random_best : ndarray of float32, (draws,)
        That best cosine.
    """

    weights: NDArray[np.float32]
    cosines: NDArray[np.float32]
    z: NDArray[np.float64]
    p_values: NDArray[np.float64]
    random_best: NDArray[np.float32]


def text_direction(
    text: Vectors, words: TextCandidates, against: Vectors | None = None
) -> NDArray[np.float32]:
    """Give the direction in which a text's score lies, (embedding,).

    Parameters
    ----------
    text : ndarray of float32, (embedding,)
        Its embedding, of any length.
    words : TextCandidates
        What they have in common is taken off: it says nothing of a text.
    against : ndarray of float32, (embedding,), optional
        Another text's embedding: its unit vector is taken off instead.

    Raises
    ------
    OptionError
        If nothing is left.
    """
    less = words.mean if against is None else unit_length(against[None])[0]
    found: NDArray[np.float32] = unit_length(text[None])[0] - less
    if np.linalg.norm(found) < 1e-4:
        raise OptionError("the model reads both texts alike: there is no direction between them")
    return found


def text_weights(
    directions: UnitDirections,
    direction: Vectors,
    words: TextCandidates,
    *,
    pairs: bool = False,
    alive: NDArray[np.bool_] | None = None,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> TextWeights:
    """Compare a text's direction with those of all units, beside words and random directions.

    Random directions are mixtures of the words' with Gaussian weights: they lie where texts lie,
    and are none.

    Parameters
    ----------
    directions : UnitDirections
    direction : ndarray of float32, (embedding,)
        As `text_direction` gives it.
    words : TextCandidates
    pairs : bool
        Whether the direction is a difference of two texts, which is compared with differences of
        two words.
    alive : ndarray of bool, (units,), optional
        Units that may be the best for a random direction; default: all.
    n_draws : int >= 19
    seed : int

    Raises
    ------
    OptionError
        If a number makes no sense, or the text lies in another space.
    """
    if n_draws < _FEWEST_DRAWS:
        raise OptionError(f"{n_draws} random directions are too few; draw {_FEWEST_DRAWS} or more")
    weights = directions.weights(direction[None])[0]
    units = unit_length(directions.vectors)
    cosines = units @ unit_length(direction[None])[0]
    others = words.vectors
    if pairs:
        others = others - others[np.random.default_rng(seed).permutation(len(others))]
    beside = unit_length(others) @ units.T
    spread = beside.std(0, dtype=np.float64)
    above = cosines - beside.mean(0, dtype=np.float64)
    z = np.divide(above, spread, out=np.zeros(len(units)), where=spread > 0)
    drawn = random_directions(words.vectors, n_draws, seed=seed) @ units.T
    best = drawn[:, slice(None) if alive is None else alive].max(1)
    as_large = len(best) - np.searchsorted(np.sort(best), cosines, side="left")
    return TextWeights(weights, cosines, z, (1 + as_large) / (1 + n_draws), best)


def check_asked(clip: Clip, text: str, against: str) -> None:
    """Refuse texts that no direction can be made of.

    Raises
    ------
    OptionError
        If the text is empty, is the other one, or one is too long for the model.
    TextSideMissingError
        If the model's texts cannot be read here.
    """
    if not text.strip():
        raise OptionError("the text is empty; give one, such as 'a photo of winter'")
    if text.strip() == against.strip():
        raise OptionError(f"{text!r} against itself asks for nothing; give another text")
    check_lengths(clip, [each for each in (text, against) if each.strip()])


def told_asked(text: str, against: str) -> str:
    """Quote a text, and the one that it is held against if there is one."""
    return f"{text!r} against {against!r}" if against.strip() else repr(text)


def asked_direction(
    clip: Clip, text: str, words: TextCandidates, against: str = ""
) -> NDArray[np.float32]:
    """Embed a text, and another one if there is one, and give the direction: `text_direction`."""
    texts = [text, against] if against.strip() else [text]
    embedded = clip.embed_texts(texts).float().cpu().numpy()
    return text_direction(embedded[0], words, embedded[1] if len(texts) > 1 else None)


def words_of_units(
    directions: UnitDirections, words: TextCandidates, units: Sequence[int], *, count: int = 5
) -> list[tuple[str, ...]]:
    """Give the words that ask most for each of some units, by their cosine with it."""
    chosen = unit_length(directions.vectors[list(units)])
    order = np.argsort(-(unit_length(words.vectors) @ chosen.T), axis=0, kind="stable")[:count]
    return [tuple(words.texts[i] for i in column) for column in order.T.tolist()]
