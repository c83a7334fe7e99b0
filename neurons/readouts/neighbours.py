"""Which classes does a probe confuse with one, and which units do they share?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurons.readouts.probe import Probe


@dataclass(frozen=True)
class Neighbour:
    """Another class that the probe confuses with this one.

    Parameters
    ----------
    name : str
    taken_for_it : int
        Test images of this class that the probe gave to the neighbour.
    taken_for_this : int
        The neighbour's that it gave to this class.
    shared : tuple of str
        Neurons with a positive weight in both, the largest product first.
    """

    name: str
    taken_for_it: int
    taken_for_this: int
    shared: tuple[str, ...]


def neighbours(probe: Probe, own: int, *, most: int = 5) -> tuple[Neighbour, ...]:
    """List the classes that are confused with one, the most test images first.

    Parameters
    ----------
    probe : Probe
    own : int
        The class, as the probe counts.
    most : int >= 0
        Classes to list; none that was never confused with it.
    """
    mistaken = probe.confusion[own] + probe.confusion[:, own]
    mistaken[own] = 0
    order = [k for k in np.argsort(-mistaken, kind="stable")[:most] if mistaken[k]]
    scaled = np.maximum(probe.standardised, 0)
    found = []
    for k in order:
        both = scaled[own] * scaled[k]
        shared = np.argsort(-both, kind="stable")[: np.count_nonzero(both)]
        found.append(
            Neighbour(
                probe.class_names[k],
                int(probe.confusion[own, k]),
                int(probe.confusion[k, own]),
                tuple(f"{probe.layer}:{unit}" for unit in shared),
            )
        )
    return tuple(found)
