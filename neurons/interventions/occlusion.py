"""Which places of an image does an answer need? Cover them one at a time.

References
----------
Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.interventions.covered_places import covered
from neurons.interventions.editable import EditableNetwork
from neurons.interventions.order_tests import scores_along

# rows and columns of the parts that are covered one at a time
GRID = (8, 8)


def occlusion(
    network: EditableNetwork,
    pixels: Tensor,
    direction: NDArray[np.float32],
    size: tuple[int, int] = GRID,
) -> NDArray[np.float64]:
    """Give how far a score falls when a part of the image is painted in the image's mean colour.

    Parameters
    ----------
    network : EditableNetwork
    pixels : Tensor of uint8, (3, H, W)
    direction : ndarray of float32, (embedding,)
        The score is its product with the embedding at length 1.
    size : tuple of int
        Rows and columns of parts.

    Returns
    -------
    ndarray of float64, (rows, columns)
        Above 0 where the score needs the part; a part that another one can stand for is 0.
    """
    n = size[0] * size[1]
    shown = torch.stack([pixels, *(covered(pixels, [place], size) for place in range(n))])
    scores = scores_along(network.respond(shown).embeddings, direction)
    falls: NDArray[np.float64] = (scores[0] - scores[1:]).reshape(size)
    return falls
