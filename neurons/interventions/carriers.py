"""Without which units do two groups of pictures no longer lie apart along a direction?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.address import Neuron
from neurons.errors import OptionError
from neurons.interventions.controls import SILENT, ControlActivity, activity_of, matched_draws
from neurons.interventions.editable import EditableNetwork, Edits, Responses
from neurons.readouts.readout import Readout
from neurons.stats import Interval, Share, excess_over_controls

# units that are screened, items of each group that they are screened on, and those tried further
_SCREENED, _SCREENED_ON, _CANDIDATES = 512, 4, 32
# what counts as most of a difference
MOST = 0.5
# in either half of each group
FEWEST = 4


@dataclass(frozen=True, eq=False)
class Groups:
    """Two groups of items, each shown by one picture or several, and where they differ.

    Parameters
    ----------
    x, y : Tensor of uint8, (items, pictures of each, 3, H, W)
        As many of each.
    direction : ndarray of float, (embedding,)
        Scores are cosines with the embedding, weighted by it: the mean attribute of one side minus
        that of the other.
    """

    x: Tensor
    y: Tensor
    direction: NDArray[np.float64]

    @property
    def pixels(self) -> Tensor:
        """Both groups' pictures, one after the other."""
        return torch.cat([self.x.flatten(0, 1), self.y.flatten(0, 1)])

    def part(self, rows: NDArray[np.intp]) -> Groups:
        """Take some items of each group."""
        return Groups(self.x[rows], self.y[rows], self.direction)

    def halves(self, seed: int) -> tuple[Groups, Groups]:
        """Part the items into those that choose units and those that test them.

        Raises
        ------
        OptionError
            If a half would have fewer than four of each.
        """
        n = len(self.x)
        if n < 2 * FEWEST:
            raise OptionError(
                f"{n} pictures in each group: one half chooses units and the other tests them, and "
                f"each needs {FEWEST}; give {2 * FEWEST} or more"
            )
        order = np.random.default_rng(seed).permutation(n)
        return self.part(order[: n // 2]), self.part(order[n // 2 :])

    def apart(self, responses: Responses) -> NDArray[np.float64]:
        """Give, edit by edit, how far each item of X lies before one of Y: (edits, items)."""
        embedded = responses.embeddings.astype(np.float64)
        lengths = np.linalg.norm(embedded, axis=1, keepdims=True)
        scores = embedded / np.maximum(lengths, 1e-12) @ self.direction
        by_group = scores.reshape(-1, 2, len(self.x), self.x.shape[1]).mean(3)
        found: NDArray[np.float64] = by_group[:, 0] - by_group[:, 1]
        return found


@dataclass(frozen=True)
class Carrier:
    """A unit that a difference between two groups needs.

    Parameters
    ----------
    neuron : str
    peak_x, peak_y : float
        Its mean peak on either group.
    share : float
        Of the difference that is lost when it alone is set to zero, on the pictures that chose
        it: too high for the best of many.
    """

    neuron: str
    peak_x: float
    peak_y: float
    share: float


@dataclass(frozen=True)
class Removal:
    """What is left of a difference without some units, on pictures that did not choose them.

    Parameters
    ----------
    neurons : tuple of str
    intact, without : float
        Difference of the groups' mean scores, in cosine.
    drop : float
        How much it falls, towards 0.
    random_drops : tuple of float
        The same for control units, as many at a time, none twice.
    activity : ControlActivity
    excess : float
        The drop beyond that of controls as active.
    interval : Interval
        Of the excess, 95 %: a prediction interval, see `excess_over_controls`.
    p_value : float
        Share of the draws, this one counted in, with as large a drop.
    accuracy_intact, accuracy : Share
        Zero-shot elsewhere, with all units and without these; of none where nothing was given.
    random_accuracy : float
        Without controls, on average; nan where nothing was given.
    """

    neurons: tuple[str, ...]
    intact: float
    without: float
    drop: float
    random_drops: tuple[float, ...]
    activity: ControlActivity
    excess: float
    interval: Interval
    p_value: float
    accuracy_intact: Share
    accuracy: Share
    random_accuracy: float

    @property
    def share(self) -> float:
        """Of the difference that is lost."""
        return self.drop / abs(self.intact) if self.intact else float("nan")

    @property
    def random_share(self) -> float:
        """Of the difference that is lost without controls, on average."""
        return float(np.mean(self.random_drops)) / abs(self.intact) if self.intact else float("nan")

    @property
    def needed(self) -> bool:
        """Whether the difference is seen to need these units more than it needs their controls."""
        return bool(self.interval.low > 0)


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """Pictures of other things, on which the cost of an edit is measured.

    Parameters
    ----------
    pixels : Tensor of uint8, (images, 3, H, W)
    truth : ndarray of int, (images,)
        Each one's class, as the readout counts.
    readout : Readout
    """

    pixels: Tensor
    truth: NDArray[np.int64]
    readout: Readout

    def right(self, network: EditableNetwork, edits: Edits) -> Share:
        """Count the images that are still given to their class."""
        answers = network.respond(self.pixels, edits=edits).answers(self.readout)
        return Share(int((answers == self.truth).sum()), len(self.truth))


def rank_carriers(network: EditableNetwork, groups: Groups, layer: str) -> tuple[Carrier, ...]:
    """Set units to zero one by one, and rank them by what the difference loses.

    The units whose mean peaks differ most between the groups (512 at most) are set to zero on the
    first items; the 32 that are needed most there, on all.

    Parameters
    ----------
    network : EditableNetwork
        Opened for the layer.
    groups : Groups
    layer : str

    Returns
    -------
    tuple of Carrier
        The most needed first; only those without which the difference falls.
    """
    intact = network.respond(groups.pixels)
    half = len(groups.x) * groups.x.shape[1]
    peaks = intact.peaks[layer]
    mean_x, mean_y = peaks[:half].mean(0), peaks[half:].mean(0)
    differing = np.argsort(-np.abs(mean_x - mean_y), kind="stable")[:_SCREENED]
    some = groups.part(np.arange(min(_SCREENED_ON, len(groups.x))))
    first = _shares(network, some, layer, differing.tolist())
    best = differing[np.argsort(-first, kind="stable")[:_CANDIDATES]].tolist()
    lost = _shares(network, groups, layer, best)
    return tuple(
        Carrier(f"{layer}:{unit}", float(mean_x[unit]), float(mean_y[unit]), float(share))
        for share, unit in sorted(zip(lost.tolist(), best, strict=True), key=lambda pair: -pair[0])
        if share > 0
    )


def fewest_for_most(
    network: EditableNetwork, groups: Groups, ranked: Sequence[Carrier], most: int
) -> list[Neuron]:
    """Take the fewest of the first units without which half of the difference is gone.

    Parameters
    ----------
    network : EditableNetwork
    groups : Groups
        Those that ranked them.
    ranked : sequence of Carrier
    most : int >= 1
        Units to try together at most.

    Returns
    -------
    list of Neuron
        All ``most`` if that takes less than half; none if there are no carriers.
    """
    units = [Neuron.parse(each.neuron) for each in ranked[:most]]
    if not units:
        return []
    edits = [dict.fromkeys(units[: k + 1], SILENT) for k in range(len(units))]
    intact = groups.apart(network.respond(groups.pixels)).mean()
    left = groups.apart(network.respond_to_each(groups.pixels, edits)).mean(1)
    enough = np.flatnonzero((intact - left) / intact >= MOST)
    return units[: int(enough[0]) + 1] if len(enough) else units


def removal(
    network: EditableNetwork,
    groups: Groups,
    units: Sequence[Neuron],
    activity: NDArray[np.float32],
    *,
    elsewhere: Elsewhere | None = None,
    n_random: int = 20,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> Removal:
    """Set units to zero, and others that are as active, and measure what the difference loses.

    Parameters
    ----------
    network : EditableNetwork
    groups : Groups
        Items that did not choose the units.
    units : sequence of Neuron
        Of one layer.
    activity : ndarray of float, (units of the layer,)
        What controls are matched by.
    elsewhere : Elsewhere, optional
    n_random : int >= 1
    seed : int
    progress : callable
        Called after each edit.

    Raises
    ------
    OptionError
        If the layer has too few other units.
    """
    draws = matched_draws(units, activity, n_random, seed)
    edits: list[Edits] = [dict.fromkeys(chosen, SILENT) for chosen in (units, *draws)]
    before = groups.apart(network.respond(groups.pixels))[0]
    way, lost, right = (1 if before.mean() >= 0 else -1), [], []
    for each in edits:
        lost.append(way * (before - groups.apart(network.respond(groups.pixels, edits=each))[0]))
        right.append(elsewhere.right(network, each) if elsewhere is not None else Share(0, 0))
        progress()
    compared = activity_of(units, draws, activity)
    found = excess_over_controls(
        lost[0], np.stack(lost[1:]), None if compared.matched else compared.values()
    )
    drop = float(lost[0].mean())
    return Removal(
        neurons=tuple(map(str, units)),
        intact=float(before.mean()),
        without=float(before.mean()) - way * drop,
        drop=drop,
        random_drops=tuple(float(each.mean()) for each in lost[1:]),
        activity=compared,
        excess=found.value,
        interval=found.interval,
        p_value=found.p_value,
        accuracy_intact=elsewhere.right(network, {}) if elsewhere is not None else Share(0, 0),
        accuracy=right[0],
        random_accuracy=float(np.mean([each.value for each in right[1:]])),
    )


def _shares(
    network: EditableNetwork, groups: Groups, layer: str, units: Sequence[int]
) -> NDArray[np.float64]:
    """Give what each unit alone takes of the difference, (units,)."""
    neurons = [Neuron(layer, unit) for unit in units]
    intact = groups.apart(network.respond(groups.pixels)).mean()
    left = groups.apart(network.respond_without_each(groups.pixels, neurons)).mean(1)
    found: NDArray[np.float64] = (intact - left) / intact
    return found
