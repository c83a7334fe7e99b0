"""What excites a neuron most? Feature visualization, with evidence beside every picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from neurons.activations.run import Activations
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.visualization.ascent import ascend_in_batches, open_ascent
from neurons.visualization.evidence import PictureEvaluator
from neurons.visualization.made_picture import MadePicture, PictureKind
from neurons.visualization.objectives import Objective, Target, as_objective
from neurons.visualization.ready_made import diversity, faceted
from neurons.visualization.request import DEFAULT, ImageRequest, Settings, batch_size
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
        One picture is made per facet and strength.
    diversity : float
        How strongly the plain pictures are driven apart in style; 0 for not at all.
    """

    n_seeds: int = 2
    facets: FacetWeights | None = None
    strengths: Sequence[float] = STRENGTHS
    diversity: float = 0.0

    def provenance(self) -> dict[str, object]:
        """Give it as plain values; pictures made with equal ones are equal."""
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
    target : Neuron, str or Objective
        A neuron, or its address, stands for its mean over the map.
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
    targets : sequence of Neuron, str or Objective
        A neuron, or its address, stands for its mean over the map.
    settings : Settings
        How the pictures are made.
    series : Series
        Which pictures are made of each target.
    run : Activations, optional
        A finished scan of real images with the same model: gives the percentiles.
    step_done : callable
        Takes the number of steps done of the batch under way.
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
    evaluator = PictureEvaluator(clip, settings.transforms, run)
    for objective in objectives:
        evaluator.check(objective)
    plans = [_plan(objective, series) for objective in objectives]
    at_once = max(1, batch_size(clip, settings) // len(plans[0]))
    everything = [request.objective for plan in plans for _, request in plan]
    with open_ascent(clip, everything, settings) as batch:
        for start in range(0, len(plans), at_once):
            part = plans[start : start + at_once]
            rows = [row for plan in part for row in plan]
            requests = [request for _, request in rows]
            made = ascend_in_batches(
                clip, batch, requests, settings, step_done=step_done, told=told
            )
            owners = [objectives[start + i] for i, plan in enumerate(part) for _ in plan]
            pictures = iter(evaluator.measure(owners, made, [kind for kind, _ in rows]))
            for objective, plan in zip(objectives[start:], part, strict=False):
                mine = tuple(next(pictures) for _ in plan)
                yield _result(clip, objective, mine, settings, run, evaluator)


def _result(
    clip: Clip,
    objective: Objective,
    pictures: tuple[MadePicture, ...],
    settings: Settings,
    run: Activations | None,
    evaluator: PictureEvaluator,
) -> Visualization:
    native = clip.preprocess.size
    size = native if settings.size_px is None else (settings.size_px, settings.size_px)
    return Visualization(
        provenance={
            "model": clip.provenance(),
            "settings": settings.provenance(clip),
            "run": None if run is None else run.provenance(),
        },
        target=objective.name,
        unit="" if objective.unit is None else str(objective.unit),
        steps=settings.steps,
        n_images=0 if run is None else len(run.good_rows()),
        pictures=pictures,
        not_compared=evaluator.why_no_percentile(size),
        downwards=objective.downwards,
    )


def _plan(objective: Objective, series: Series) -> list[tuple[PictureKind, ImageRequest]]:
    plain = objective
    if series.diversity and series.n_seeds > 1 and objective.unit is not None:
        apart = objective + diversity(objective.unit.layer, series.diversity)
        plain = apart.named(f"{objective.name} diverse {series.diversity:g}")
    rows = [(PictureKind(f"seed {i}"), ImageRequest(plain, i)) for i in range(series.n_seeds)]
    for name, weights in (series.facets or {}).items():
        for strength in series.strengths:
            driven = faceted(objective, weights, strength).named(
                f"{objective.name} {name} {strength:g}"
            )
            kind = PictureKind(f"{name} × {strength:g}", name, strength)
            rows.append((kind, ImageRequest(driven)))
    return rows
