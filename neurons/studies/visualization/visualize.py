"""What does a neuron want to see? Feature visualization, with evidence beside every picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from neurons.activations.run import Activations
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.visualization.ascent import (
    DEFAULT,
    ImageRequest,
    Settings,
    batch_size,
    climb_all,
    climber,
)
from neurons.visualization.evidence import Frame, PictureEvaluator
from neurons.visualization.objectives import Objective, Target, as_objective, diversity, faceted
from neurons.visualization.result import Visualization

FacetWeights = Mapping[str, Mapping[str, Tensor]]

# the ends of the ramp in render_facet of Goh et al.'s released code
STRENGTHS = (0.1, 1.7, 3.4, 5.0)


@dataclass(frozen=True)
class Series:
    """Which pictures are made of each target.

    Parameters
    ----------
    n_seeds : int >= 1
        Plain pictures from different noise: what they share is not the noise's.
    facets : mapping
        Of each facet, its probe's weights by layer; see `facet_probes`.
    strengths : sequence of float
        One picture a facet and strength.
    diversity : float
        How strongly the plain pictures are driven apart in style; 0 for not at all.
    """

    n_seeds: int = 2
    facets: FacetWeights | None = None
    strengths: Sequence[float] = STRENGTHS
    diversity: float = 0.0

    def provenance(self) -> dict[str, object]:
        """As plain values; pictures made with equal ones are equal."""
        facets = []
        for name, weights in (self.facets or {}).items():
            digest = hashlib.sha256(b"".join(part.numpy().tobytes() for part in weights.values()))
            facets.append(f"{name} {digest.hexdigest()[:16]}")
        return {
            "n_seeds": self.n_seeds,
            "facets": facets,
            "strengths": list(self.strengths) if facets else [],
            "diversity": self.diversity,
        }


TWO_SEEDS = Series()


def visualize(
    clip: Clip,
    target: Target,
    *,
    settings: Settings = DEFAULT,
    series: Series = TWO_SEEDS,
    run: Activations | None = None,
) -> Visualization:
    """Make pictures of what excites one target.

    Parameters
    ----------
    clip : Clip
    target : Neuron or Objective
    settings : Settings
    series : Series
    run : Activations, optional
        As `visualize_each` takes them, which says also what is raised.
    """
    (found,) = visualize_each(clip, [target], settings=settings, series=series, run=run)
    return found


def visualize_each(
    clip: Clip,
    targets: Sequence[Target],
    *,
    settings: Settings = DEFAULT,
    series: Series = TWO_SEEDS,
    run: Activations | None = None,
    step_done: Callable[[int], None] = lambda step: None,
    told: Callable[[str], None] = lambda text: None,
) -> Iterator[Visualization]:
    """Make pictures of what excites each target, many targets in one forward pass.

    Parameters
    ----------
    clip : Clip
    targets : sequence of Neuron or Objective
        A neuron stands for its mean over the map.
    settings : Settings
        How the pictures are made.
    series : Series
        Which pictures are made of each target.
    run : Activations, optional
        A finished scan of real images with the same model: gives the percentiles.
    step_done : callable
        Takes the number of steps done of the batch that is climbing.
    told : callable
        Takes remarks, such as that the batch was halved.

    Yields
    ------
    Visualization
        In the order of the targets, as batches finish.

    Raises
    ------
    LayerNotFoundError, NeuronNotFoundError
        If the model or the run has no such unit.
    OptionError
        If the model takes no images of this size, or a number makes no sense.
    StaleActivationsError
        If the run was made with another model.
    """
    objectives = [as_objective(target) for target in targets]
    if not objectives or series.n_seeds < 1:
        raise OptionError(
            f"{len(objectives)} targets, {series.n_seeds} pictures of each: both are at least 1"
        )
    witness = PictureEvaluator(clip, settings.transforms, run)
    for objective in objectives:
        witness.check(objective)
    plans = [_plan(objective, series) for objective in objectives]
    at_once = max(1, batch_size(clip, settings) // len(plans[0]))
    everything = [wish.objective for plan in plans for _, wish in plan]
    with climber(clip, everything, settings) as climb:
        for start in range(0, len(plans), at_once):
            part = plans[start : start + at_once]
            rows = [row for plan in part for row in plan]
            painted = climb_all(
                clip, climb, [wish for _, wish in rows], settings, step_done=step_done, told=told
            )
            owners = [objectives[start + i] for i, plan in enumerate(part) for _ in plan]
            portraits = iter(witness.portraits(owners, painted, [frame for frame, _ in rows]))
            for objective, plan in zip(objectives[start:], part, strict=False):
                yield Visualization(
                    provenance={
                        "model": clip.provenance(),
                        "settings": settings.provenance(clip),
                        "run": None if run is None else run.provenance(),
                    },
                    target=objective.name,
                    unit="" if objective.unit is None else str(objective.unit),
                    steps=settings.steps,
                    n_images=0 if run is None else len(run.good_rows()),
                    pictures=tuple(next(portraits) for _ in plan),
                )


def _plan(objective: Objective, series: Series) -> list[tuple[Frame, ImageRequest]]:
    plain = objective
    if series.diversity and series.n_seeds > 1 and objective.unit is not None:
        apart = objective + diversity(objective.unit.layer, series.diversity)
        plain = apart.named(f"{objective.name} diverse {series.diversity:g}")
    rows = [(Frame(f"seed {i}"), ImageRequest(plain, i)) for i in range(series.n_seeds)]
    for name, weights in (series.facets or {}).items():
        for strength in series.strengths:
            driven = faceted(objective, weights, strength).named(
                f"{objective.name} {name} {strength:g}"
            )
            rows.append((Frame(f"{name} × {strength:g}", name, strength), ImageRequest(driven)))
    return rows
