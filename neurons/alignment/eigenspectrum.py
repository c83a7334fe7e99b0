"""How fast does the variance of a representation fall, dimension by dimension?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.bridges import centred
from neurons.errors import OptionError

Array = NDArray[np.floating]
Float = NDArray[np.float64]

# a power law is a line, and two points are one always
FEWEST_RANKS = 3


def naive_spectrum(x: Array) -> Float:
    """Give the variances along principal components of the same images: too steep or too flat.

    Noise of single images is variance here, and so is what few images happen to share.

    Parameters
    ----------
    x : ndarray of float, (images, units)

    Returns
    -------
    ndarray of float64, (min(images - 1, units),)
        The largest first, in squared units of x.
    """
    centred = np.asarray(x, np.float64) - np.mean(x, 0, dtype=np.float64)
    values = np.linalg.svd(centred, compute_uv=False)[: min(len(x) - 1, x.shape[1])]
    found: Float = values**2 / (len(x) - 1)
    return found


def held_out_spectrum(fitting: Array, testing: Array) -> Float:
    """Give the variance of some images along the principal components of others.

    For systems that give the same twice, such as a network. What noise adds stays in it.

    Parameters
    ----------
    fitting, testing : ndarray of float, (images, units)
        Different images.

    Returns
    -------
    ndarray of float64, (min(fitting images - 1, units),)
        By the variance in the fitting images; it need not fall from each to the next.
    """
    projected = centred(testing) @ _axes(fitting)
    found: Float = (projected**2).sum(0) / (len(testing) - 1)
    return found


def cross_validated_spectrum(repeats: Array) -> Float:
    """Give the variance that is the same in two repeats of the same images: cvPCA.

    Principal components of one repeat; along each, the covariance of both repeats. Noise that is
    independent between repeats adds nothing, so a value may be negative.

    Parameters
    ----------
    repeats : ndarray of float, (2, images, units)

    Returns
    -------
    ndarray of float64, (min(images - 1, units),)
        Mean of both directions: fitted on the first repeat, and on the second.

    References
    ----------
    Stringer et al., "High-dimensional geometry of population responses in visual cortex", Nature
    2019, methods: cvPCA.
    """
    first, second = (centred(each) for each in repeats)
    found = []
    for fitting, other in ((first, second), (second, first)):
        axes = _axes(fitting)
        found.append(((fitting @ axes) * (other @ axes)).sum(0) / (len(fitting) - 1))
    mean: Float = np.mean(found, 0)
    return mean


def participation_ratio(first: Array, second: Array) -> float:
    """Give an effective number of dimensions: ``(sum of variances)^2 / sum of squared variances``.

    Squares of one covariance matrix are too large where images are few. The product of two, each
    from images of its own, is not.

    Parameters
    ----------
    first, second : ndarray of float, (images, units), or (2, images, units)
        Different images. Of two repeats each, the covariance between repeats is taken, to which
        independent noise adds nothing.

    Returns
    -------
    float
        1 where all variance lies in one dimension, the number of units where all have the same;
        nan where the images are too few to tell.

    References
    ----------
    Gao et al., "A theory of multineuronal dimensionality, dynamics and measurement", 2017.
    """
    (a, b), (c, d) = _repeat_pair(first), _repeat_pair(second)
    n, m = len(a) - 1, len(c) - 1
    # the trace of the product of two covariance matrices, without making one of them
    both = float(((a @ c.T) * (b @ d.T)).sum()) / (n * m)
    total = float((a * b).sum()) / n * (float((c * d).sum()) / m)
    return total / both if both > 0 and total > 0 else float("nan")


@dataclass(frozen=True)
class PowerLaw:
    """A straight line through variances on two logarithmic axes.

    Parameters
    ----------
    exponent : float
        ``variance ~ rank ** -exponent``; nan where fewer than three ranks have a positive variance.
    constant : float
        The variance that the line gives at rank 1.
    first, last : int
        Ranks that were fitted, both counted, from 1.
    n_left_out : int
        Ranks between them whose variance is not positive and has no logarithm.
    straight : float
        Share of the variance of the logarithms that the line explains, weighted alike: 1 for a
        power law.
    """

    exponent: float
    constant: float
    first: int
    last: int
    n_left_out: int
    straight: float


def power_law(variances: Float, first: int, last: int) -> PowerLaw:
    """Fit a power law to some ranks, each weighted by 1 / rank.

    Ranks lie ever closer on a logarithmic axis; the weights make equal parts of it count alike.

    Parameters
    ----------
    variances : ndarray of float, (ranks,)
    first, last : int
        ``1 <= first < last <= len(variances)``, three ranks or more.

    Returns
    -------
    PowerLaw

    Raises
    ------
    OptionError
        If there are no such ranks, or fewer than three.

    References
    ----------
    Stringer et al., Nature 2019: ranks 11 to 500, least squares weighted by 1 / rank.
    """
    if not (1 <= first and first + FEWEST_RANKS - 1 <= last <= len(variances)):
        raise OptionError(
            f"no power law of ranks {first:,} to {last:,}: there are {len(variances):,} ranks, "
            f"from 1; give {FEWEST_RANKS} or more of them"
        )
    ranks = np.arange(first, last + 1, dtype=np.float64)
    taken = variances[first - 1 : last]
    good = taken > 0
    n_left_out = int(np.count_nonzero(~good))
    if good.sum() < FEWEST_RANKS:
        nan = float("nan")
        return PowerLaw(nan, nan, first, last, n_left_out, nan)
    x, y, weights = np.log(ranks[good]), np.log(taken[good]), 1 / ranks[good]
    # polyfit takes the square roots of the weights of squares
    slope, height = np.polyfit(x, y, 1, w=np.sqrt(weights))
    spread = float(weights @ (y - weights @ y / weights.sum()) ** 2)
    left = float(weights @ (y - height - slope * x) ** 2)
    straight = 1 - left / spread if spread > 0 else float("nan")
    return PowerLaw(float(-slope), float(np.exp(height)), first, last, n_left_out, straight)


def _repeat_pair(x: Array) -> tuple[Float, Float]:
    if x.ndim == 3:
        return centred(x[0]), centred(x[1])
    once = centred(x)
    return once, once


def _axes(x: Array) -> Float:
    """Give the principal axes, one a column, of as many as the images can tell."""
    wide, most = centred(x), min(len(x) - 1, x.shape[1])
    if len(wide) > wide.shape[1]:
        _, vectors = np.linalg.eigh(wide.T @ wide)
        found: Float = vectors[:, ::-1][:, :most]
        return found
    _, _, axes = np.linalg.svd(wide, full_matrices=False)
    rows: Float = axes[:most].T
    return rows
