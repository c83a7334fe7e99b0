"""Where in the joint space of images and texts does each unit of a layer point?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.errors import NeuronNotFoundError, OptionError


@dataclass(frozen=True, eq=False)
class UnitDirections:
    """What each unit of a layer adds to an image's embedding, by a readout that is linear.

    Parameters
    ----------
    layer : str
    vectors : ndarray of float32, (units, embedding)
        What one more in a unit's mean over its map (or in its value, where it has no map) adds to
        the embedding before it is normalised.
    level : str
        By which linear readout, such as ``mean attention``.
    leaves_out : str
        What that readout does not see, as a sentence.
    held_out_r : float
        Median over texts of the correlation between the model's scores and those of these
        directions times the units' means, on images that fitted nothing; nan where it was not
        measured.
    holds : bool
        Whether they may be trusted, by their own measure.
    """

    layer: str
    vectors: NDArray[np.float32] = field(repr=False)
    level: str
    leaves_out: str
    held_out_r: float
    holds: bool

    def of(self, unit: int) -> NDArray[np.float32]:
        """Give one unit's direction, (embedding,).

        Raises
        ------
        NeuronNotFoundError
            If the layer has no such unit.
        """
        if not 0 <= unit < len(self.vectors):
            raise NeuronNotFoundError(
                f"{self.layer} has units 0 to {len(self.vectors) - 1}: no {self.layer}:{unit}"
            )
        found: NDArray[np.float32] = self.vectors[unit]
        return found

    def weights(self, texts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give what each unit adds to each text's score, (texts, units).

        Parameters
        ----------
        texts : ndarray of float32, (texts, embedding)
            Directions of texts, usually unit vectors minus their common mean: see `centred`.

        Raises
        ------
        OptionError
            If the texts lie in another space.
        """
        if texts.ndim != 2 or texts.shape[1] != self.vectors.shape[1]:
            raise OptionError(
                f"texts of shape {texts.shape} for units in {self.vectors.shape[1]} dimensions: "
                f"embed them by the model of the units"
            )
        found: NDArray[np.float32] = texts @ self.vectors.T
        return found


def centred(
    texts: NDArray[np.float32], mean: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Give texts' directions without what they have in common, (texts, embedding).

    Parameters
    ----------
    texts : ndarray of float32, (texts, embedding)
        Embeddings of any length.
    mean : ndarray of float32, (embedding,), optional
        Of unit vectors, from other texts; default: of these.

    Notes
    -----
    Embeddings of texts lie in a narrow cone: any two of the miniature's have a cosine of 0.68 on
    average. What they share says nothing of a text.
    """
    unit = unit_length(texts)
    found: NDArray[np.float32] = unit - (unit.mean(0) if mean is None else mean)
    return found


def unit_length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give vectors, (..., embedding), at length 1; what is 0 stays 0."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    found: NDArray[np.float32] = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return found
