"""What should an image be good at? Objectives: callables from maps to a number an image.

They add, subtract and scale: ``channel(a) + 0.5 * channel(b)``. An operator returns a new
objective and leaves its operands as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from neurons.address import EMBEDDING, Neuron
from neurons.errors import OptionError

Maps = Mapping[str, Tensor]

# render_facet of Goh et al.'s released code weighs each of n layers by 5 / n
_GOH_FACTOR = 5.0


class LayerMaps(dict[str, Tensor]):
    """Maps by layer, that know what in the graph they were read from.

    Parameters
    ----------
    outputs : mapping of str to Tensor
        The layers' own outputs.
    arrange : mapping of str to callable
        From an output, or its gradient, to maps, float (images, units, H, W).
    """

    def __init__(
        self, outputs: Mapping[str, Tensor], arrange: Mapping[str, Callable[[Tensor], Tensor]]
    ) -> None:
        super().__init__({layer: arrange[layer](output) for layer, output in outputs.items()})
        self._outputs, self._arrange = outputs, arrange

    def gradients(self, total: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Give the gradient of a number at some layers, as maps."""
        found = torch.autograd.grad(total, [self._outputs[p] for p in layers], retain_graph=True)
        return {p: self._arrange[p](part) for p, part in zip(layers, found, strict=True)}


@dataclass(frozen=True, eq=False)
class FacetTerm:
    """What `faceted` adds to an objective: 5 s w (g * relu(df / dg)), meaned over layers."""

    weights: Mapping[str, Tensor]
    strength: float

    def score(self, maps: Maps, gradients: Maps) -> Tensor:
        """Score images, float (images,); the gradient is not differentiated again."""
        total = torch.zeros(
            len(next(iter(gradients.values()))), device=next(iter(maps.values())).device
        )
        for layer, looks in self.weights.items():
            attributed = maps[layer] * gradients[layer].detach().relu()
            total = total + attributed.float().sum((2, 3)) @ looks.to(total.device).float()
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
        It wants what a closing ReLU would cut off: a silent unit gives no way down.
    facet : FacetTerm or None
        What `score_each` adds; it takes gradients of all the images at once.
    """

    name: str
    layers: tuple[str, ...]
    score: Callable[[Maps], Tensor]
    unit: Neuron | None = None
    plain: bool = False
    signed: bool = False
    facet: FacetTerm | None = None

    def __call__(self, maps: Maps) -> Tensor:
        """Score images, float (images,), without the facet's term."""
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


# what a user may ask for
Target = Neuron | Objective


def weighted_sum(objectives: Sequence[Objective], weights: Sequence[float]) -> Objective:
    """Add objectives up, each times its weight; it is about the unit of the first that has one."""
    if any(objective.facet for objective in objectives):
        raise OptionError("a facet comes last: faceted(a + b, ...), not faceted(a, ...) + b")
    parts = tuple(zip(objectives, weights, strict=True))
    return Objective(
        " + ".join(f"{weight:g} {part.name}" for part, weight in parts),
        tuple(dict.fromkeys(layer for part in objectives for layer in part.layers)),
        lambda maps: torch.stack([weight * part(maps) for part, weight in parts]).sum(0),
        unit=next((part.unit for part in objectives if part.unit is not None), None),
        signed=any(part.signed or (weight < 0 and part.unit is not None) for part, weight in parts),
    )


def channel(unit: Neuron) -> Objective:
    """Excite a unit everywhere: its mean over the map."""
    return Objective(
        str(unit),
        (unit.layer,),
        lambda maps: maps[unit.layer][:, unit.unit].float().mean((1, 2)),
        unit=unit,
        plain=True,
    )


def as_objective(target: Target) -> Objective:
    """Give an objective as it is; a neuron stands for its mean over the map."""
    return channel(target) if isinstance(target, Neuron) else target


def neuron_at(unit: Neuron, row: int, column: int) -> Objective:
    """Excite a unit in one place of the map."""
    return Objective(
        f"{unit} at {row},{column}",
        (unit.layer,),
        lambda maps: maps[unit.layer][:, unit.unit, row, column],
        unit=unit,
    )


def direction(layer: str, vector: Tensor, *, name: str) -> Objective:
    """Excite a direction of a layer: the dot product with it, meaned over the map.

    Parameters
    ----------
    layer : str
    vector : Tensor of float, (units,)
    name : str
        What to call the direction.
    """
    return Objective(
        f"{layer}:{name}",
        (layer,),
        lambda maps: maps[layer].mean((2, 3)) @ vector.to(maps[layer]),
    )


def towards(point: Tensor, *, name: str) -> Objective:
    """Come near a point of the joint space: a text's or an image's embedding.

    Parameters
    ----------
    point : Tensor of float, (dimensions,)
        Only its direction counts.
    name : str
        What to call the point.

    Returns
    -------
    Objective
        The cosine, times 100: CLIP's logit at its usual scale.
    """
    unit_vector = functional.normalize(point.float(), dim=0)

    def score(maps: Maps) -> Tensor:
        embedded = functional.normalize(maps[EMBEDDING].float(), dim=1)
        return 100 * embedded @ unit_vector.to(embedded.device)

    return Objective(name, (EMBEDDING,), score)


def walk(points: Sequence[Tensor], n: int, *, names: Sequence[str]) -> list[Objective]:
    """Go through points of the joint space on great circles, ``n`` stops from end to end.

    Parameters
    ----------
    points : sequence of Tensor, (dimensions,)
        Two or more.
    n : int >= 2
    names : sequence of str
        One a point.
    """
    _check_walk(points, n)
    unit_vectors = [functional.normalize(point.float(), dim=0) for point in points]
    stops = []
    for left, share in _stops(len(points), n):
        a, b = unit_vectors[left], unit_vectors[left + 1]
        angle = torch.arccos((a @ b).clamp(-1, 1))
        if float(angle) > 1e-4:
            point = (
                torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b
            ) / angle.sin()
        else:
            point = a
        stops.append(towards(point, name=_between(names[left], names[left + 1], share)))
    return stops


def between(first: Objective, second: Objective, n: int) -> list[Objective]:
    """Go from one objective to another in ``n`` weighted sums, both ends included."""
    _check_walk((first, second), n)
    return [
        weighted_sum((first, second), (1 - share, share)).named(
            _between(first.name, second.name, share)
        )
        for _, share in _stops(2, n)
    ]


def diversity(layer: str, strength: float = 1.0) -> Objective:
    """Make the images of one objective differ in style; it means nothing for a single image.

    Parameters
    ----------
    layer : str
        Whose channels' correlations are the style.
    strength : float

    References
    ----------
    Olah, Mordvintsev, Schubert, "Feature visualization", Distill 2017, section "Diversity".
    """

    def score(maps: Maps) -> Tensor:
        flat = maps[layer].float().flatten(2)
        grams = functional.normalize((flat @ flat.transpose(1, 2)).flatten(1), dim=1)
        alike = grams @ grams.T
        others = len(alike) - 1
        return -strength * (alike.sum(1) - alike.diagonal()) / max(others, 1)

    return Objective(f"diversity({layer}, {strength:g})", (layer,), score)


def like(layer: str, maps_of: Tensor, strength: float) -> Objective:
    """Stay like an image: minus the relative distance between its maps and the image's own.

    Parameters
    ----------
    layer : str
    maps_of : Tensor of float, (units, H, W)
        The given image's.
    strength : float

    References
    ----------
    Hamblin et al., "Feature accentuation: revealing 'what' features respond to in natural images",
    2024, eq. 2.
    """
    norm = float(maps_of.float().norm())

    def score(maps: Maps) -> Tensor:
        apart: Tensor = (maps[layer].float() - maps_of.to(maps[layer].device).float()).flatten(1)
        distances: Tensor = torch.linalg.vector_norm(apart, dim=1)
        return -strength * distances / norm

    return Objective(f"like({layer}, {strength:g})", (layer,), score)


def faceted(about: Objective, weights: Mapping[str, Tensor], strength: float) -> Objective:
    """Excite, and let what excites it look like a facet: f + w (g * relu(df / dg)).

    Parameters
    ----------
    about : Objective
        f.
    weights : mapping of str to Tensor, (units,)
        w by layer: where the facet's probe looks; see `facet_probes`.
    strength : float

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021, appendix
    "Faceted feature visualization"; the gradient is not differentiated again.
    """
    return replace(
        about,
        name=f"{about.name} faceted {strength:g}",
        layers=(*about.layers, *(layer for layer in weights if layer not in about.layers)),
        plain=False,
        facet=FacetTerm(weights, strength),
    )


def score_each(objectives: Sequence[Objective], maps: LayerMaps) -> Tensor:
    """Score each image by its own objective: float (images,).

    Neighbours with one and the same objective are scored together, so that they can differ.
    """
    scores = _without_facets(objectives, maps)
    layers = list(dict.fromkeys(p for each in objectives if each.facet for p in each.facet.weights))
    if not layers:
        return scores
    # images share nothing: one gradient of the sum is each image's own
    gradients = maps.gradients(scores.sum(), layers)
    terms = []
    for i, objective in enumerate(objectives):
        if objective.facet is None:
            terms.append(scores.new_zeros(1))
        else:
            here, there = ({p: m[p][i : i + 1] for p in layers} for m in (maps, gradients))
            terms.append(objective.facet.score(here, there))
    return scores + torch.cat(terms)


def _without_facets(objectives: Sequence[Objective], maps: Maps) -> Tensor:
    if all(objective.plain for objective in objectives):
        units = [objective.unit for objective in objectives if objective.unit is not None]
        if len({unit.layer for unit in units}) == 1:
            rows = torch.arange(len(units))
            chosen = maps[units[0].layer][rows, [unit.unit for unit in units]]
            return chosen.float().mean((1, 2))
    groups: list[tuple[Objective, int]] = []
    for objective in objectives:
        if groups and groups[-1][0] is objective:
            groups[-1] = (objective, groups[-1][1] + 1)
        else:
            groups.append((objective, 1))
    # one split, so that its gradient is one concatenation
    sizes = [n for _, n in groups]
    parts = {layer: torch.split(values, sizes) for layer, values in maps.items()}
    scores = [
        objective({layer: parts[layer][i] for layer in objective.layers}).float()
        for i, (objective, _) in enumerate(groups)
    ]
    return torch.cat(scores)


def _stops(n_points: int, n: int) -> list[tuple[int, float]]:
    stops = []
    for i in range(n):
        at = i * (n_points - 1) / (n - 1)
        left = min(int(at), n_points - 2)
        stops.append((left, at - left))
    return stops


def _check_walk(points: Sequence[object], n: int) -> None:
    if len(points) < 2 or n < 2:
        raise OptionError(f"a walk needs two points and two stops; given: {len(points)} and {n}")


def _between(first: str, second: str, share: float) -> str:
    if share == 0:
        return first
    return second if share == 1 else f"{1 - share:.0%} {first}, {share:.0%} {second}"
