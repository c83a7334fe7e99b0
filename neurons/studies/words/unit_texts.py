"""Which texts does a unit ask for, how natural are they, and would random directions do as well?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.attacks.written_texts import written_texts
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.token_gradients import TextTower
from neurons.readouts.asked_blocks import beside_random, captions_bars, frontier_blocks
from neurons.readouts.asked_texts import AskedText, AskedUnit, asked_table
from neurons.readouts.captions import Captions, usual_captions
from neurons.readouts.naturalness import naturalness
from neurons.readouts.text_candidates import (
    N_DRAWS,
    BestTexts,
    TextCandidates,
    best_texts,
    embed_candidates,
)
from neurons.readouts.text_frontier import (
    FoundText,
    captions_found,
    check_random,
    frontier,
    searched_for,
)
from neurons.readouts.text_prior import TextPrior
from neurons.readouts.text_search import USUAL, Progress, SearchSettings
from neurons.readouts.unit_directions import UnitDirections
from neurons.results.blocks import Block
from neurons.results.result import Result
from neurons.results.table import Row

# two ways to pass, so that random directions pass in 5 %
_EACH = 0.05 / 2
_NAN = float("nan")


def unit_texts(
    clip: Clip,
    directions: UnitDirections,
    neuron: Neuron | str,
    captions: Captions | None = None,
    *,
    prior: TextPrior | None = None,
    search: SearchSettings | None = USUAL,
    run: Activations | None = None,
    count: int = 10,
    n_random: int = 9,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> UnitTexts:
    """Find the texts that lie furthest along a unit's direction, from natural to extreme.

    First all captions, as they are; then a search for other texts, which maximises the score minus
    lambda times the cross-entropy per token, for several lambda at once. Random mixtures of the
    layer's units are searched in the same way, among the same texts.

    Parameters
    ----------
    clip : Clip
    directions : UnitDirections
        Of the unit's layer, from this model.
    neuron : Neuron or str
    captions : Captions, optional
        Default: the shipped vocabulary in two templates; for the miniature, captions of its world.
    prior : TextPrior, optional
        How natural texts are. Default: an `NgramPrior` of four fifths of the captions if people
        wrote them, else the ranks of the tokenizer's merges.
    search : SearchSettings or None
        None leaves the search out: captions only, for models of any tokenizer.
    run : Activations, optional
        Of this model: what the unit answers to the written texts is compared with its images.
    count : int >= 1
        Captions to give.
    n_random : int >= 5
        Random directions that are searched; captions are compared with 999.
    seed : int
    progress : callable
        Takes how many of how many rounds of the search are done.

    Returns
    -------
    UnitTexts

    Raises
    ------
    NeuronNotFoundError
        If the layer has no such unit.
    OptionError
        If the unit points nowhere, is of another layer, a text is too long for the model, or a
        number makes no sense.
    TextSideMissingError
        If texts cannot be read here, or their tokens cannot be searched in this model.
    StaleActivationsError
        If the run is of another model.
    """
    unit = Neuron.of(neuron)
    _check(directions, unit, count)
    if search is not None:
        check_random(n_random)
    if run is not None:
        run.check_clip(clip)
        run.check(unit)
    known = captions or usual_captions(clip.name)
    tower = None if search is None else TextTower.of(clip)
    judged = None if tower is None else naturalness(tower.tokens, known, prior, seed=seed)
    candidates = embed_candidates(clip, known.different, source=known.source)
    ranked = best_texts(
        candidates, directions.of(unit.unit)[None], layer=directions.vectors, count=count, seed=seed
    )
    captioned = captions_found(candidates, ranked, 0, judged)
    found: Sequence[FoundText] = ()
    looked = 0
    if search is not None and tower is not None and judged is not None:
        whole = searched_for(
            tower,
            judged,
            directions,
            unit.unit,
            candidates,
            settings=search,
            n_random=n_random,
            seed=seed,
            progress=progress,
        )
        found, looked = frontier(whole, judged), len(whole.ids)
    written = written_texts(clip, unit, [each.text for each in (*captioned, *found)], run)
    asked = AskedUnit(clip, directions, unit, candidates, written)
    return replace(
        _by_captions(asked, ranked, 0, captioned, run),
        prior="" if judged is None else judged.prior.name,
        natural=_NAN if judged is None else float(np.exp(judged.captions)),
        frontier=asked.told(found),
        n_looked=looked,
        n_random=n_random if found else 0,
    )


def rank_texts(
    clip: Clip,
    directions: UnitDirections,
    neurons: Sequence[Neuron | str],
    candidates: TextCandidates,
    *,
    run: Activations | None = None,
    count: int = 10,
    seed: int = 0,
) -> tuple[UnitTexts, ...]:
    """Give many units their best texts of those that are given, by one matrix product.

    Parameters
    ----------
    clip : Clip
    directions : UnitDirections
        Of one layer.
    neurons : sequence of Neuron or str
        Of this layer.
    candidates : TextCandidates
    run : Activations, optional
        For the provenance.
    count : int >= 1
    seed : int

    Returns
    -------
    tuple of UnitTexts
        Without a search, and without what units answer to the written texts.

    Raises
    ------
    NeuronNotFoundError, OptionError
        As `unit_texts`.
    """
    units = [Neuron.of(each) for each in neurons]
    for unit in units:
        _check(directions, unit, count)
    ranked = best_texts(
        candidates,
        directions.vectors[[unit.unit for unit in units]],
        layer=directions.vectors,
        count=count,
        seed=seed,
    )
    found = []
    for at, unit in enumerate(units):
        asked = AskedUnit(clip, directions, unit, candidates, {})
        captioned = captions_found(candidates, ranked, at, None)
        found.append(_by_captions(asked, ranked, at, captioned, run))
    return tuple(found)


@dataclass(frozen=True)
class UnitTexts(Result):
    """The texts that a unit asks for, by a linear readout.

    Parameters
    ----------
    neuron : str
    level, leaves_out : str
        By which linear readout, and what it does not see.
    held_out_r : float
        How far it agrees with the model on images that fitted nothing: the correlation of scores;
        of slopes the cosine between halves of the unit's images. nan: not measured.
    holds : bool
    source : str
        Where the captions come from.
    n_texts : int
        Different captions.
    random_best : float
        Mean over 999 random directions of the best caption's score.
    kurtosis, kurtosis_p : float
        Of the unit's scores over all captions: large where it asks for few of them; and the share
        of random directions, this one counted in, whose is as large.
    captions : tuple of AskedText
        The best captions, the best first.
    prior : str
        What says how natural texts are.
    natural : float
        Median perplexity of captions that the prior does not know; nan where there are none.
    frontier : tuple of AskedText
        What the search found, from the most natural to the most extreme, without the captions that
        the prior was fitted on.
    n_looked, n_random : int
        Texts that the search looked at, and random directions that it was done for, too.
    """

    neuron: str
    level: str
    leaves_out: str
    held_out_r: float
    holds: bool
    source: str
    n_texts: int
    random_best: float
    kurtosis: float
    kurtosis_p: float
    captions: tuple[AskedText, ...]
    prior: str = ""
    natural: float = _NAN
    frontier: tuple[AskedText, ...] = ()
    n_looked: int = 0
    n_random: int = 0

    @property
    def title(self) -> str:
        """The unit's address."""
        return self.neuron

    @property
    def stands_out(self) -> bool:
        """Whether its best caption scores higher than those of random directions do."""
        return self.captions[0].p_value <= _EACH

    @property
    def asks_for_few(self) -> bool:
        """Whether its scores lie on fewer captions than those of random directions do."""
        return self.kurtosis_p <= _EACH

    @property
    def passes(self) -> bool:
        """Whether either holds: of random directions, 5 % or fewer pass."""
        return self.stands_out or self.asks_for_few

    @property
    def best_natural(self) -> AskedText | None:
        """The highest score among searched texts that are as natural as captions.

        Captions that the prior was fitted on are none of them.
        """
        fit = [each for each in self.frontier if each.perplexity <= self.natural]
        return max(fit, key=lambda each: each.score, default=None)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Captions, the best one and its score, and the readout that this stands on."""
        first = self.captions[0]
        r = "not measured" if np.isnan(self.held_out_r) else f"{self.held_out_r:.2f}"
        return (
            ("captions", f"{self.n_texts:,}"),
            ("best", first.text),
            ("score", f"{first.score:.2f}"),
            ("random directions", f"{self.random_best:.2f}"),
            ("readout agrees", r),
        )

    def verdict(self) -> str:
        """Say first if the readout does not hold or random directions do as well; then the text."""
        first = self.captions[0]
        beside = (
            f"score {first.score:.2f}, the best of {self.n_texts:,} {self.source}; of {N_DRAWS} "
            f"random mixtures of the layer's units the best caption scores {self.random_best:.2f} "
            f"on average (p = {first.p_value:.2g})"
        )
        few = f"kurtosis of its scores {self.kurtosis:.3g}, p = {self.kurtosis_p:.2g}"
        no_better = f"its best, “{first.text}”, is what random directions get, too: {beside}"
        if self.stands_out:
            told = f"{self.neuron} asks for “{first.text}”: {beside}."
        elif self.asks_for_few:
            told = (
                f"No single text stands out for {self.neuron}: {no_better}. But it asks for fewer "
                f"texts than they do ({few}), of which this is the first."
            )
        else:
            told = f"No text stands out for {self.neuron}: {no_better}; {few}."
        return f"{self._readout()}{told}{self._of_search()}"

    def _readout(self) -> str:
        layer = self.neuron.rpartition(":")[0]
        if np.isnan(self.held_out_r):
            return f"Whether the linear readout of {layer} holds ({self.level}) was not measured. "
        if self.holds:
            return ""
        measured = f"{self.level}: {self.held_out_r:.2f}"
        return (
            f"The linear readout of {layer} does not hold on images that fitted nothing "
            f"({measured}), so that texts say little of the unit. "
        )

    def _of_search(self) -> str:
        if not self.frontier:
            return ""
        best, extreme = self.best_natural, max(self.frontier, key=lambda each: each.score)
        told = ""
        if best is not None:
            told = (
                f" As natural as captions that the prior does not know (perplexity "
                f"{self.natural:.3g} or less) is “{best.text}” ({best.told})."
            )
        few = f" The highest score of {self.n_looked:,} searched texts has “{extreme.text}” "
        beaten = round(extreme.p_value * (self.n_random + 1)) - 1
        reach = "none of them gets as much" if not beaten else f"{beaten} of them get as much"
        return (
            f"{told}{few}({extreme.told}); of {self.n_random} random directions under the same "
            f"search, {reach}."
        )

    def blocks(self) -> tuple[Block, ...]:
        """Show the captions beside what random directions get, then the frontier."""
        told = f"{self.n_texts:,} {self.source}"
        readout = f"{self.level}; it leaves out {self.leaves_out or 'nothing'}"
        beside = beside_random(N_DRAWS, self.prior, self.natural)
        return (
            captions_bars(self.captions, self.random_best, told, readout),
            asked_table("Captions that it asks for", self.captions, beside),
            *frontier_blocks(self.frontier, self.prior, self.natural, self.n_random),
        )

    def rows(self) -> Sequence[Row]:
        """One row per text: captions, then the frontier."""
        kinds = [("caption", each) for each in self.captions]
        kinds += [("search", each) for each in self.frontier]
        return [
            {
                "neuron": self.neuron,
                "found_by": kind,
                "text": each.text,
                "score": each.score,
                "percentile": each.percentile,
                "z": each.z,
                "p_value": each.p_value,
                "perplexity": each.perplexity,
                "known_to_prior": each.known,
                "lambda": each.weight,
                "other_units": each.others,
                "written_peak": each.written,
                "images_that_reach_it": each.reached,
                "kurtosis": self.kurtosis,
                "kurtosis_p": self.kurtosis_p,
                "n_captions": self.n_texts,
                "n_random": N_DRAWS if kind == "caption" else self.n_random,
            }
            for kind, each in kinds
        ]


def _by_captions(
    asked: AskedUnit,
    ranked: BestTexts,
    at: int,
    captioned: Sequence[FoundText],
    run: Activations | None,
) -> UnitTexts:
    """Say what the captions say, and nothing of a search."""
    directions, candidates = asked.directions, asked.candidates
    images = {} if run is None else {"images": run.provenance()["images"]}
    return UnitTexts(
        provenance={"model": asked.clip.provenance(), **images},
        neuron=str(asked.unit),
        level=directions.level,
        leaves_out=directions.leaves_out,
        held_out_r=directions.held_out_r,
        holds=directions.holds,
        source=candidates.source,
        n_texts=len(candidates.texts),
        random_best=float(ranked.random_best.mean()),
        kurtosis=float(ranked.kurtosis[at]),
        kurtosis_p=float(ranked.kurtosis_p[at]),
        captions=asked.told(captioned),
    )


def _check(directions: UnitDirections, unit: Neuron, count: int) -> None:
    if unit.layer != directions.layer:
        raise OptionError(f"directions of {directions.layer} say nothing of {unit}")
    if not np.linalg.norm(directions.of(unit.unit)):
        raise OptionError(
            f"{unit} adds nothing to the embedding by this readout ({directions.level}), so that "
            f"it asks for no text"
        )
    if count < 1:
        raise OptionError(f"{count} captions: ask for 1 or more")
