"""How linear is a model's readout here, and which of its linear forms may be used?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neurons.activations.boosts import Boost, boosts
from neurons.activations.linear_readout import HOLDS_R, HOLDS_R2, MeasuredLevel, linear_readout
from neurons.data.images import ImageSet
from neurons.data.prepared import prepare
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.readouts.frozen_readouts import frozen_readout
from neurons.readouts.prompts import PLAIN, class_directions, words_of
from neurons.readouts.unit_directions import UnitDirections
from neurons.readouts.vocabulary import shipped_vocabulary
from neurons.results.blocks import Block, Dots, Panel, Table
from neurons.results.result import Result
from neurons.results.table import Row

Progress = Callable[[int, int], None]

_FEWEST_CLASSES = 10


@dataclass(frozen=True, repr=False)
class Linearity(Result):
    """How linear a readout is; made by `linearize`.

    Parameters
    ----------
    layer : str
    forms : tuple of MeasuredLevel
        The best first.
    boosts : tuple of Boost
        What boosting units does, beside what each form says of it; empty if it was left out.
    exact_error : float
        Largest gap between the model's products with texts and the sum of all shares with the
        readout held fast at each image's own, in shares of the largest product.
    evenness : float
        Mean entropy of attention, in shares of that of even attention; nan without attention.
    n_fitted, n_held_out, n_texts : int
    """

    layer: str
    forms: tuple[MeasuredLevel, ...]
    boosts: tuple[Boost, ...]
    exact_error: float
    evenness: float
    n_fitted: int
    n_held_out: int
    n_texts: int

    @property
    def title(self) -> str:
        """What was asked."""
        return f"How linear is the readout of {self.layer}?"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the halves, and how far the exact sum is off."""
        even = "-" if np.isnan(self.evenness) else f"{self.evenness:.2f} of even"
        return (
            ("fitted on", f"{self.n_fitted:,} images"),
            ("measured on", f"{self.n_held_out:,} others"),
            ("texts", f"{self.n_texts:,}"),
            ("attention's entropy", even),
            ("exact sum off by", f"{self.exact_error:.0e}"),
        )

    def verdict(self) -> str:
        """Name the form to use; first, if so, that none holds."""
        best = self.forms[0]
        told = (
            f"correlation {best.r:.2f} ({best.interval.low:.2f} to {best.interval.high:.2f}), R2 "
            f"{best.r2:.2f}, same best text {best.same_top.value:.2f} on {self.n_held_out:,} "
            f"images that fitted nothing; with units exchanged {best.shuffled_r:.2f}"
        )
        failing = [each for each in self.forms if not each.holds]
        if not best.holds:
            part = (
                f": boosted at one place they move texts as it says with r {self.boosts[0].r:.2f}"
                if self.boosts
                else ""
            )
            return (
                f"No linear form of this layer's readout holds: the best, {best.name}, gives "
                f"{told}. What units ask for in words, by such a form, is a part of what they "
                f"do{part}."
            )
        found = (
            f"Use {best.name}: {told}. With one direction per unit, which forgets at which places "
            f"it is active, the correlation is {best.direction_r:.2f} (R2 {best.direction_r2:.2f})."
        )
        if failing:
            names = ", ".join(f"{each.name} (R2 {each.r2:.2f})" for each in failing)
            found += f" Not to be used here: {names}."
        return found

    def blocks(self) -> tuple[Block, ...]:
        """Draw how well each form tells texts apart, and what the boosts say."""
        forms = self.forms
        return (
            Dots(
                "How well each linear form tells texts apart",
                tuple(each.name for each in forms),
                (
                    Panel(
                        "correlation",
                        "over images, median of texts",
                        tuple(each.r for each in forms),
                        tuple(each.interval.low for each in forms),
                        tuple(each.interval.high for each in forms),
                        tuple((each.shuffled_r,) for each in forms),
                        HOLDS_R,
                    ),
                    Panel(
                        "same best text",
                        "share of images",
                        tuple(each.same_top.value for each in forms),
                        tuple(each.same_top.interval.low for each in forms),
                        tuple(each.same_top.interval.high for each in forms),
                        tuple((each.shuffled_same_top.value,) for each in forms),
                    ),
                ),
                "units exchanged",
                f"A score is a cosine minus its mean over the texts. A form holds with a "
                f"correlation of {HOLDS_R} (the line) and an R2 of {HOLDS_R2} or more.",
            ),
            Table(
                "What each form leaves out",
                (
                    "form",
                    "leaves out",
                    "R2",
                    "r, R2 by one direction per unit",
                    "r, R2 uncentred",
                    "holds",
                ),
                tuple(
                    (
                        each.name,
                        each.leaves_out,
                        f"{each.r2:.2f}",
                        f"{each.direction_r:.2f}, {each.direction_r2:.2f}",
                        f"{each.plain_r:.2f}, {each.plain_r2:.2f}",
                        "yes" if each.holds else "no",
                    )
                    for each in forms
                ),
                "R2: share of the scores' variance over images that is explained, median of texts; "
                "below 0 if it is further off than the mean. By one direction per unit: times the "
                "unit's mean over its map, as texts and units are compared. Uncentred: products "
                "with the embedding as it comes.",
            ),
            *self._boosts(),
        )

    def _boosts(self) -> tuple[Table, ...]:
        if not self.boosts:
            return ()
        return (
            Table(
                "Boosting each text's top unit",
                ("form", "everywhere, on grey", "at one place, real images", "r of the rises"),
                tuple(
                    (each.level, str(each.everywhere), str(each.one_place), f"{each.r:.2f}")
                    for each in self.boosts
                ),
                "Shares of texts (or of texts and images) whose score rises when the unit that the "
                "form names is boosted. Everywhere at once, all heads see it whatever they look "
                "at, so that the first number says little. The last is the correlation between "
                "the rises that the form says and those that are measured at one place.",
            ),
        )

    def rows(self) -> Sequence[Row]:
        """One row per form."""
        none = (None,) * len(self.forms)
        return [
            {
                "form": each.name,
                "holds": each.holds,
                "r": each.r,
                "r_low": each.interval.low,
                "r_high": each.interval.high,
                "r2": each.r2,
                "same_top": each.same_top.value,
                "plain_r": each.plain_r,
                "plain_r2": each.plain_r2,
                "direction_r": each.direction_r,
                "direction_r2": each.direction_r2,
                "shuffled_r": each.shuffled_r,
                "shuffled_same_top": each.shuffled_same_top.value,
                **_boost_row(boost),
                "n_images": self.n_held_out,
                "n_texts": self.n_texts,
            }
            for each, boost in zip(self.forms, self.boosts or none, strict=True)
        ]

    def directions(self, form: str | None = None) -> UnitDirections:
        """Give where each unit points, by the best form or by one that is named.

        Raises
        ------
        OptionError
            If there is no such form.
        """
        for each in self.forms:
            if form in (None, each.name):
                return each.directions(self.layer)
        known = ", ".join(each.name for each in self.forms)
        raise OptionError(f"no linear form {form!r} of {self.layer}; there are: {known}")


def linearize(
    clip: Clip,
    images: ImageSet,
    *,
    layer: str | None = None,
    texts: Sequence[str] = (),
    n_images: int = 1000,
    n_boosted: int = 32,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Linearity:
    """Measure the linear forms of a model's readout on images.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    layer : str, optional
        Whose units; default: the last that the readout takes.
    texts : sequence of str
        Words whose scores are compared, in two templates each; default: the images' classes, or
        the shipped vocabulary where there are fewer than 10.
    n_images : int >= 20
        To draw; half fits, and half measures.
    n_boosted : int >= 0
        Texts whose top unit is boosted, as a check; 0 leaves it out, for whoever wants directions
        only.
    seed : int
    progress : callable
        Takes how many of how many images are done.

    Returns
    -------
    Linearity

    Raises
    ------
    OptionError
        If the readout cannot be taken apart, or there are too few images or texts.
    LayerNotFoundError
        If the readout does not take the layer's units.

    Notes
    -----
    With attention held fast at each image's own, shares of units and places add up to the
    embedding; held fast at means over images, or left out, it is a linear form with an error. Goh
    et al. 2021 read the weights alone ("mean attention" is not theirs).
    """
    readout = frozen_readout(clip, layer)
    words = list(texts) or _usual_words(images)
    drawn = prepare(clip.preprocess, images, n=n_images, seed=seed)
    directions = class_directions(clip, words_of(words), templates=PLAIN)
    found = linear_readout(readout, drawn, directions, seed=seed, progress=progress)
    _, held_out = drawn.halves(seed)
    ranked = sorted(zip(found.levels, found.forms, strict=True), key=lambda pair: -pair[0].r2)
    boosted = [form for _, form in ranked] if n_boosted else []
    return Linearity(
        provenance={
            "model": clip.provenance(),
            "images": drawn.provenance(),
            "words": words,
            "seed": seed,
        },
        layer=found.layer,
        forms=tuple(level for level, _ in ranked),
        boosts=tuple(
            boosts(readout, form, held_out, directions, n_texts=n_boosted, seed=seed)
            for form in boosted
        ),
        exact_error=found.exact_error,
        evenness=found.evenness,
        n_fitted=found.n_fitted,
        n_held_out=found.n_held_out,
        n_texts=found.n_texts,
    )


def _usual_words(images: ImageSet) -> list[str]:
    """Take the images' classes, or the shipped vocabulary where they are few."""
    if images.labels is not None and len(images.class_names) >= _FEWEST_CLASSES:
        return list(dict.fromkeys(images.class_names))
    return list(shipped_vocabulary())


def _boost_row(boost: Boost | None) -> dict[str, float]:
    if boost is None:
        return {}
    return {
        "boosted_on_grey": boost.everywhere.value,
        "boosted_at_one_place": boost.one_place.value,
        "r_of_rises": boost.r,
    }
