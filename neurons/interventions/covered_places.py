"""Do the places of an image that are said to matter matter? Cover them, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.errors import OptionError
from neurons.interventions.editable import EditableNetwork
from neurons.interventions.order_tests import (
    COVERED,
    FEWEST_DRAWS,
    OrderTest,
    compared_orders,
    scores_along,
    steps_up_to,
)


def places_covered(
    network: EditableNetwork,
    pixels: Tensor,
    direction: NDArray[np.float32],
    order: Sequence[int],
    size: tuple[int, int],
    *,
    n_draws: int = 20,
    seed: int = 0,
) -> OrderTest:
    """Cover parts of one image with its mean colour in an order, and in random orders.

    Parameters
    ----------
    network : EditableNetwork
    pixels : Tensor of uint8, (3, H, W)
    direction : ndarray of float32, (embedding,)
    order : sequence of int
        All places of a map, row * width + column, the first to be covered first; up to half of
        them are.
    size : tuple of int
        Height and width of the map.
    n_draws : int >= 5
    seed : int

    Raises
    ------
    OptionError
        If there is one place only, or there are too few draws.
    """
    if len(order) < 2 or n_draws < FEWEST_DRAWS:
        raise OptionError(
            f"{len(order)} places, {n_draws} draws: an order is compared with {FEWEST_DRAWS} "
            f"random ones or more, of 2 places or more"
        )
    steps = steps_up_to(len(order) // 2)
    random = np.random.default_rng((seed, 2))
    orders = [list(order), *(random.permutation(len(order)).tolist() for _ in range(n_draws))]
    scores = []
    for each in orders:
        shown = torch.stack([covered(pixels, each[:k], size) for k in steps])
        scores.append(scores_along(network.respond(shown).embeddings, direction)[:, None])
    return compared_orders(COVERED, steps, np.stack(scores), -1, None)


def covered(pixels: Tensor, places: Sequence[int], size: tuple[int, int]) -> Tensor:
    """Paint the parts of an image that lie under places of a map in the image's mean colour.

    Parameters
    ----------
    pixels : Tensor of uint8, (3, H, W)
    places : sequence of int
        row * width + column.
    size : tuple of int
        Height and width of the map.
    """
    found, (high, wide) = pixels.clone(), pixels.shape[1:]
    mean = pixels.float().mean((1, 2)).round().to(torch.uint8)
    for place in places:
        row, column = divmod(place, size[1])
        top, bottom = round(row * high / size[0]), round((row + 1) * high / size[0])
        left, right = round(column * wide / size[1]), round((column + 1) * wide / size[1])
        found[:, top:bottom, left:right] = mean[:, None, None]
    return found
