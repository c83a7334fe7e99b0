"""What is known of a text that a unit asks for, beside its score?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.network.clip import Clip
from neurons.readouts.other_units import other_units
from neurons.readouts.text_candidates import TextCandidates
from neurons.readouts.text_frontier import FoundText
from neurons.readouts.unit_directions import UnitDirections, centred
from neurons.results.blocks import Table
from neurons.stats import Share

_NAN = float("nan")
_ABOUT_KNOWN = " Known: the prior was fitted on this caption, so that its perplexity says little."
_ABOUT_WRITTEN = (
    " Written: the unit's mean peak where the text stands on plain grounds, and the share of "
    "images that reach it, which is another question than what the text means."
)


@dataclass(frozen=True)
class AskedText:
    """A text, and what is known of it for one unit.

    Parameters
    ----------
    text : str
    score : float in [-2, 2]
        Product of the unit's direction, at length 1, with the text's unit embedding minus the mean
        of the captions'.
    percentile : float in [0, 100]
        Share of the captions that score lower.
    z : float
        Standard deviations above the mean of what random directions get in the same way.
    p_value : float in (0, 1]
        Share of random directions, this one counted in, that get as much.
    perplexity : float >= 1
        Of the text, by the prior; nan where there is none.
    others : tuple of str
        The units that it asks for most otherwise, each in its own standard deviations over the
        captions.
    written : float
        The unit's mean peak where the text is written on plain grounds; nan if it was not.
    reached : Share, optional
        Images of the run whose peak is as large.
    weight : float
        The lambda that chose it; nan for captions, and for the best text as natural as captions.
    known : bool
        Whether the prior was fitted on it, so that its perplexity says little.
    """

    text: str
    score: float
    percentile: float
    z: float
    p_value: float
    perplexity: float
    others: tuple[str, ...]
    written: float = _NAN
    reached: Share | None = None
    weight: float = _NAN
    known: bool = False

    @property
    def told_perplexity(self) -> str:
        """Print the perplexity, and whether the prior knows the text; a dash for none."""
        if np.isnan(self.perplexity):
            return "-"
        return f"{self.perplexity:.3g}{' (known)' * self.known}"

    @property
    def told(self) -> str:
        """Score, z and perplexity, as a sentence has them."""
        return f"score {self.score:.2f}, z = {self.z:.1f}, perplexity {self.perplexity:.3g}"


@dataclass(frozen=True, eq=False)
class AskedUnit:
    """One unit among the texts that it is compared with.

    Parameters
    ----------
    clip : Clip
    directions : UnitDirections
    unit : Neuron
    candidates : TextCandidates
    written : mapping of str to (float, Share or None)
        Of texts that were written on plain grounds: the unit's mean peak, and how many images of
        the run reach it.
    """

    clip: Clip
    directions: UnitDirections
    unit: Neuron
    candidates: TextCandidates
    written: Mapping[str, tuple[float, Share | None]]

    def told(self, found: Sequence[FoundText]) -> tuple[AskedText, ...]:
        """Add to each text its percentile, the other units, and what the unit answers to it."""
        if not found:
            return ()
        among = np.sort(self.candidates.scores(self.directions.of(self.unit.unit)[None])[0])
        # in float32 a caption's own score may come out a last digit apart
        below = np.searchsorted(among, np.array([each.score for each in found]) - 1e-6)
        others = other_units(
            self.directions,
            self.candidates,
            self._vectors([each.text for each in found]),
            without=self.unit.unit,
        )
        return tuple(
            AskedText(
                each.text,
                each.score,
                100 * int(below[i]) / len(among),
                each.z,
                each.p_value,
                float(np.exp(each.cross_entropy)),
                tuple(f"{self.unit.layer}:{k} ({z:.1f})" for k, z in others[i]),
                *self.written.get(each.text, (_NAN, None)),
                weight=each.weight,
                known=each.known,
            )
            for i, each in enumerate(found)
        )

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give texts' unit embeddings minus the candidates' mean, (texts, embedding)."""
        known = {text: i for i, text in enumerate(self.candidates.texts)}
        if all(text in known for text in texts):
            rows: NDArray[np.float32] = self.candidates.vectors[[known[text] for text in texts]]
            return rows
        embedded = self.clip.embed_texts(texts).float().cpu().numpy()
        return centred(embedded, self.candidates.mean)


def asked_table(title: str, texts: Sequence[AskedText], note: str) -> Table:
    """List texts with all that is known of them.

    Parameters
    ----------
    title : str
    texts : sequence of AskedText
    note : str
        What z and perplexity stand beside.
    """
    judged = any(not np.isnan(each.perplexity) for each in texts)
    written = any(not np.isnan(each.written) for each in texts)
    return Table(
        title,
        (
            *("text", "score", "captions below", "z"),
            *(("perplexity",) if judged else ()),
            "other units",
            *(("written",) if written else ()),
        ),
        tuple(
            (
                each.text,
                f"{each.score:.3f}",
                f"{each.percentile:.1f} %",
                f"{each.z:.1f}",
                *((each.told_perplexity,) if judged else ()),
                ", ".join(other.rpartition(":")[2] for other in each.others),
                *((_written(each),) if written else ()),
            )
            for each in texts
        ),
        f"{note} Other units: those of the layer in whose direction the text lies furthest, in "
        f"standard deviations over the captions."
        f"{_ABOUT_KNOWN if any(each.known for each in texts) else ''}"
        f"{_ABOUT_WRITTEN if written else ''}",
    )


def _written(each: AskedText) -> str:
    if np.isnan(each.written):
        return "-"
    share = "" if each.reached is None else f" ({each.reached.value:.0%} of images)"
    return f"{each.written:.3g}{share}"
