"""How is each image of a batch scored by its own objective, in one pass?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from neurons.visualization.objectives import Maps, Objective


class LayerMaps(dict[str, Tensor]):
    """Maps by layer, which can also give gradients at the outputs that they were read from.

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


def score_each(objectives: Sequence[Objective], maps: LayerMaps) -> Tensor:
    """Score each image by its own objective: float (images,).

    Images that follow each other with the same objective are scored together: `diversity` compares
    them.
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
