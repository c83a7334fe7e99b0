"""What would a model answer if it stopped at a layer? A fitted readout: the tuned lens.

A ridge regression from what a layer gives, pooled over its places, to the model's embedding. It
finds what is there in any linear form, where the plain lens finds only what already lies as the
last layer has it. Images that are predicted are never images that were fitted to.

References
----------
Belrose et al., "Eliciting latent predictions from transformers with the tuned lens", 2023. There
the map goes from a token to the last token by gradient descent; here from pooled units to the
embedding by ridge regression.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.folds import folds_of
from neurons.alignment.ridge import HeldOut, RidgeFolds
from neurons.errors import OptionError
from neurons.readouts.readout import Readout
from neurons.stats import Interval, Share, resampled

Values = NDArray[np.float64]

# in mean variances of a predictor
_STRENGTHS = tuple(10.0**power for power in range(-6, 3))
_FOLDS, _SHUFFLES = 5, 10
# of fewer images a fold has too few to be predicted
FEWEST_IMAGES = 30


@dataclass(frozen=True, eq=False)
class TunedLens:
    """A readout that was fitted to a layer, and how well it predicts images that it never saw.

    Parameters
    ----------
    r2 : float
        1 - squared errors / squared errors of the fitted images' mean embedding, over images that
        were not fitted to; at most 1, and below 0 where the mean is the better guess.
    interval : Interval
        Of it, 95 %, by resampling images; copies of an image are drawn together.
    control : tuple of float
        The same where embeddings were shuffled among the images.
    agrees : Share
        Images that were not fitted to for which its answer is the model's own.
    control_agrees : float in [0, 1]
        The largest share of the shuffled ones.
    n : int
        Images.
    """

    r2: float
    interval: Interval
    control: tuple[float, ...]
    agrees: Share
    control_agrees: float
    n: int
    _parts: tuple[HeldOut, ...] = field(repr=False)

    @property
    def holds(self) -> bool:
        """Whether it predicts more than shuffled embeddings let it."""
        return self.interval.low > max(0.0, *self.control)

    def embed(self, pooled: NDArray[np.floating]) -> NDArray[np.float32]:
        """Predict embeddings: the mean of what the regressions without each fold say.

        Parameters
        ----------
        pooled : ndarray of float, (images, predictors)
            Of images that are none of those it was fitted to.
        """
        exact = pooled.astype(np.float64)
        each = [part.y_mean + (exact - part.x_mean) @ part.weights for part in self._parts]
        found: NDArray[np.float32] = np.mean(each, axis=0).astype(np.float32)
        return found


def tuned_lens(
    pooled: NDArray[np.floating],
    embeddings: NDArray[np.floating],
    groups: NDArray[np.intp],
    readout: Readout,
    *,
    seed: int = 0,
) -> TunedLens:
    """Fit a layer's pooled units to a model's embeddings, five folds of images held out in turn.

    Parameters
    ----------
    pooled : ndarray of float, (images, predictors)
    embeddings : ndarray of float, (images, embedding)
        The model's own; they are taken at length 1.
    groups : ndarray of int, (images,)
        Copies of an image share a number; they stay in one fold.
    readout : Readout
        Of embeddings: what answers are read by.
    seed : int
        Of the folds and the shuffles.

    Raises
    ------
    OptionError
        If there are fewer than 30 images, copies counted once, or a number is not finite.
    """
    x = np.asarray(pooled, np.float64)
    y = np.asarray(embeddings, np.float64)
    y = y / np.maximum(np.linalg.norm(y, axis=1, keepdims=True), 1e-12)
    distinct, place = np.unique(groups, return_inverse=True)
    if len(distinct) < FEWEST_IMAGES:
        raise OptionError(
            f"a tuned lens is fitted to {FEWEST_IMAGES} images or more, copies counted once: there "
            f"are {len(distinct)}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise OptionError("a tuned lens weighs all units together, and some are not finite")
    folds = tuple(
        np.flatnonzero(np.isin(place, part)) for part in folds_of(len(distinct), _FOLDS, seed)
    )
    ridge = RidgeFolds(x, folds, _STRENGTHS)
    parts, predicted, usual = _held_out(ridge, y)
    errors = np.square(y - predicted).sum(1), np.square(y - usual).sum(1)
    answers = readout.decision(y.astype(np.float32)).argmax(1)
    random = np.random.default_rng((seed, 1))
    control, same = [], []
    for _ in range(_SHUFFLES):
        rows = random.permutation(len(y))
        _, drawn, mean = _held_out(ridge, y[rows])
        control.append(_r2(np.square(y[rows] - drawn).sum(1), np.square(y[rows] - mean).sum(1)))
        same.append(_agreeing(readout, drawn, answers[rows]))
    own = _agreeing(readout, predicted, answers)
    return TunedLens(
        _r2(*errors),
        _interval(*errors, place, len(distinct), seed),
        tuple(control),
        Share(own, len(y)),
        max(same) / len(y),
        len(y),
        parts,
    )


def _held_out(ridge: RidgeFolds, y: Values) -> tuple[tuple[HeldOut, ...], Values, Values]:
    """Predict each fold by the regression without it, beside the mean of what it was fitted to."""
    predicted, usual, parts = np.empty_like(y), np.empty_like(y), []
    for fold, part in zip(ridge.folds, ridge.held_out(y), strict=True):
        predicted[fold] = part.y_mean + (ridge.x[fold] - part.x_mean) @ part.weights
        usual[fold] = part.y_mean
        parts.append(part)
    return tuple(parts), predicted, usual


def _r2(errors: Values, usual: Values) -> float:
    total = float(usual.sum())
    return 1 - float(errors.sum()) / total if total > 0 else float("nan")


def _agreeing(readout: Readout, predicted: Values, answers: NDArray[np.intp]) -> int:
    found = readout.decision(predicted.astype(np.float32)).argmax(1)
    return int((found == answers).sum())


def _interval(
    errors: Values, usual: Values, groups: NDArray[np.intp], n: int, seed: int
) -> Interval:
    by_group = [np.bincount(groups, each, n).astype(np.float64) for each in (errors, usual)]

    def draw(random: np.random.Generator) -> float:
        rows = random.integers(0, n, n)
        return _r2(by_group[0][rows], by_group[1][rows])

    return resampled(draw, seed)
