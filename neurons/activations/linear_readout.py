"""How linear is a readout, and which of its linear forms may be used?

Half of the images gives the means that a linear form needs, and the other half says how well it
then tells texts apart, beside what it says of the same activations given to the wrong units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.data.prepared import Prepared
from neurons.errors import OptionError
from neurons.readouts.frozen import FrozenPass, FrozenReadout, LinearLevel
from neurons.readouts.unit_directions import UnitDirections, unit_length
from neurons.stats import Interval, Share

Progress = Callable[[int, int], None]
Matrix = NDArray[np.float32]

# a level is used if it explains half of what tells texts apart, and orders images nearly as the
# model does: below that its units are hardly those that the model reads
HOLDS_R2, HOLDS_R = 0.5, 0.8
# one direction per unit forgets where the unit is active: it is used if it still tells texts apart
HOLDS_DIRECTION_R = 0.5
_BATCH = 32
_FEWEST_IMAGES, _FEWEST_TEXTS = 20, 3
_CHECKED_TEXTS = 16
_RESAMPLES = 1000


@dataclass(frozen=True)
class MeasuredLevel:
    """A linear readout, and how far it may be trusted.

    Parameters
    ----------
    name, leaves_out : str
        How it is called, and what it does not see.
    vectors : ndarray of float32, (units, embedding)
        Where each unit points; see `UnitDirections`.
    r : float
        Correlation over images of its scores and the model's, median over texts. A score is a
        cosine minus its mean over the texts.
    interval : Interval
        Of ``r``, images resampled.
    r2 : float
        Share of the scores' variance over images that it explains, median over texts; below 0 if
        it is further off than the mean.
    same_top : Share
        Images whose best text is the model's.
    plain_r, plain_r2 : float
        The same of products with the unnormalised embedding, no mean taken off.
    direction_r, direction_r2 : float
        The same as ``r`` and ``r2`` with one direction per unit (`vectors`) times its mean
        activation: what is left where it is forgotten at which places a unit is active.
    shuffled_r : float
        ``r`` with every unit's activations given to another unit.
    shuffled_same_top : Share
    """

    name: str
    leaves_out: str
    vectors: Matrix = field(repr=False)
    r: float
    interval: Interval
    r2: float
    same_top: Share
    plain_r: float
    plain_r2: float
    direction_r: float
    direction_r2: float
    shuffled_r: float
    shuffled_same_top: Share

    @property
    def holds(self) -> bool:
        """Whether it may stand for the model's readout."""
        return self.r >= HOLDS_R and self.r2 >= HOLDS_R2 and abs(self.shuffled_r) < HOLDS_R / 2

    @property
    def directions_hold(self) -> bool:
        """Whether one direction per unit may stand for it, too."""
        return self.holds and self.direction_r >= HOLDS_DIRECTION_R

    def directions(self, layer: str) -> UnitDirections:
        """Give where each unit of a layer points by it."""
        return UnitDirections(
            layer,
            self.vectors,
            self.name,
            self.leaves_out,
            self.direction_r,
            self.directions_hold,
        )


@dataclass(frozen=True, eq=False)
class LinearReadout:
    """The linear forms of a model's readout for one layer, each measured.

    Parameters
    ----------
    layer : str
    levels : tuple of MeasuredLevel
    forms : tuple of LinearLevel
        What was measured, in the same order.
    exact_error : float
        With the readout held fast at each image's own: the largest gap between the model's
        products with texts and the sum of all shares, in shares of the largest product.
    evenness : float
        Mean entropy of attention, in shares of that of even attention; nan without attention.
    n_fitted, n_held_out, n_texts : int
    """

    layer: str
    levels: tuple[MeasuredLevel, ...]
    forms: tuple[LinearLevel, ...]
    exact_error: float
    evenness: float
    n_fitted: int
    n_held_out: int
    n_texts: int

    @property
    def best(self) -> MeasuredLevel:
        """The level that explains most on images that fitted nothing."""
        return max(self.levels, key=lambda level: level.r2)

    def level(self, name: str) -> MeasuredLevel:
        """Find a level by name.

        Raises
        ------
        OptionError
            If there is none.
        """
        for each in self.levels:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in self.levels)
        raise OptionError(f"no linear readout {name!r} of {self.layer}; there are: {known}")

    def directions(self, level: str | None = None) -> UnitDirections:
        """Give where each unit points, by the best level or by one that is named."""
        chosen = self.best if level is None else self.level(level)
        return chosen.directions(self.layer)


def linear_readout(
    readout: FrozenReadout,
    images: Prepared,
    texts: Matrix,
    *,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> LinearReadout:
    """Fit the linear forms of a readout on half of the images, and measure them on the others.

    Parameters
    ----------
    readout : FrozenReadout
    images : Prepared
    texts : ndarray of float32, (texts, embedding)
        What scores are measured of, such as the directions of classes.
    seed : int
        Of the halves, and of the order of units in the control.
    progress : callable
        Takes how many of how many images are done.

    Raises
    ------
    OptionError
        If there are fewer than 20 images or 3 texts.
    """
    if len(images) < _FEWEST_IMAGES or len(texts) < _FEWEST_TEXTS:
        raise OptionError(
            f"{len(images):,} images and {len(texts):,} texts: a linear readout is fitted on half "
            f"of the images and measured on the others; give {_FEWEST_IMAGES} images and "
            f"{_FEWEST_TEXTS} texts or more"
        )
    first, second = images.halves(seed)
    fitting, total = readout.fitting(), len(images)
    embedded, active = [], []
    for done, seen in _passes(readout, first):
        fitting.add(seen)
        embedded.append(seen.embedding.sum(0))
        active.append(seen.units.mean(2).sum(0))
        progress(done, total)
    levels = fitting.levels()
    usual = _mean(embedded, len(first)), _mean(active, len(first))
    held = _held_out(
        readout, second, levels, usual, texts, seed, lambda n: progress(len(first) + n, total)
    )
    return LinearReadout(
        readout.layer,
        tuple(_measured(level, held, texts, seed) for level in levels),
        tuple(levels),
        held.exact_error,
        held.evenness,
        len(first),
        len(second),
        len(texts),
    )


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """What the model gave of the images that fitted nothing, and what each level says of them."""

    embeddings: Matrix
    predicted: dict[str, Matrix]
    directed: dict[str, Matrix]
    shuffled: dict[str, Matrix]
    exact_error: float
    evenness: float


def _passes(readout: FrozenReadout, images: Prepared) -> Iterator[tuple[int, FrozenPass]]:
    done = 0
    for pixels in torch.split(images.pixels, _BATCH):
        done += len(pixels)
        yield done, readout.read(pixels)


@torch.inference_mode()
def _held_out(
    readout: FrozenReadout,
    images: Prepared,
    levels: Sequence[LinearLevel],
    usual: tuple[Tensor, Tensor],
    texts: Matrix,
    seed: int,
    progress: Callable[[int], None],
) -> _HeldOut:
    embeddings: list[Tensor] = []
    directed: dict[str, list[Tensor]] = {level.name: [] for level in levels}
    predicted: dict[str, list[Tensor]] = {level.name: [] for level in levels}
    shuffled: dict[str, list[Tensor]] = {level.name: [] for level in levels}
    gaps, sizes, evenness = [0.0], [0.0], []
    order: Tensor | None = None
    checked = torch.as_tensor(texts[:_CHECKED_TEXTS], device=readout.clip.device)
    for done, seen in _passes(readout, images):
        if order is None:
            drawn = np.random.default_rng(seed).permutation(seen.units.shape[1])
            order = torch.as_tensor(drawn, device=seen.units.device)
        embeddings.append(seen.embedding)
        for level in levels:
            predicted[level.name].append(level.embed(seen.units))
            more = seen.units.mean(2) - usual[1]
            directed[level.name].append(usual[0] + more @ level.vectors)
            shuffled[level.name].append(level.embed(seen.units[:, order]))
        if seen.evenness is not None:
            evenness.append(seen.evenness)
        gap, size = _gap(seen, checked)
        gaps.append(gap)
        sizes.append(size)
        progress(done)
    return _HeldOut(
        _joined(embeddings),
        {name: _joined(parts) for name, parts in predicted.items()},
        {name: _joined(parts) for name, parts in directed.items()},
        {name: _joined(parts) for name, parts in shuffled.items()},
        max(gaps) / max(max(sizes), 1e-30),
        float(torch.cat(evenness).mean()) if evenness else float("nan"),
    )


def _gap(seen: FrozenPass, texts: Tensor) -> tuple[float, float]:
    """Give the largest gap between products and the sum of shares, and the largest product."""
    wanted = seen.embedding @ texts.T
    # text by text: all shares at once do not fit where layers are wide
    gap = 0.0
    for t in range(len(texts)):
        one = texts[t : t + 1]
        found = seen.shares(one).sum((2, 3)) + seen.rest(one)
        gap = max(gap, float((found[:, 0] - wanted[:, t]).abs().max()))
    return gap, float(wanted.abs().max())


def _mean(sums: Sequence[Tensor], n: int) -> Tensor:
    return torch.stack(list(sums)).sum(0) / n


def _joined(parts: Sequence[Tensor]) -> Matrix:
    found: Matrix = torch.cat(list(parts)).float().cpu().numpy()
    return found


def _measured(level: LinearLevel, held: _HeldOut, texts: Matrix, seed: int) -> MeasuredLevel:
    given, shuffled = held.predicted[level.name], held.shuffled[level.name]
    wanted, found = _scores(held.embeddings, texts), _scores(given, texts)
    r, r2 = _agreement(wanted, found)
    plain_r, plain_r2 = _agreement(held.embeddings @ texts.T, given @ texts.T)
    direction_r, direction_r2 = _agreement(wanted, _scores(held.directed[level.name], texts))
    wrong = _scores(shuffled, texts)
    return MeasuredLevel(
        name=level.name,
        leaves_out=level.leaves_out,
        vectors=level.vectors.float().cpu().numpy(),
        r=r,
        interval=_interval(wanted, found, seed),
        r2=r2,
        same_top=_same_top(wanted, found),
        plain_r=plain_r,
        plain_r2=plain_r2,
        direction_r=direction_r,
        direction_r2=direction_r2,
        shuffled_r=_agreement(wanted, wrong)[0],
        shuffled_same_top=_same_top(wanted, wrong),
    )


def _scores(embeddings: Matrix, texts: Matrix) -> Matrix:
    """Give cosines minus each image's mean over the texts: what tells texts apart."""
    found = unit_length(embeddings) @ texts.T
    scores: Matrix = found - found.mean(1, keepdims=True)
    return scores


def _agreement(wanted: Matrix, found: Matrix) -> tuple[float, float]:
    """Give the median over texts of the correlation over images, and of the share explained."""
    there, here = wanted - wanted.mean(0), found - found.mean(0)
    spread = (there * there).sum(0)
    both = np.sqrt(spread * (here * here).sum(0))
    alive = both > 0
    if not alive.any():
        return 0.0, 0.0
    r = (there * here).sum(0)[alive] / both[alive]
    r2 = 1 - ((wanted - found) ** 2).sum(0)[alive] / spread[alive]
    return float(np.median(r)), float(np.median(r2))


def _interval(wanted: Matrix, found: Matrix, seed: int) -> Interval:
    """Give the 95 % percentile interval of the median correlation, images resampled."""
    random = np.random.default_rng(seed)
    n = len(wanted)
    share = random.multinomial(n, np.full(n, 1 / n), _RESAMPLES) / n
    there, here = wanted.astype(np.float64), found.astype(np.float64)
    # moments of every resample by one product each: (resamples, texts)
    mean_there, mean_here = share @ there, share @ here
    both = share @ (there * here) - mean_there * mean_here
    spread = (share @ there**2 - mean_there**2) * (share @ here**2 - mean_here**2)
    r = np.where(spread > 0, both / np.sqrt(np.maximum(spread, 1e-300)), np.nan)
    low, high = np.quantile(np.nanmedian(r, axis=1), (0.025, 0.975))
    return Interval(float(low), float(high))


def _same_top(wanted: Matrix, found: Matrix) -> Share:
    return Share(int((wanted.argmax(1) == found.argmax(1)).sum()), len(wanted))
