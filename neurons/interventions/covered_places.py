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
    """Cover parts of one image with its mean colour in an order, and in others as connected.

    Places that are covered in an order of shares mostly lie side by side, as things do, and one
    large hole does more than many small ones. So controls grow in the same way: see `as_connected`.

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
    n_draws : int >= 19
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
    orders = [list(order), *(as_connected(order, size, random) for _ in range(n_draws))]
    scores = []
    for each in orders:
        shown = torch.stack([covered(pixels, each[:k], size) for k in steps])
        scores.append(scores_along(network.respond(shown).embeddings, direction)[:, None])
    return compared_orders(COVERED, steps, np.stack(scores), -1, None)


def as_connected(
    order: Sequence[int], size: tuple[int, int], random: np.random.Generator
) -> list[int]:
    """Draw an order of all places that is as connected as a given one, and lies anywhere.

    Its k-th place lies beside as many of those before it as the k-th place of the given order
    does, or as near to that as places are left.

    Parameters
    ----------
    order : sequence of int
        row * width + column.
    size : tuple of int
        Height and width of the map.
    random : Generator
    """
    wanted, own = [], np.zeros(len(order), int)
    for place in order:
        wanted.append(int(own[place]))
        own[_beside(place, size)] += 1
    drawn: list[int] = []
    touched, free = np.zeros(len(order), int), np.ones(len(order), bool)
    for count in wanted:
        # four beside it at most, so that a place that is taken comes last
        away = np.where(free, np.abs(touched - count), 9)
        nearest = np.flatnonzero(away == away.min())
        place = int(nearest[random.integers(len(nearest))])
        drawn.append(place)
        free[place] = False
        touched[_beside(place, size)] += 1
    return drawn


def _beside(place: int, size: tuple[int, int]) -> list[int]:
    """Give the places above, below, left and right of one."""
    row, column = divmod(place, size[1])
    around = ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
    return [r * size[1] + c for r, c in around if 0 <= r < size[0] and 0 <= c < size[1]]


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
