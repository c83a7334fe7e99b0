"""Through which units, and at which places, does one image speak for a text?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neurons.activations.run import Activations
from neurons.activations.share_blocks import UnitShare, share_maps, shares_table, unit_shares
from neurons.activations.told_units import strip_of, told_units
from neurons.address import Neuron
from neurons.data.image_names import input_of, picture_called
from neurons.data.images import ImageSet
from neurons.data.overlay import magnified, overlaid
from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.interventions.after_layer import after_layer
from neurons.interventions.covered_places import places_covered
from neurons.interventions.editable import open_editable
from neurons.interventions.order_tests import (
    COVERED,
    FEWEST_DRAWS,
    PUT_BACK,
    TAKEN_OUT,
    OrderTest,
    lines_of,
    most_tested,
    told_area,
    units_put_back,
    units_taken_out,
)
from neurons.readouts.frozen import FrozenReadout
from neurons.readouts.reference_words import reference_words
from neurons.readouts.text_candidates import TextCandidates
from neurons.readouts.text_shares import ADDS_UP, TextShares, text_shares, words_through
from neurons.readouts.text_weights import asked_direction, check_asked, told_asked
from neurons.results.blocks import Block, Note, Tile
from neurons.results.result import Result
from neurons.results.table import Row

Progress = Callable[[int, int], None]
_TITLES = {
    TAKEN_OUT: "Without the units that speak for it",
    PUT_BACK: "With these units only",
    COVERED: "With the places that speak for it covered",
}


def wanted_in_image(
    activations: Activations,
    images: ImageSet,
    readout: FrozenReadout,
    text: str,
    image: str | int | Path,
    *,
    against: str = "",
    words: TextCandidates | None = None,
    names: Mapping[str, str] = {},
    count: int = 10,
    n_draws: int = 20,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> WantedInImage:
    """Part an image's score for a text into shares of units and places, and test their order.

    The readout is held fast at what it did to this image; then all shares add up to the score,
    which the result checks. Whether the network itself, with nothing held fast, needs these units
    and places is tested by setting units to zero, putting them back, and covering places.

    Parameters
    ----------
    activations : Activations
        A run of the model, whose images show what else excites the units.
    images : ImageSet
        The set that was scanned.
    readout : FrozenReadout
        Of the run's model; see `frozen_readout`.
    text : str
        A sentence or a word.
    image : str, int or Path
        Of the run, by its id, its file's name or its number; or any file.
    against : str
        Another text. The score is then the difference of both cosines; else it is the cosine less
        the mean cosine of many words.
    words : TextCandidates, optional
        Default: the shipped vocabulary, by `reference_words`.
    names : mapping of str to str
        Of units, by address, as far as there are any.
    count : int >= 1
        Units to give.
    n_draws : int >= 19
        Control draws.
    seed : int
    progress : callable
        Takes how many of how many steps are done.

    Returns
    -------
    WantedInImage

    Raises
    ------
    OptionError
        If the text is empty or too long for the model, both texts are read alike, there is no such
        image or it cannot be read, or a number makes no sense.
    TextSideMissingError
        If the model's texts cannot be read here.
    LayerNotFoundError
        If the run does not hold the layer.
    StaleActivationsError
        If the run is of another model or other images.

    References
    ----------
    Insertion and deletion curves: Petsiuk, Das, Saenko, "RISE: randomized input sampling for
    explanation of black-box models", BMVC 2018.
    """
    clip, layer = readout.clip, readout.layer
    if count < 1 or n_draws < FEWEST_DRAWS:
        raise OptionError(f"{count} units, {n_draws} draws: at least 1 and {FEWEST_DRAWS}")
    activations.layer(layer)
    activations.check_clip(clip)
    activations.check_images(images)
    name, pixels = picture_called(images, image)
    check_asked(clip, text, against)
    known = words or reference_words(clip)
    direction = asked_direction(clip, text, known, against)
    batch = input_of(clip.preprocess, pixels)
    parted = text_shares(readout, batch, direction)
    progress(1, 2)
    tests = _tested(readout, batch, direction, parted, n_draws, seed)
    progress(2, 2)
    order = np.argsort(-parted.of_units, kind="stable")[:count].tolist()
    chosen = [Neuron(layer, unit) for unit in order]
    spoken = words_through(readout, batch, known, order)
    told = told_units(activations, images, chosen, spoken, names)
    seen = np.ascontiguousarray(batch.permute(1, 2, 0).numpy())
    return WantedInImage(
        provenance=activations.provenance(),
        text=text,
        against=against,
        image=name,
        layer=layer,
        words=known.source,
        score=parted.score,
        total=parted.total,
        rest=parted.rest,
        speaks_for=float(parted.of_units.clip(min=0).sum()),
        speaks_against=float(parted.of_units.clip(max=0).sum()),
        n_units=len(parted.of_units),
        n_half=_half(parted.of_units),
        class_token=parted.of_class_token,
        places=tuple(tuple(row) for row in parted.of_places.tolist()),
        picture=thumbnail(magnified(seen)),
        overlay=thumbnail(overlaid(seen, parted.of_places)),
        units=unit_shares(told, order, parted, seen),
        tests=tests,
    )


@dataclass(frozen=True)
class WantedInImage(Result):
    """One image's score for a text, parted into units and places.

    Parameters
    ----------
    text, against : str
    image : str
        Its id, or a file's name.
    layer : str
    words : str
        What the text is compared with.
    score, total, rest : float
        The model's score; the sum of all shares and the rest; what does not come through these
        units.
    speaks_for, speaks_against : float
        Sum of the units' positive and of their negative shares.
    n_units, n_half : int
        Units of the layer, and the fewest that make half of what speaks for the text.
    class_token : float
        Of all shares, those in the class token, which has no place; 0 where there is none.
    places : tuple of tuple of float
        What all units add at each place, row by row from the top.
    picture, overlay : bytes
        The network's input, and the places on it.
    units : tuple of UnitShare
        Those that add most.
    tests : tuple of OrderTest
        Units set to zero, units put back, and places covered where there are several.
    """

    text: str
    against: str
    image: str
    layer: str
    words: str
    score: float
    total: float
    rest: float
    speaks_for: float
    speaks_against: float
    n_units: int
    n_half: int
    class_token: float
    places: tuple[tuple[float, ...], ...]
    picture: bytes
    overlay: bytes
    units: tuple[UnitShare, ...]
    tests: tuple[OrderTest, ...]

    def neurons(self) -> tuple[str, ...]:
        """Give the units' addresses, in order."""
        return tuple(each.unit.neuron for each in self.units)

    def told_sum(self) -> str:
        """Print the sum check: shares and rest beside the model's score."""
        return (
            f"{self.speaks_for:+.4f} (for) {self.speaks_against:+.4f} (against) {self.rest:+.4f} "
            f"(rest) = {self.total:.4f}; the model's score is {self.score:.4f}, off by "
            f"{abs(self.total - self.score):.1e}"
        )

    @property
    def title(self) -> str:
        """The text and the image."""
        return f"{told_asked(self.text, self.against)} in {self.image}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the score, its parts, and how many units make half of it."""
        return (
            ("score", f"{self.score:.3f}"),
            ("for", f"{self.speaks_for:+.3f}"),
            ("against", f"{self.speaks_against:+.3f}"),
            ("rest", f"{self.rest:+.3f}"),
            ("units for half", f"{self.n_half:,} of {self.n_units:,}"),
        )

    def verdict(self) -> str:
        """Say how the score is made; first, if so, what makes that mean little."""
        best, asked = self.units[0], told_asked(self.text, self.against)
        than = repr(self.against) if self.against.strip() else "the average word"
        doubts = ""
        if abs(self.total - self.score) > ADDS_UP:
            doubts += f"The shares do not add up to the model's score: {self.told_sum()}. "
        if self.score <= 0:
            doubts += f"The image fits {self.text!r} no better than {than}. "
        failed = [test for test in self.tests if not test.holds and test.what != COVERED]
        if failed:
            listed = "; ".join(f"{test.what} {told_area(test)}" for test in failed)
            doubts += (
                f"The network does not need units in this order more than others as active (area "
                f"between curves: {listed}). "
            )
        where = f", most of it at row {best.row + 1}, column {best.column + 1}" * (best.row >= 0)
        held = "; ".join(f"{test.what} {told_area(test)}" for test in self.tests if test.holds)
        tested = f" Tested by the network: {held}." if held else ""
        return (
            f"{doubts}{self.image} scores {self.score:.3f} for {asked}, over "
            f"{'it' if self.against.strip() else than}: {best.unit.called} adds "
            f"{best.share:+.3f}{where}; {self.n_half:,} of {self.n_units:,} units "
            f"{'makes' if self.n_half == 1 else 'make'} half of what speaks for it.{tested}"
            f"{self._told_map()}"
        )

    def _told_map(self) -> str:
        """Say that the map is not borne out, if so."""
        wrong = [test for test in self.tests if test.what == COVERED and not test.holds]
        if not wrong:
            return ""
        n = len(self.places) * len(self.places[0])
        return (
            f" The map of {n} places is not borne out: covering them in its order takes the score "
            f"no further than places elsewhere that are as connected ({told_area(wrong[0])})."
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show the places beside the units' own, the tests, and the numbers."""
        told = [each.unit for each in self.units]
        values = [f"{each.share:+.3f}" for each in self.units]
        return (
            share_maps(
                self.units,
                Tile(self.overlay, f"{self.score:+.3f}", "all units", self.image),
                Tile(self.picture, "", "the network's input", self.image),
                self.class_token,
            ),
            *strip_of(told, values, "What else excites these units"),
            *(lines_of(test, _TITLES[test.what]) for test in self.tests),
            shares_table(
                self.units,
                self.layer,
                (len(self.places), len(self.places[0])),
                others=self.speaks_for + self.speaks_against - sum(e.share for e in self.units),
                rest=self.rest,
                total=self.total,
            ),
            Note(
                f"Sum check: {self.told_sum()}. "
                + (
                    "The score is the cosine with the text less that with the other one."
                    if self.against.strip()
                    else f"The score is the cosine with the text less the mean cosine with "
                    f"{self.words}."
                )
                + " Shares hold the readout fast at this image: they say what made this score, not "
                "what another image would score. A place lies where the map has it; units see "
                "beyond it."
            ),
        )

    def rows(self) -> Sequence[Row]:
        """One row per unit."""
        return [
            {
                "neuron": each.unit.neuron,
                "name": each.unit.name,
                "share": each.share,
                "activation": each.activation,
                "row": each.row,
                "column": each.column,
                "words": each.unit.words,
                "score": self.score,
                "image": self.image,
            }
            for each in self.units
        ]


def _tested(
    readout: FrozenReadout,
    batch: Tensor,
    direction: NDArray[np.float32],
    parted: TextShares,
    n_draws: int,
    seed: int,
) -> tuple[OrderTest, ...]:
    """Set units to zero, put them back, and cover places, by the order of their shares."""
    shares = parted.of_units
    most = min(most_tested(len(shares)), int((shares > 0).sum()))
    order = [Neuron(readout.layer, u) for u in np.argsort(-shares, kind="stable")[:most].tolist()]
    tests: list[OrderTest] = []
    if order:
        with after_layer(readout.clip, readout.layer, batch[None]) as shown:
            for take in (units_taken_out, units_put_back):
                tests.append(take(shown, direction, order, n_draws=n_draws, seed=seed))
    if parted.of_places.size > 1:
        places = np.argsort(-parted.of_places.ravel(), kind="stable").tolist()
        with open_editable(readout.clip) as network:
            tests.append(
                places_covered(
                    network, batch, direction, places, parted.size, n_draws=n_draws, seed=seed
                )
            )
    return tuple(tests)


def _half(shares: NDArray[np.float64]) -> int:
    """Count the fewest units that make half of what speaks for the text."""
    positive = np.sort(shares[shares > 0])[::-1]
    if not len(positive):
        return 0
    return int(np.searchsorted(positive.cumsum(), positive.sum() / 2)) + 1
