"""Which of many given texts does each unit of a layer ask for, beside random directions?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.text_tokens import check_lengths
from neurons.readouts.unit_directions import centred, unit_length
from neurons.stats import p_of_draws

Vectors = NDArray[np.float32]

# texts embedded together; and texts that are compared with all directions at once
_EMBEDDED, _COMPARED = 256, 16384
N_DRAWS = 999


@dataclass(frozen=True, eq=False)
class TextCandidates:
    """Texts, and where each lies in the joint space, seen from their common mean.

    Parameters
    ----------
    texts : tuple of str
        No text twice.
    vectors : ndarray of float32, (texts, embedding)
        Unit embeddings minus their mean.
    mean : ndarray of float32, (embedding,)
        Of the unit embeddings: what all of these texts have in common.
    source : str
        Where they come from, such as ``captions of captions.txt``.
    """

    texts: tuple[str, ...]
    vectors: Vectors = field(repr=False)
    mean: Vectors = field(repr=False)
    source: str

    @classmethod
    def of(cls, texts: Sequence[str], embeddings: Vectors, *, source: str) -> TextCandidates:
        """Take texts whose embeddings are known.

        Parameters
        ----------
        texts : sequence of str
        embeddings : ndarray of float, (texts, embedding)
            Of any length.
        source : str

        Raises
        ------
        OptionError
            If there are fewer than two texts, one is there twice, or the numbers do not fit.
        """
        known = tuple(texts)
        if len(known) < 2 or len(set(known)) < len(known) or len(embeddings) != len(known):
            raise OptionError(
                f"{len(known):,} texts, {len(set(known)):,} of them different, and "
                f"{len(embeddings):,} embeddings: give two or more different texts, each with its "
                f"embedding"
            )
        embeddings = np.asarray(embeddings, np.float32)
        mean = unit_length(embeddings).mean(0)
        return cls(known, centred(embeddings, mean), mean, source)

    def scores(self, directions: Vectors) -> Vectors:
        """Give how far each text lies along each direction, (directions, texts).

        Parameters
        ----------
        directions : ndarray of float, (directions, embedding)
            Taken at length 1.
        """
        found: Vectors = unit_length(directions) @ self.vectors.T
        return found


def embed_candidates(
    clip: Clip,
    texts: Sequence[str],
    *,
    source: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> TextCandidates:
    """Embed texts by a model; what stands there several times counts once.

    Parameters
    ----------
    clip : Clip
    texts : sequence of str
    source : str
        Where they come from.
    progress : callable
        Takes how many of how many texts are embedded.

    Raises
    ------
    OptionError
        If there are fewer than two different texts, or one is too long for the model.
    TextSideMissingError
        If the model's texts cannot be read here.
    """
    different = list(dict.fromkeys(texts))
    check_lengths(clip, different)
    parts = []
    for start in range(0, len(different), _EMBEDDED):
        chunk = different[start : start + _EMBEDDED]
        parts.append(clip.embed_texts(chunk).float().cpu().numpy())
        progress(start + len(chunk), len(different))
    embedded = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
    return TextCandidates.of(different, embedded, source=source)


@dataclass(frozen=True, eq=False)
class BestTexts:
    """The texts that lie furthest along each direction, and what the best one is worth.

    Parameters
    ----------
    order : ndarray of int, (directions, count)
        Which texts, the best first.
    scores : ndarray of float32, (directions, count)
        The product of the direction, at length 1, with the text's unit embedding minus the mean.
    z : ndarray of float, (directions, count)
        Standard deviations of each score above the mean of the best scores of random directions.
    p_values : ndarray of float, (directions,)
        Share of random directions, this one counted in, whose best text scores as high as its.
    kurtosis : ndarray of float, (directions,)
        Fourth moment of a direction's scores over all texts, in squares of their variance: 3 where
        they are spread like a bell, large where it lies along few texts and across all others.
    kurtosis_p : ndarray of float, (directions,)
        Share of random directions, this one counted in, with as large a kurtosis.
    random_best : ndarray of float32, (draws,)
        The best score of each random direction among the same texts.
    """

    order: NDArray[np.intp]
    scores: Vectors
    z: NDArray[np.float64]
    p_values: NDArray[np.float64]
    kurtosis: NDArray[np.float64]
    kurtosis_p: NDArray[np.float64]
    random_best: Vectors


def best_texts(
    candidates: TextCandidates,
    directions: Vectors,
    *,
    layer: Vectors | None = None,
    count: int = 10,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> BestTexts:
    """Compare every direction with every text: one matrix product for a whole layer.

    Parameters
    ----------
    candidates : TextCandidates
    directions : ndarray of float, (directions, embedding)
        All units of a layer, or some.
    layer : ndarray of float, (units, embedding), optional
        What random directions are mixed of; default: the directions.
    count : int >= 1
        Texts of each direction.
    n_draws : int >= 19
        Random directions.
    seed : int

    Raises
    ------
    OptionError
        If a number makes no sense, or directions lie in another space.
    """
    if count < 1 or n_draws < 19:
        raise OptionError(
            f"{count} texts, {n_draws} random directions: ask for 1 text or more beside 19 or more"
        )
    if directions.ndim != 2 or directions.shape[1] != candidates.vectors.shape[1]:
        raise OptionError(
            f"directions of shape {directions.shape} for texts in {candidates.vectors.shape[1]} "
            f"dimensions: take both from one model"
        )
    drawn = random_directions(directions if layer is None else layer, n_draws, seed=seed)
    mine, n = unit_length(directions), len(candidates.texts)
    both, count = np.concatenate([mine, drawn]), min(count, n)
    order = np.zeros((len(mine), 0), np.intp)
    scores, best = np.zeros((len(mine), 0), np.float32), np.full(n_draws, -np.inf, np.float32)
    # scores have mean 0 over the texts, so that these are central moments
    moments = np.zeros((2, len(both)))
    for start in range(0, n, _COMPARED):
        found = both @ candidates.vectors[start : start + _COMPARED].T
        best = np.maximum(best, found[len(mine) :].max(1))
        squares = found**2
        moments += squares.sum(1, dtype=np.float64), (squares**2).sum(1, dtype=np.float64)
        order, scores = _largest(found[: len(mine)], start, order, scores, count)
    spread = max(float(best.std(ddof=1)), 1e-12)
    p_values = np.array([p_of_draws(float(each), best) for each in scores[:, 0]])
    kurtosis = n * moments[1] / np.maximum(moments[0] ** 2, 1e-30)
    few = np.array([p_of_draws(each, kurtosis[len(mine) :]) for each in kurtosis[: len(mine)]])
    z = (scores - best.mean()) / spread
    return BestTexts(order, scores, z, p_values, kurtosis[: len(mine)], few, best)


def random_directions(layer: Vectors, n: int, *, seed: int = 0) -> Vectors:
    """Mix a layer's units at random, (n, embedding), at length 1.

    They know as much of texts as the units do together, and are no units: what Gaussian weights
    give, so that directions in which many units point are drawn more often.

    Parameters
    ----------
    layer : ndarray of float, (units, embedding)
    n : int
    seed : int
    """
    random = np.random.default_rng((seed, 14))
    # of unit length, so that a few units with large weights do not make up every mixture
    mixed = random.standard_normal((n, len(layer))).astype(np.float32) @ unit_length(layer)
    return unit_length(mixed)


def _largest(
    found: Vectors, start: int, order: NDArray[np.intp], scores: Vectors, count: int
) -> tuple[NDArray[np.intp], Vectors]:
    """Keep the largest of those known and those found now; of equal ones the first text."""
    k = min(count, found.shape[1])
    at = np.sort(np.argpartition(-found, k - 1, axis=1)[:, :k], axis=1)
    order = np.concatenate([order, at + start], axis=1)
    scores = np.concatenate([scores, np.take_along_axis(found, at, 1)], axis=1)
    kept = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(order, kept, 1), np.take_along_axis(scores, kept, 1)
