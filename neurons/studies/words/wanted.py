"""Which units does a text ask for, and does the network need them for it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.mean_activations import mean_activations
from neurons.activations.run import Activations
from neurons.activations.told_units import strip_of, told_units
from neurons.activations.wanted_blocks import (
    WANTED_ALPHA,
    WantedUnit,
    wanted_table,
    wanted_unit,
)
from neurons.address import Neuron
from neurons.data.image_names import input_of
from neurons.data.images import ImageSet
from neurons.data.prepared import prepare
from neurons.errors import MismatchError, OptionError
from neurons.interventions.after_layer import after_layer
from neurons.interventions.order_tests import (
    FEWEST_DRAWS,
    OrderTest,
    lines_of,
    most_tested,
    told_area,
    units_taken_out,
)
from neurons.readouts.frozen import FrozenReadout
from neurons.readouts.reference_words import reference_words
from neurons.readouts.text_candidates import TextCandidates
from neurons.readouts.text_weights import (
    N_DRAWS,
    asked_direction,
    check_asked,
    text_weights,
    told_asked,
    words_of_units,
)
from neurons.readouts.unit_directions import UnitDirections
from neurons.results.blocks import Block, Note
from neurons.results.result import Result
from neurons.results.table import Row

Progress = Callable[[int, int], None]
_FEWEST_IMAGES = 2


def wanted_units(
    activations: Activations,
    images: ImageSet,
    readout: FrozenReadout,
    directions: UnitDirections,
    text: str,
    *,
    against: str = "",
    words: TextCandidates | None = None,
    names: Mapping[str, str] = {},
    count: int = 10,
    n_images: int = 8,
    n_directions: int = N_DRAWS,
    n_draws: int = 20,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> WantedUnits:
    """Find the units whose directions lie nearest to a text's, and set them to zero as a test.

    Units are ordered by the cosine of their direction and the text's, from which the mean of many
    words is taken off. As a control, so are random mixtures of these words. Then the units are set
    to zero one after the other, on the images that the text fits best, beside others as active.

    Parameters
    ----------
    activations : Activations
        A run of the model with embeddings.
    images : ImageSet
        The set that was scanned.
    readout : FrozenReadout
        Of the run's model; see `frozen_readout`.
    directions : UnitDirections
        Of the same layer, such as ``linearize(...).directions()``.
    text : str
        A sentence or a word.
    against : str
        Another text: what the first one asks for more than this one does.
    words : TextCandidates, optional
        Default: the shipped vocabulary, by `reference_words`.
    names : mapping of str to str
        Of units, by address, as far as there are any.
    count : int >= 1
        Units to give.
    n_images : int >= 2
        Images to test on: those with the highest score.
    n_directions : int >= 19
        Random directions.
    n_draws : int >= 19
        Draws of control units.
    seed : int
    progress : callable
        Takes how many of how many steps are done.

    Returns
    -------
    WantedUnits

    Raises
    ------
    OptionError
        If the text is empty or too long for the model, both texts are read alike, a number makes
        no sense, or the layer has too few units for controls.
    TextSideMissingError
        If the model's texts cannot be read here.
    LayerNotFoundError
        If the run does not hold the layer, or no embeddings.
    StaleActivationsError
        If the run is of another model or other images.
    MismatchError
        If readout and directions are of different layers.

    Notes
    -----
    A weight alone depends on the scale in which a unit happens to answer. On the miniature the
    first unit by cosine finds the images of a class with an average precision of 0.64, the first by
    weight with 0.36, the first by weight times mean activation with 0.59.
    """
    clip, layer = readout.clip, directions.layer
    _check(activations, images, readout, directions, count, n_images, n_draws)
    check_asked(clip, text, against)
    known = words or reference_words(clip)
    direction = asked_direction(clip, text, known, against)
    activity = mean_activations(activations, layer, places=_places(activations, images, readout))
    weights = text_weights(
        directions,
        direction,
        known,
        pairs=bool(against.strip()),
        alive=activity.alive,
        n_draws=n_directions,
        seed=seed,
    )
    alive = np.flatnonzero(activity.alive)
    order = alive[np.argsort(-weights.cosines[alive], kind="stable")][:count]
    chosen = [Neuron(layer, unit) for unit in order.tolist()]
    rows, scores = _best_rows(activations, direction, n_images)
    progress(1, 2)
    pixels = prepare(clip.preprocess, images, rows=rows).pixels
    with after_layer(clip, layer, pixels) as shown:
        tested = chosen[: most_tested(len(weights.cosines))]
        test = units_taken_out(shown, direction, tested, n_draws=n_draws, seed=seed)
    progress(2, 2)
    told = told_units(
        activations, images, chosen, words_of_units(directions, known, order.tolist()), names
    )
    return WantedUnits(
        provenance=activations.provenance(),
        text=text,
        against=against,
        layer=layer,
        level=directions.level,
        leaves_out=directions.leaves_out,
        held_out_r=directions.held_out_r,
        holds=directions.holds,
        words=known.source,
        n_units=len(weights.cosines),
        n_alive=len(alive),
        n_passing=int((weights.p_values[alive] <= WANTED_ALPHA).sum()),
        random_mean=float(weights.random_best.mean()),
        random_largest=float(weights.random_best.max()),
        n_directions=n_directions,
        units=tuple(
            wanted_unit(each, unit, weights, activity)
            for each, unit in zip(told, order.tolist(), strict=True)
        ),
        test=test,
        tested_on=tuple(images.ids[row] for row in rows),
        lowest_score=float(scores.min()),
    )


@dataclass(frozen=True)
class WantedUnits(Result):
    """The units that a text asks for, by a linear readout, and a test of them by the network.

    Parameters
    ----------
    text, against, layer : str
    level, leaves_out : str
        By which linear readout, and what it does not see.
    held_out_r : float
        How its scores go with the model's on images that fitted nothing.
    holds : bool
        Whether it may be trusted.
    words : str
        What the text is compared with.
    n_units, n_alive, n_passing : int
        Units of the layer, those that differ between images, and those that the text asks for more
        than random directions ask for any.
    random_mean, random_largest : float
        The cosine of the best unit for a random direction.
    n_directions : int
    units : tuple of WantedUnit
        By their cosine.
    test : OrderTest
        The score when these units are set to zero in this order.
    tested_on : tuple of str
        The images with the highest scores.
    lowest_score : float
        Of these images: a cosine minus the mean cosine of words, or of the other text.
    """

    text: str
    against: str
    layer: str
    level: str
    leaves_out: str
    held_out_r: float
    holds: bool
    words: str
    n_units: int
    n_alive: int
    n_passing: int
    random_mean: float
    random_largest: float
    n_directions: int
    units: tuple[WantedUnit, ...]
    test: OrderTest
    tested_on: tuple[str, ...]
    lowest_score: float

    def neurons(self) -> tuple[str, ...]:
        """Give the addresses of the units that pass, or of the first one if none does."""
        passing = tuple(each.unit.neuron for each in self.units if each.passes)
        return passing or tuple(each.unit.neuron for each in self.units[:1])

    @property
    def title(self) -> str:
        """The text."""
        return f"Units that {told_asked(self.text, self.against)} asks for"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the readout, the units that stand out, and the area between the curves."""
        return (
            ("readout", f"{self.level} (r {self.held_out_r:.2f})"),
            ("units that stand out", f"{self.n_passing:,} of {self.n_alive:,}"),
            ("best unit of random directions", f"{self.random_mean:.2f}"),
            ("area between curves", f"{self.test.area:+.3f}"),
        )

    def verdict(self) -> str:
        """Name the units; first, if so, that the readout or the test says that they mean little."""
        best = self.units[0]
        doubts = ""
        if not self.holds:
            doubts += (
                f"The linear readout does not hold here ({self.level}: r {self.held_out_r:.2f} on "
                f"images that fitted nothing), so that these units mean little. "
            )
        if not self.test.holds:
            doubts += (
                f"The network does not need these units more than others as active: set to zero, "
                f"they take {told_area(self.test)} further. "
            )
        asked = told_asked(self.text, self.against)
        number = f"cosine {best.cosine:.2f}, z {best.z:.1f}, p = {best.p_value:.2g}"
        control = (
            f"the best unit for a random direction has {self.random_mean:.2f} on average and "
            f"{self.random_largest:.2f} at most"
        )
        if not best.passes:
            return (
                f"{doubts}No unit stands out for {asked}: the first, {best.unit.called}, is one "
                f"that random directions have, too ({number}); {control}."
            )
        needed = (
            f" Set to zero one after the other on {self.test.n} images that it fits best, the "
            f"first {self.test.steps[-1]} take its score from {self.test.own[0]:.2f} to "
            f"{self.test.own[-1]:.2f}, units as active to "
            f"{np.mean([each[-1] for each in self.test.controls]):.2f}."
        )
        return (
            f"{doubts}{asked} asks most for {best.unit.called}: {number}; {control}. "
            f"{self.n_passing:,} units pass.{needed}"
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show what excites the units, the test, and the numbers."""
        return (
            *strip_of(
                [each.unit for each in self.units],
                [f"{each.cosine:.2f}" for each in self.units],
                "What excites the first units",
            ),
            lines_of(self.test, "Without these units"),
            wanted_table(self.units, self.words, self.against, self.n_directions),
            Note(
                f"By {self.level}, which leaves out {self.leaves_out}. The test runs the whole "
                f"network on {', '.join(self.tested_on[:3])}"
                f"{', ...' if len(self.tested_on) > 3 else ''}: the images with the highest "
                f"scores, {self.lowest_score:.2f} or more. A unit that a text asks for may answer "
                f"to other things, too; what the text asks of other layers is not seen here."
            ),
        )

    def rows(self) -> Sequence[Row]:
        """One row per unit."""
        return [
            {
                "neuron": each.unit.neuron,
                "name": each.unit.name,
                "passes": each.passes,
                "cosine": each.cosine,
                "p_value": each.p_value,
                "z": each.z,
                "weight": each.weight,
                "contribution": each.contribution,
                "percentile": each.percentile,
                "words": each.unit.words,
            }
            for each in self.units
        ]


def _best_rows(
    activations: Activations, direction: NDArray[np.float32], count: int
) -> tuple[list[int], NDArray[np.float64]]:
    """Find the images with the highest scores."""
    good = activations.good_rows()
    embedded = np.asarray(activations.embeddings[:], np.float64)[good]
    lengths = np.linalg.norm(embedded, axis=1)
    scores = embedded @ direction / np.maximum(lengths, 1e-12)
    best = np.argsort(-scores, kind="stable")[:count]
    return good[best].tolist(), scores[best]


def _places(activations: Activations, images: ImageSet, readout: FrozenReadout) -> int:
    """Count the places of each unit that the readout takes."""
    first = int(activations.good_rows()[0])
    pixels = input_of(readout.clip.preprocess, images.pixels(first))
    return int(readout.read(pixels[None]).units.shape[2])


def _check(
    activations: Activations,
    images: ImageSet,
    readout: FrozenReadout,
    directions: UnitDirections,
    count: int,
    n_images: int,
    n_draws: int,
) -> None:
    """Refuse what does not belong together, and numbers that make no sense."""
    if readout.layer != directions.layer:
        raise MismatchError(
            f"the readout is of {readout.layer}, the directions of {directions.layer}: take both "
            f"of one layer"
        )
    spec = activations.layer(directions.layer)
    activations.check_clip(readout.clip)
    activations.check_images(images)
    if count < 1 or n_images < _FEWEST_IMAGES or n_draws < FEWEST_DRAWS:
        raise OptionError(
            f"{count} units, {n_images} images, {n_draws} draws: at least 1, {_FEWEST_IMAGES} and "
            f"{FEWEST_DRAWS}"
        )
    if len(directions.vectors) != spec.units:
        raise MismatchError(
            f"{spec.path} has {spec.units:,} units in the run, and {len(directions.vectors):,} "
            f"have directions: take both of one model"
        )
