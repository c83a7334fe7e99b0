"""Which class is an image nearest to in a layer's units, by the classes' mean responses?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.class_means import class_means

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class NearestClass:
    """A layer's units as a readout: the class whose mean response points the same way.

    Parameters
    ----------
    means : ndarray of float64, (classes, units)
        Of unit values in deviations.
    centre, spread : ndarray of float64, (units,)
        What is taken off, and what is divided by; a unit that says the same of all counts for
        nothing.
    """

    means: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]

    def deviations(self, units: Values) -> NDArray[np.float64]:
        """Give (images, units) in standard deviations from the images that it was made of."""
        alive = self.spread > 0
        scaled = (units - self.centre) / np.where(alive, self.spread, 1)
        found: NDArray[np.float64] = np.where(alive, scaled, 0.0)
        return found

    def answers(self, units: Values) -> NDArray[np.intp]:
        """Give the nearest class of each image, (images,)."""
        lengths = np.linalg.norm(self.means, axis=1, keepdims=True)
        directions = self.means / np.where(lengths > 0, lengths, 1)
        # the length of an image's own response changes no order of the classes
        return np.asarray((self.deviations(units) @ directions.T).argmax(1))

    def tops(self) -> NDArray[np.intp]:
        """Give the class with the largest mean response of each unit, (units,)."""
        return np.asarray(self.means.argmax(0))


def nearest_class(units: Values, labels: NDArray[np.integer], n_classes: int) -> NearestClass:
    """Take the mean response of each class.

    Parameters
    ----------
    units : ndarray of float, (images, units)
    labels : ndarray of int, (images,)
        In [0, n_classes); each class has an image.
    n_classes : int
    """
    centre = units.mean(0, dtype=np.float64)
    bare = NearestClass(np.zeros((0, units.shape[1])), centre, units.std(0, dtype=np.float64))
    means = class_means(
        bare.deviations(units).astype(np.float32), labels.astype(np.int32), n_classes
    )
    return NearestClass(means, bare.centre, bare.spread)
