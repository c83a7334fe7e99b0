"""Which strings excite a neuron most, each written alone on plain grounds?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.attacks.plain_grounds import alone, plain_grounds
from neurons.attacks.repeatable_attack import place_seeds, respond_to_texts
from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.interventions.editable import EditableNetwork, Responses, open_editable
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.lettering.words import blank_on, shuffled, write_on
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.results.blocks import Bars, Block, Gallery, Table, Tile
from neurons.results.result import Result
from neurons.results.table import Row

IN_THE_MIDDLE = Lettering(places=(0.5, 0.5))
# strings written together; only the peaks of the asked units are kept
_CHUNK = 64
_N_SHOWN = 6

Values = NDArray[np.float64]


def top_strings(
    clip: Clip,
    neurons: Sequence[Neuron | str],
    vocabulary: Sequence[str],
    *,
    lettering: Lettering = IN_THE_MIDDLE,
    count: int = 12,
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
        Default: one copy in the middle.
    count : int >= 1
        Strings to list for each neuron.
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
        If the model has no such unit.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021, show which
    rendered words excite a neuron.
    """
    words, unwritable = writable(vocabulary, lettering, clip.preprocess.size)
    asked = [Neuron.of(neuron) for neuron in neurons]
    if not asked or not words or count < 1:
        raise OptionError(
            f"{len(asked)} neurons, {len(words)} strings, {count} to list: at least 1 of each"
        )
    with open_editable(clip, [neuron.layer for neuron in asked], precision=precision) as network:
        network.check(dict.fromkeys(asked, 0.0))
        peaks = _peaks_alone(network, words, lettering, asked, progress)
        best = [np.argsort(-peaks[:, i], kind="stable")[:count] for i in range(len(asked))]
        shown = [words[i] for i in dict.fromkeys(np.concatenate(best).tolist())]
        known = {text: peaks[words.index(text)] for text in shown}
        controls = _controls(network, shown, known, lettering, asked)
        plain = _peaks(network.respond(plain_grounds(clip.preprocess.size)), asked, 1)[0]
    provenance = {
        "model": clip.provenance(),
        "lettering": lettering.provenance(),
        "precision": precision.name,
    }
    return tuple(
        TopStrings(
            provenance=provenance,
            neuron=str(neuron),
            n_strings=len(words),
            n_unwritable=len(unwritable),
            plain=float(plain[at]),
            median=float(np.median(peaks[:, at])),
            strongest=tuple(
                controls[words[i]].string(words[i], float(peaks[i, at]), at) for i in best[at]
            ),
        )
        for at, neuron in enumerate(asked)
    )


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
    """

    text: str
    peak: float
    blank: float
    shuffled: float
    picture: bytes


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
    """

    was: ClassVar[str] = "Reads"

    neuron: str
    n_strings: int
    n_unwritable: int
    plain: float
    median: float
    strongest: tuple[TopString, ...]

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
            return f"None of {self.n_strings:,} strings excites {self.neuron}."
        left_out = (
            f" Left out, since they cannot be written like this: {self.n_unwritable:,}."
            if self.n_unwritable
            else ""
        )
        return (
            f"Of {self.n_strings:,} strings, each alone on plain grounds, "
            f"“{self.strongest[0].text}” excites {self.neuron} most: "
            f"{self.strongest[0].peak:.3g}, where the string in the middle of them all reaches "
            f"{self.median:.3g} and the bare ground {self.plain:.3g}. Some string is always "
            f"the first: compare it with the neuron's images.{left_out}"
        )

    def rows(self) -> Sequence[Row]:
        """One row per string, the strongest first, beside its controls."""
        return [
            {
                "neuron": self.neuron,
                "text": each.text,
                "peak": each.peak,
                "blank": each.blank,
                "shuffled": each.shuffled,
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
                "What it reads",
                tuple(
                    Tile(each.picture, f"{each.peak:.3g}", each.text)
                    for each in self.strongest[:_N_SHOWN]
                ),
                "Mean peak over three plain grounds, of which one is shown.",
            ),
            Bars(
                f"Strings that excite {self.neuron} most",
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
            "The same letters in another order, and none",
            ("text", "peak", "blank", "shuffled"),
            tuple(
                (
                    each.text,
                    f"{each.peak:.3g}",
                    f"{each.blank:.3g}",
                    "-" if np.isnan(each.shuffled) else f"{each.shuffled:.3g}",
                )
                for each in self.strongest
            ),
            "Mean peaks. Blank: a patch of the same area. A neuron that the shuffled letters "
            "excite as much does not read the word.",
        )


@dataclass(frozen=True)
class _Control:
    """What a string is compared with, (neurons,) each, and how it looks."""

    blank: Values
    # None where the letters have no other order
    shuffled: Values | None
    picture: bytes

    def string(self, text: str, peak: float, at: int) -> TopString:
        """Give a string with one neuron's controls."""
        mixed = float("nan") if self.shuffled is None else float(self.shuffled[at])
        return TopString(text, peak, float(self.blank[at]), mixed, self.picture)


def _controls(
    network: EditableNetwork,
    shown: Sequence[str],
    known: Mapping[str, Values],
    lettering: Lettering,
    neurons: Sequence[Neuron],
) -> dict[str, _Control]:
    """Measure each string's letters in another order, and a blank patch in its place."""
    mixed = {text: shuffled(text, 0) for text in shown}
    others = [text for text in mixed.values() if text not in shown]
    peaks = dict(known)
    if others:
        found = _peaks(alone(network, others, lettering), neurons, len(others))
        peaks.update(zip(others, found, strict=True))
    blanks = _blanks(network, shown, lettering, neurons)
    size = network.clip.preprocess.size
    return {
        text: _Control(
            blank,
            peaks[mixed[text]] if mixed[text] != text else None,
            _picture(text, lettering, size),
        )
        for text, blank in zip(shown, blanks, strict=True)
    }


def _peaks_alone(
    network: EditableNetwork,
    words: Sequence[str],
    lettering: Lettering,
    neurons: Sequence[Neuron],
    progress: Callable[[int, int], None],
) -> Values:
    """Give mean peaks of strings that stand alone, (strings, neurons)."""
    parts = []
    for start in range(0, len(words), _CHUNK):
        chunk = words[start : start + _CHUNK]
        parts.append(_peaks(alone(network, chunk, lettering), neurons, len(chunk)))
        progress(start + len(chunk), len(words))
    return np.concatenate(parts)


def _peaks(responses: Responses, neurons: Sequence[Neuron], n: int) -> Values:
    """Give mean peaks over the grounds, (strings, neurons)."""
    columns = np.stack([responses.peaks[each.layer][:, each.unit] for each in neurons], axis=1)
    found: Values = columns.astype(np.float64).reshape(n, -1, len(neurons)).mean(1)
    return found


def _blanks(
    network: EditableNetwork, texts: Sequence[str], lettering: Lettering, neurons: Sequence[Neuron]
) -> Values:
    grounds = plain_grounds(network.clip.preprocess.size)
    seeds = place_seeds(len(grounds), 0)
    parts = []
    for start in range(0, len(texts), _CHUNK):
        part = texts[start : start + _CHUNK]
        written = respond_to_texts(
            network,
            grounds.repeat(len(part), 1, 1, 1),
            [text for text in part for _ in grounds],
            lettering,
            seeds=seeds * len(part),
            write=blank_on,
        )
        parts.append(_peaks(written.responses, neurons, len(part)))
    return np.concatenate(parts)


def _picture(text: str, lettering: Lettering, size: tuple[int, int]) -> bytes:
    # the lightest ground: what is written is easiest to see there
    ground = plain_grounds(size)[:1]
    written = write_on(ground, [text], lettering, seeds=place_seeds(1, 0)).pixels[0]
    return thumbnail(written.permute(1, 2, 0).numpy())
