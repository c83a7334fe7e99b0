"""Where does a point of the joint space come to rest if it is seen and said again and again?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.readouts.concept_plane_map import nearest_classes
from neurons.readouts.concept_plane_pictures import SeenImages
from neurons.readouts.unit_directions import unit_length

# one way round: from points to what stands for each (an image's number), and to the next points
Way = Callable[[NDArray[np.floating]], tuple[NDArray[np.intp], NDArray[np.floating]]]
MOST_STEPS = 50


@dataclass(frozen=True, eq=False)
class Settled:
    """Where points come to rest.

    Parameters
    ----------
    at : ndarray of int, (points,)
        The number of what they come to; -1 where they did not settle.
    steps : ndarray of int, (points,)
        How often the way was gone until nothing changed any more.
    """

    at: NDArray[np.intp] = field(repr=False)
    steps: NDArray[np.intp] = field(repr=False)


def settle(points: NDArray[np.floating], way: Way, *, most: int = MOST_STEPS) -> Settled:
    """Go a way again and again until points come back to what they were at.

    Parameters
    ----------
    points : ndarray of float, (points, embedding)
    way : callable
    most : int >= 1
        Steps after which a point counts as not settled.
    """
    here, points = way(points)
    at, steps = np.full(len(here), -1, np.intp), np.full(len(here), most, np.intp)
    open_ = np.arange(len(here))
    for step in range(1, most + 1):
        if not len(open_):
            break
        following, points = way(points)
        rests = following == here
        at[open_[rests]], steps[open_[rests]] = here[rests], step
        open_, here, points = open_[~rests], following[~rests], points[~rests]
    return Settled(at, steps)


def image_and_word(seen: SeenImages, directions: NDArray[np.floating]) -> Way:
    """See the nearest image, say the class that is nearest to it, and go on from this class.

    The cosine between image and class never falls on this way, so that every point settles.

    Parameters
    ----------
    seen : SeenImages
    directions : ndarray of float, (classes, embedding)
    """
    units = unit_length(np.asarray(directions, np.float32))
    said = nearest_classes(seen.embeddings, units).classes

    def way(points: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.floating]]:
        found, _ = seen.nearest(points)
        return found, units[said[found]]

    return way
