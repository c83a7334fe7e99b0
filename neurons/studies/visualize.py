"""What does a neuron want to see? Feature visualization, with evidence beside every picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from neurons.activations import Activations
from neurons.address import Neuron
from neurons.ascent import DEFAULT, Settings, Wish, batch_size, climb_all, climber
from neurons.blocks import Block, Curve, Gallery, Note, Table, Tile
from neurons.errors import OptionError
from neurons.evidence import REACHES, Frame, Portrait, Witness
from neurons.model import Clip
from neurons.objectives import Objective, channel, diversity, faceted
from neurons.results import Result

Target = Neuron | Objective
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
    """Make pictures of what excites one target; see `visualize_each`."""
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
    objectives = [_objective(target) for target in targets]
    if not objectives or series.n_seeds < 1:
        raise OptionError(
            f"{len(objectives)} targets, {series.n_seeds} pictures of each: both are at least 1"
        )
    witness = Witness(clip, settings.transforms, run)
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
                    portraits=tuple(next(portraits) for _ in plan),
                )


@dataclass(frozen=True)
class Visualization(Result):
    """Made pictures of one target.

    Parameters
    ----------
    target : str
        The objective's name; of a neuron, its address.
    unit : str
        The address of the unit that it is about; empty if there is none.
    steps : int
    n_images : int
        Real images behind the percentiles; 0 if there was no run.
    portraits : tuple of Portrait
        All that were made, plain ones first.
    """

    target: str
    unit: str
    steps: int
    n_images: int
    portraits: tuple[Portrait, ...]

    @property
    def dead(self) -> bool:
        """Whether no gradient reached any of the pictures: the target cannot be excited."""
        return not any(portrait.moved for portrait in self.portraits)

    def plain(self) -> tuple[Portrait, ...]:
        """Give the pictures without a facet, by seed."""
        return tuple(portrait for portrait in self.portraits if not portrait.facet)

    def facets(self) -> tuple[Portrait, ...]:
        """Give one picture a facet: the strongest that still does what 99 % of real images do not.

        Where none does, or that is not known, the one with the largest activation.
        """
        names = dict.fromkeys(portrait.facet for portrait in self.portraits if portrait.facet)
        chosen = []
        for name in names:
            made = [portrait for portrait in self.portraits if portrait.facet == name]
            reach = [portrait for portrait in made if portrait.reaches]
            chosen.append(
                max(reach, key=lambda portrait: portrait.strength)
                if reach
                else max(made, key=lambda portrait: portrait.activation)
            )
        return tuple(chosen)

    def blocks(self) -> tuple[Block, ...]:
        """Pictures, facets, evidence, the curve."""
        if self.dead:
            return (
                Note(
                    f"No gradient reached the image in {self.steps:,} steps, not even around "
                    f"silent ReLUs: nothing in an image excites {self.target}. It has no picture."
                ),
            )
        plain, faces = self.plain(), self.facets()
        galleries = [Gallery("What it wants to see", tuple(map(self._tile, plain)), self._note())]
        if faces:
            galleries.append(
                Gallery(
                    "Facet by facet",
                    tuple(map(self._tile, faces)),
                    "Of each facet the strongest picture that reaches the 99th percentile of real "
                    "images; where none does, the one with the largest activation.",
                )
            )
        rows = tuple(self._row(portrait) for portrait in (*plain, *faces))
        columns = ("picture", "activation", "percentile", "shaken", "units it excites most")
        ends = np.linspace(0, self.steps, len(plain[0].curve), endpoint=False)
        curve = Curve(
            "The climb", tuple(ends.tolist()), plain[0].curve, "step", "objective, shaken image"
        )
        return (*galleries, Table("Evidence", columns, rows, self._meaning()), curve)

    def _tile(self, portrait: Portrait) -> Tile:
        caption = portrait.name
        if portrait.reaches is not None:
            share = "all" if portrait.percentile == 1 else f"{portrait.percentile:.1%} of"
            short = "" if portrait.reaches else ", FEWER than 99 %"
            caption += f": above {share} real images{short}"
        return Tile(portrait.image, f"{portrait.activation:.3g}", caption)

    def _row(self, portrait: Portrait) -> tuple[str, ...]:
        excited = ", ".join(
            str(e.unit) if np.isnan(e.z) else f"{e.unit} ({e.z:+.1f})" for e in portrait.excited
        )
        known = portrait.reaches is not None
        return (
            portrait.name,
            f"{portrait.activation:.3g}",
            f"{portrait.percentile:.1%}" if known else "-",
            f"{portrait.shaken:.3g} ± {portrait.shaken_deviation:.2g}",
            excited or "-",
        )

    def _note(self) -> str:
        counted = f"{self.n_images:,} real images" if self.n_images else "no real images: no run"
        return (
            f"Made by gradient ascent in {self.steps:,} steps from noise. Under each picture the "
            f"activation on it as it stands, compared with {counted}. A picture shows what "
            f"excites the unit most, which need not be what excites it in photographs."
        )

    def _meaning(self) -> str:
        scale = ", in standard deviations above their mean on real images" if self.n_images else ""
        return (
            "Activation: the peak on the plain picture. Percentile: the share of real images below "
            "it. Shaken: mean and standard deviation over 16 draws of the transforms. Units: the "
            f"five of the layer that it excites most{scale}."
        )

    @property
    def reaches(self) -> float:
        """Share of the plain pictures above the 99th percentile of real images; nan if unknown."""
        known = [p.percentile >= REACHES for p in self.plain() if p.reaches is not None]
        return float(np.mean(known)) if known else float("nan")


def _objective(target: Target) -> Objective:
    return channel(target) if isinstance(target, Neuron) else target


def target_name(target: Target) -> str:
    """Give what a target is called: in a `Visualization`, and in an album."""
    return _objective(target).name


def _plan(objective: Objective, series: Series) -> list[tuple[Frame, Wish]]:
    plain = objective
    if series.diversity and series.n_seeds > 1 and objective.unit is not None:
        apart = objective + diversity(objective.unit.layer, series.diversity)
        plain = apart.named(f"{objective.name} diverse {series.diversity:g}")
    rows = [(Frame(f"seed {i}"), Wish(plain, i)) for i in range(series.n_seeds)]
    for name, weights in (series.facets or {}).items():
        for strength in series.strengths:
            driven = faceted(objective, weights, strength).named(
                f"{objective.name} {name} {strength:g}"
            )
            rows.append((Frame(f"{name} × {strength:g}", name, strength), Wish(driven)))
    return rows
