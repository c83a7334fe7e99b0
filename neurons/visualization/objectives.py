"""What should an image be good at? Objectives: callables from maps to a number per image.

They add, subtract and scale: ``channel(a) + 0.5 * channel(b)``. An operator returns a new
objective and leaves its operands as they are. `ready_made` has more of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from neurons.address import Neuron
from neurons.errors import OptionError

Maps = Mapping[str, Tensor]

# render_facet of Goh et al.'s released code weighs each of n layers by 5 / n
_GOH_FACTOR = 5.0


@dataclass(frozen=True, eq=False)
class FacetTerm:
    """What `faceted` adds to an objective: 5 s w (g * relu(df / dg)), averaged over layers.

    Parameters
    ----------
    weights : mapping of str to Tensor, (units,)
        w by layer.
    strength : float
        s.
    """

    weights: Mapping[str, Tensor]
    strength: float

    def score(self, maps: Maps, gradients: Maps) -> Tensor:
        """Score images, float (images,); the gradient is not differentiated again."""
        total = torch.zeros(
            len(next(iter(gradients.values()))), device=next(iter(maps.values())).device
        )
        for layer, weights in self.weights.items():
            attributed = maps[layer] * gradients[layer].detach().relu()
            total = total + attributed.float().sum((2, 3)) @ weights.to(total.device).float()
        return _GOH_FACTOR * self.strength * total / len(self.weights)


@dataclass(frozen=True, eq=False)
class Objective:
    """Something to be maximised, for a few images at a time.

    Parameters
    ----------
    name : str
        With everything that it depends on: it seeds the images' noise.
    layers : tuple of str
        What `score` reads: module paths, or `EMBEDDING`.
    score : callable
        From maps, float (images, units, H, W) by layer, to float (images,).
    unit : Neuron or None
        The unit that it is about, if there is one: what the evidence is measured on.
    plain : bool
        It is nothing but the mean of ``unit`` over the map; such ones are computed together.
    signed : bool
        It reads values below 0, which a layer's last ReLU would cut off: a silent unit has no
        gradient downwards.
    facet : FacetTerm or None
        What `score_each` adds; it takes gradients of all the images at once.
    downwards : bool
        It wants ``unit`` low, not high: that is what its pictures are judged by.
    """

    name: str
    layers: tuple[str, ...]
    score: Callable[[Maps], Tensor]
    unit: Neuron | None = None
    plain: bool = False
    signed: bool = False
    facet: FacetTerm | None = None
    downwards: bool = False

    def __call__(self, maps: Maps) -> Tensor:
        """Score images, float (images,), without the term of a facet."""
        return self.score(maps)

    def __add__(self, other: Objective) -> Objective:
        return weighted_sum((self, other), (1.0, 1.0))

    def __sub__(self, other: Objective) -> Objective:
        return weighted_sum((self, other), (1.0, -1.0))

    def __neg__(self) -> Objective:
        return -1.0 * self

    def __mul__(self, factor: float) -> Objective:
        return weighted_sum((self,), (factor,))

    __rmul__ = __mul__

    def named(self, name: str) -> Objective:
        """Give the same objective under another name."""
        return replace(self, name=name)


# what a user may ask for: an objective, a unit, or a unit's address
Target = Neuron | Objective | str


def weighted_sum(objectives: Sequence[Objective], weights: Sequence[float]) -> Objective:
    """Add objectives up, each times its weight; it is about the unit of the first that has one."""
    if any(objective.facet for objective in objectives):
        raise OptionError("a facet comes last: faceted(a + b, ...), not faceted(a, ...) + b")
    parts = tuple(zip(objectives, weights, strict=True))
    about = next(((part, weight) for part, weight in parts if part.unit is not None), None)
    return Objective(
        " + ".join(f"{weight:g} {part.name}" for part, weight in parts),
        tuple(dict.fromkeys(layer for part in objectives for layer in part.layers)),
        lambda maps: torch.stack([weight * part(maps) for part, weight in parts]).sum(0),
        unit=None if about is None else about[0].unit,
        signed=any(part.signed or (weight < 0 and part.unit is not None) for part, weight in parts),
        downwards=about is not None and about[0].downwards != (about[1] < 0),
    )


def channel(neuron: Neuron | str) -> Objective:
    """Excite a unit everywhere: its mean over the map.

    Parameters
    ----------
    neuron : Neuron or str
        Or its address, such as ``visual.layer4:89``.

    Raises
    ------
    AddressError
        If the string is no neuron's address.
    """
    unit = Neuron.of(neuron)
    return Objective(
        str(unit),
        (unit.layer,),
        lambda maps: maps[unit.layer][:, unit.unit].float().mean((1, 2)),
        unit=unit,
        plain=True,
    )


def as_objective(target: Target) -> Objective:
    """Give an objective as it is; a neuron, or its address, stands for its mean over the map.

    Raises
    ------
    AddressError
        If a string is no neuron's address.
    """
    return target if isinstance(target, Objective) else channel(target)
