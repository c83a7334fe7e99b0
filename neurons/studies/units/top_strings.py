"""Which strings excite a neuron most, each written alone on plain grounds?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.attacks.among_images import AmongImages, among_images, said_of
from neurons.attacks.plain_grounds import plain_grounds, written_alone
from neurons.attacks.strings_alone import (
    StringControl,
    controls_of,
    mean_peaks_of,
    peaks_alone,
)
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.lettering.default import chosen_writing, legibility, on_plain_ground
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.results.blocks import Bars, Block, Gallery, Table, Tile
from neurons.results.result import Result
from neurons.results.table import Row

_N_SHOWN = 6


def top_strings(
    clip: Clip,
    neurons: Sequence[Neuron | str],
    vocabulary: Sequence[str],
    *,
    lettering: Lettering | None = None,
    count: int = 12,
    run: Activations | None = None,
    precision: Precision = exact,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[TopStrings, ...]:
    """Write strings on plain grounds and find those that excite each neuron most.

    All neurons are asked in one pass, so many cost about as much as one.

    Parameters
    ----------
    clip : Clip
    neurons : sequence of Neuron or str
        Or their addresses.
    vocabulary : sequence of str
        Class names, `symbol_strings`, or any others.
    lettering : Lettering, optional
        Default: chosen by the input's size, see `default_lettering`; what would stand at a random
        place stands in the middle. `hijack` and `search_words` write in the same way.
    count : int >= 1
        Strings to list for each neuron.
    run : Activations, optional
        Of this model: each string's activation is compared with the unit's peaks on its images.
        Without it nothing is said to excite.
    precision : Precision
        ``exact`` or ``fast``.
    progress : callable
        Takes the number of strings done, and of all.

    Returns
    -------
    tuple of TopStrings
        One per neuron, in their order.

    Raises
    ------
    OptionError
        If there is no neuron or no string, or none of them can be written so.
    LayerNotFoundError, NeuronNotFoundError
        If the model, or the run, has no such unit.
    StaleActivationsError
        If the run is of another model.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021, show which
    rendered words excite a neuron.
    """
    size = clip.preprocess.size
    writing = chosen_writing(lettering, size)
    plainly = on_plain_ground(writing.lettering)
    words, unwritable = writable(vocabulary, plainly, size)
    asked = [Neuron.of(neuron) for neuron in neurons]
    if not asked or not words or count < 1:
        raise OptionError(
            f"{len(asked)} neurons, {len(words)} strings, {count} to list: at least 1 of each"
        )
    on_images = None if run is None else _on_images(run, clip, asked)
    with open_editable(clip, [neuron.layer for neuron in asked], precision=precision) as network:
        network.check(dict.fromkeys(asked, 0.0))
        peaks = peaks_alone(network, words, plainly, asked, progress)
        best = [np.argsort(-peaks[:, i], kind="stable")[:count] for i in range(len(asked))]
        shown = [words[i] for i in dict.fromkeys(np.concatenate(best).tolist())]
        known = {text: peaks[words.index(text)] for text in shown}
        controls = controls_of(network, shown, known, plainly, asked)
        plain = mean_peaks_of(network.respond(plain_grounds(size)), asked, 1)[0]
    provenance = {
        "model": clip.provenance(),
        "lettering": plainly.provenance(),
        "precision": precision.name,
    }

    def found(at: int, i: int) -> TopString:
        peak = float(peaks[i, at])
        among = None if on_images is None else among_images(peak, on_images[at])
        return _string(controls[words[i]], words[i], peak, at, among)

    return tuple(
        TopStrings(
            provenance=provenance,
            neuron=str(neuron),
            n_strings=len(words),
            n_unwritable=len(unwritable),
            plain=float(plain[at]),
            median=float(np.median(peaks[:, at])),
            strongest=tuple(found(at, i) for i in best[at]),
            written=written_alone(writing.lettering),
            why_written=writing.why,
            small=legibility([words[i] for i in best[at]], plainly, size),
        )
        for at, neuron in enumerate(asked)
    )


def _string(
    control: StringControl, text: str, peak: float, at: int, among: AmongImages | None
) -> TopString:
    """Put a string and one neuron's controls together."""
    mixed = float("nan") if control.shuffled is None else float(control.shuffled[at])
    return TopString(text, peak, float(control.blank[at]), mixed, control.picture, among)


def _on_images(
    run: Activations, clip: Clip, neurons: Sequence[Neuron]
) -> list[NDArray[np.float32]]:
    """Give the peaks of each neuron on the images of a run of this model."""
    run.check_clip(clip)
    return [run.known_peaks(neuron) for neuron in neurons]


@dataclass(frozen=True)
class TopString:
    """A string, and a neuron's mean peak where it stands alone on plain grounds.

    Parameters
    ----------
    text : str
    peak : float
    blank : float
        With a patch of the same area in its place.
    shuffled : float
        With the same letters in another order; nan where there is none.
    picture : bytes
        The string on a plain ground, encoded.
    among : AmongImages, optional
        How many images excite the neuron as much.
    """

    text: str
    peak: float
    blank: float
    shuffled: float
    picture: bytes
    among: AmongImages | None = None


@dataclass(frozen=True)
class TopStrings(Result):
    """The strings that excite a neuron most.

    Parameters
    ----------
    neuron : str
    n_strings, n_unwritable : int
        Strings that were tried, and others that cannot be written as they were to be.
    plain : float
        The neuron's mean peak on plain grounds with nothing on them.
    median : float
        Over the strings.
    strongest : tuple of TopString
    written, why_written : str
        How the strings stand on which grounds; and why so, where nobody said how.
    small : str
        Which of the strongest are too small to be read, if any.
    """

    was: ClassVar[str] = "Reads"

    neuron: str
    n_strings: int
    n_unwritable: int
    plain: float
    median: float
    strongest: tuple[TopString, ...]
    written: str = ""
    why_written: str = ""
    small: str = ""

    @property
    def title(self) -> str:
        """The neuron's address."""
        return self.neuron

    @property
    def excited(self) -> bool:
        """Whether any string excites it."""
        return self.strongest[0].peak > 0

    def facts(self) -> tuple[tuple[str, str], ...]:
        """How many strings were tried, the strongest, and the middle one's peak."""
        first = self.strongest[0]
        found = (("strongest", first.text), ("peak", f"{first.peak:.3g}")) if self.excited else ()
        return (("strings", f"{self.n_strings:,}"), *found, ("median", f"{self.median:.3g}"))

    def verdict(self) -> str:
        """Say which string excites it most, beside the middle one and the bare ground."""
        if not self.excited:
            return (
                f"None of {self.n_strings:,} strings excites {self.neuron} ({self.written})."
                f"{self._left_out()}"
            )
        first, small = self.strongest[0], f"{self.small} " if self.small else ""
        why = f" {self.why_written}" if self.why_written else ""
        said = said_of(
            first.text, self.neuron, first.peak, max(first.blank, self.plain), first.among
        )
        return (
            f"{small}{said} Of {self.n_strings:,} strings, each alone ({self.written}), it is the "
            f"strongest; the one in the middle of them all gives {self.median:.3g}. Some string is "
            f"always the first: compare it with the neuron's images.{why}{self._left_out()}"
        )

    def _left_out(self) -> str:
        if not self.n_unwritable:
            return ""
        return f" Left out, since they cannot be written like this: {self.n_unwritable:,}."

    def rows(self) -> Sequence[Row]:
        """One row per string, the strongest first, beside its controls."""
        return [
            {
                "neuron": self.neuron,
                "text": each.text,
                "peak": each.peak,
                "blank": each.blank,
                "shuffled": each.shuffled,
                "images_that_reach_it": None if each.among is None else each.among.reached,
                "median_of_all": self.median,
                "plain": self.plain,
                "n_strings": self.n_strings,
            }
            for each in self.strongest
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Draw the strings as written, their peaks and controls; nothing if none excites it."""
        if not self.excited:
            return ()
        return (
            Gallery(
                f"Strings with the largest peaks ({self.written})",
                tuple(
                    Tile(each.picture, f"{each.peak:.3g}", each.text)
                    for each in self.strongest[:_N_SHOWN]
                ),
                "Mean peak over the grounds, of which one is shown.",
            ),
            Bars(
                f"Strings with the largest peaks of {self.neuron} ({self.written})",
                tuple(each.text for each in self.strongest),
                tuple(each.peak for each in self.strongest),
                "activation",
                reference=self.median,
                note="The line is the median over all strings.",
            ),
            self._table(),
        )

    def _table(self) -> Table:
        return Table(
            f"The strongest strings and their controls ({self.written})",
            ("text", "peak", "images that reach it", "blank", "shuffled"),
            tuple(
                (
                    each.text,
                    f"{each.peak:.3g}",
                    "-" if each.among is None else str(each.among.reached),
                    f"{each.blank:.3g}",
                    "-" if np.isnan(each.shuffled) else f"{each.shuffled:.3g}",
                )
                for each in self.strongest
            ),
            f"Mean peaks. Blank: a patch of the same area. The bare grounds give {self.plain:.3g}. "
            f"A neuron that the shuffled letters excite as much does not read the word, and one "
            f"that many images excite as much is not excited by it.",
        )
