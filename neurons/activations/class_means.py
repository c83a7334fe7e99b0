"""What does each unit say of each class, on average?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def class_means(
    peaks: NDArray[np.float32], labels: NDArray[np.int32], n_classes: int
) -> NDArray[np.float64]:
    """Give the mean peak of each class, (classes, units).

    Parameters
    ----------
    peaks : ndarray of float, (images, units)
    labels : ndarray of int, (images,)
        In [0, n_classes); each class has an image.
    n_classes : int
    """
    n = len(labels)
    member = csr_array((np.ones(n), (labels, np.arange(n))), shape=(n_classes, n))
    counts = np.bincount(labels, minlength=n_classes)
    means: NDArray[np.float64] = (member @ peaks.astype(np.float64)) / counts[:, None]
    return means
