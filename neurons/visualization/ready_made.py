"""Which objectives are there besides a unit's mean? Places, directions, texts, walks, facets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from neurons.address import EMBEDDING, Neuron
from neurons.errors import OptionError
from neurons.visualization.objectives import FacetTerm, Maps, Objective, weighted_sum


def neuron_at(neuron: Neuron | str, row: int, column: int) -> Objective:
    """Excite a unit in one place of the map.

    Parameters
    ----------
    neuron : Neuron or str
        Or its address.
    row, column : int
        Of the layer's map, from 0.
    """
    unit = Neuron.of(neuron)
    return Objective(
        f"{unit} at {row},{column}",
        (unit.layer,),
        lambda maps: maps[unit.layer][:, unit.unit, row, column],
        unit=unit,
    )


def direction(layer: str, vector: Tensor, *, name: str) -> Objective:
    """Excite a direction of a layer: the dot product with it, averaged over the map.

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
        One per point.
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
    """Go from one objective to another in ``n`` (>= 2) weighted sums, both ends included."""
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
        f, a unit's activation or any other objective.
    weights : mapping of str to Tensor, (units,)
        w by layer: the weights of the facet's probe; see `facet_probes`.
    strength : float

    Notes
    -----
    This is the paper's formula. The code that its authors released adds two things, which are not
    here: a term that pulls pixels towards grey, -10 times their mean squared distance from 0.5 (of
    1), and probe weights with a place, (units, H, W), resized to the map, where these here are
    the same at every place. It also takes every second block of the stage, and strengths spread
    evenly from 0.1 to 5 over nine images of 256 px in 4,096 steps.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021, appendix
    "Faceted feature visualization"; the gradient is not differentiated again. The code:
    https://github.com/openai/CLIP-featurevis, example_facets.py.
    """
    return replace(
        about,
        name=f"{about.name} faceted {strength:g}",
        layers=(*about.layers, *(layer for layer in weights if layer not in about.layers)),
        plain=False,
        facet=FacetTerm(weights, strength),
    )


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
