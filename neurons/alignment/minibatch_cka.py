"""How is debiased CKA measured while the images pass by in batches, and no response is kept?

References
----------
Nguyen, Raghu, Kornblith, "Do wide and deep networks learn the same things? Uncovering how neural
network representations vary with width and depth", ICLR 2021.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.measure import Measured, as_responses
from neurons.alignment.responses import FEWEST_IMAGES, check_sizes
from neurons.alignment.similarities import similarities
from neurons.errors import OptionError


def minibatch_cka(batches: Iterable[tuple[Any, Any]]) -> Measured:
    """Measure debiased CKA from mini-batches, as the ratio of averaged HSIC.

    Averaging CKA itself over batches is biased: a mean of ratios. HSIC is estimated without bias
    on each batch, so that its average can be trusted for batches of any size.

    Parameters
    ----------
    batches : iterable of (array, array)
        Responses of both systems to the same images, (images, units) each, 4 images or more.

    Returns
    -------
    Measured
        ``n`` counts the images of all batches. Pairs of images from different batches are not used.

    Raises
    ------
    MismatchError, OptionError
        As `neurons.alignment.measure.measured`; or if there is no batch.
    """
    values, n = minibatch_table(([x], [y]) for x, y in batches)
    return Measured(float(values[0, 0]), True, n)


def minibatch_table(
    batches: Iterable[tuple[Sequence[Any], Sequence[Any]]],
) -> tuple[NDArray[np.float64], int]:
    """Measure many layers beside many others from mini-batches, as `minibatch_cka` does.

    The similarities of each layer are taken once per batch, not once per pair of layers.

    Parameters
    ----------
    batches : iterable of (sequence of array, sequence of array)
        The layers of both systems, always in the same order. Give the same sequence twice to
        compare a system with itself.

    Returns
    -------
    ndarray of float64, (X, Y)
    int
        Images of all batches.

    Raises
    ------
    MismatchError, OptionError
        As `minibatch_cka`.
    """
    n, both, own = 0, np.zeros(()), [np.zeros(()), np.zeros(())]
    for xs, ys in batches:
        first = [as_responses(each, f"layer {i} of a batch") for i, each in enumerate(xs)]
        second = [as_responses(each, f"layer {i} of a batch") for i, each in enumerate(ys)]
        check_sizes(first, second)
        left = np.stack([similarities(each).ravel() for each in first])
        right = left if ys is xs else np.stack([similarities(each).ravel() for each in second])
        # averages of HSIC, images weighed alike; what is common to all three cancels
        weight = 1 / (first[0].n - 3)
        both = both + weight * np.asarray(left @ right.T, np.float64)
        for k, side in enumerate((left, right)):
            own[k] = own[k] + weight * np.einsum("ij,ij->i", side, side, dtype=np.float64)
        n += first[0].n
    if not n:
        raise OptionError(
            f"no mini-batch was given; give batches of {FEWEST_IMAGES} or more images"
        )
    return np.asarray(both / np.sqrt(np.multiply.outer(*own))), n
