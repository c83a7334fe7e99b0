"""Which string makes images of a class, found without trying every string on every image?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurons.attacks.conditions import AttackTarget, check_targets, success
from neurons.attacks.confirmation import (
    NO_OTHERS,
    ConfirmedString,
    confirm,
    confirmed_bars,
    confirmed_facts,
    confirmed_rows,
    confirmed_table,
    named_readouts,
    unwritable_note,
)
from neurons.attacks.doubts import doubts_of_names, first_of_all
from neurons.attacks.mediators import Mediator, mediators
from neurons.attacks.plain_grounds import plain_grounds, scores_alone, written_alone
from neurons.attacks.repeatable_attack import RepeatableAttack, place_seeds, written_pixels
from neurons.attacks.sample import Sample
from neurons.attacks.steps import Progress, stepper
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.lettering.default import chosen_writing, legibility, on_plain_ground
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.network.layers import last_block
from neurons.readouts.readout import Readout, class_index
from neurons.results.blocks import Block, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Interval, Share, difference_of_means, rank_correlation

_SAMPLE = Sample(n=64)
_SYMBOLS = "$€£¥%&#@!?*+=<>~^"
_N_WHY, _N_CANDIDATES, _FEWEST_RANKED = 5, 12, 5


def symbol_strings(symbols: str = _SYMBOLS, *, longest: int = 3) -> tuple[str, ...]:
    """Give every symbol by itself and repeated: "$", "$$", "$$$".

    Parameters
    ----------
    symbols : str
    longest : int >= 1
    """
    return tuple(symbol * n for symbol in symbols for n in range(1, longest + 1))


def search_words(
    clip: Clip,
    images: ImageSet,
    class_name: str,
    vocabulary: Sequence[str],
    *,
    readout: Readout,
    lettering: Lettering | None = None,
    count: int = 5,
    n_random: int = 20,
    sample: Sample = _SAMPLE,
    layer: str | None = None,
    precision: Precision = exact,
    also: Mapping[str, Readout] = NO_OTHERS,
    progress: Progress = lambda done, total: None,
) -> Search:
    """Rank strings by what they do on plain grounds, then confirm the best on images.

    The score of a string is the logarithm of the class's share when the string stands alone on
    plain grounds: what the class's direction or probe weighs, times how the written string
    excites it. One pass per string and ground, no image. The best ``count`` are then written on
    images; so are ``n_random`` strings drawn from the whole vocabulary, which say what the
    ranking is worth.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    class_name : str
        What images are to become.
    vocabulary : sequence of str
        Class names, synonyms, `symbol_strings`, or any others.
    readout : Readout
    lettering : Lettering, optional
        Default: chosen by the input's size, see `default_lettering`.
    count : int >= 1
        Strings to confirm.
    n_random : int >= 5
        Strings to compare with.
    sample : Sample, optional
        Which of the images, and the seed of places and random strings; default: 64.
    layer : str, optional
        Whose units say why; default: the deepest block with maps.
    precision : Precision
        ``exact`` or ``fast``.
    also : mapping of str to Readout
        Other readouts, such as a probe, by name: each string that is confirmed is confirmed by
        them too.
    progress : callable
        Takes how many of how many strings and confirmations are done.

    Returns
    -------
    Search

    Warns
    -----
    MeaninglessWarning
        If class names are no words, or a readout is near chance on the clean images.

    Raises
    ------
    OptionError
        If there is no such class, every image is of it already, or there are too few strings.
    """
    readouts, goal = named_readouts(readout, also), AttackTarget(class_name, class_name)
    check_targets([goal], list(readouts.values()))
    writing, unnamed = chosen_writing(lettering, clip.preprocess.size), doubts_of_names(readouts)
    words, unwritable = writable(vocabulary, writing.lettering, clip.preprocess.size)
    _check_numbers(len(words), count, n_random)
    where = layer or last_block(clip)
    chance = np.random.default_rng(sample.seed).choice(len(words), n_random, replace=False)
    step = stepper(progress, len(words) + n_random + count)
    with open_editable(
        clip, [where], readouts=list(readouts.values()), precision=precision
    ) as network:
        ready = sample.of(images, clip)
        attack = RepeatableAttack(network, ready, writing.lettering, readouts, sample.seed)
        clean = attack.clean()
        unsure = attack.doubts(clean)
        attack.possible(goal, clean.answers(readout))
        scores = scores_alone(
            network, words, writing.lettering, readout, class_index(readout, class_name), step
        )
        confirmed = []
        for i in np.argsort(-scores, kind="stable")[:count]:
            target = AttackTarget(class_name, words[i])
            why = _why(attack, target, where)
            confirmed.append(confirm(attack, target, score=float(scores[i]), why=why))
            step()
        drawn = [(words[i], float(scores[i])) for i in chance]
        random = _random_strings(attack, class_name, drawn, step)
        provenance = attack.provenance(precision)
    chosen = np.array([each.success.value for each in random])
    rank, rank_interval = rank_correlation(scores[chance], chosen, sample.seed)
    first = [each.text for each in confirmed]
    gain, gain_interval = difference_of_means(
        np.array([each.success.value for each in confirmed]), chosen
    )
    return Search(
        provenance=provenance,
        class_name=class_name,
        n_strings=len(words),
        unwritable=tuple(unwritable),
        n=len(ready),
        layer=where,
        confirmed=tuple(confirmed),
        random=tuple(random),
        rank_correlation=rank,
        rank_interval=rank_interval,
        gain=gain,
        gain_interval=gain_interval,
        written=writing.told,
        alone=written_alone(writing.lettering),
        why_written=writing.why,
        doubts=tuple(
            filter(
                None,
                [*unsure, *unnamed, legibility(first, writing.lettering, clip.preprocess.size)],
            )
        ),
    )


def _check_numbers(n_words: int, count: int, n_random: int) -> None:
    if count < 1 or n_random < _FEWEST_RANKED or n_words < max(count, n_random):
        raise OptionError(
            f"{n_words} strings that can be written, {count} to confirm, {n_random} at random: "
            f"give at least as many strings, 1 or more to confirm, {_FEWEST_RANKED} or more at "
            f"random"
        )


@dataclass(frozen=True)
class RandomString:
    """A string that was drawn at random, its score and its success on images."""

    text: str
    score: float
    success: Share


@dataclass(frozen=True)
class Search(Result):
    """The best strings by a cheap score, and what that score is worth.

    Parameters
    ----------
    class_name : str
    n_strings : int
        Strings that were scored.
    unwritable : tuple of str
        Strings of the vocabulary that do not fit on an image as they were to be written.
    n : int
        Images.
    layer : str
        Whose units say why.
    confirmed : tuple of ConfirmedString
        By falling score.
    random : tuple of RandomString
        Strings drawn at random, attacked in the same way.
    rank_correlation : float in [-1, 1]
        Spearman's, of score and success, over the random strings; nan where all succeed alike.
    rank_interval : Interval
        By resampling strings.
    gain : float
        Mean success of the confirmed strings minus that of the random ones.
    gain_interval : Interval
        By Student's t over strings; nan of one confirmed string.
    written, alone, why_written : str
        How strings stand on images, and alone; and why so, where nobody said how.
    doubts : tuple of str
        What makes these numbers mean little.
    """

    class_name: str
    n_strings: int
    unwritable: tuple[str, ...]
    n: int
    layer: str
    confirmed: tuple[ConfirmedString, ...]
    random: tuple[RandomString, ...]
    rank_correlation: float
    rank_interval: Interval
    gain: float
    gain_interval: Interval
    written: str
    alone: str
    why_written: str
    doubts: tuple[str, ...]

    @property
    def title(self) -> str:
        """The class that was wanted."""
        return f"Strings for {self.class_name}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the best string, and how often it succeeds."""
        return confirmed_facts(self.confirmed)

    def verdict(self) -> str:
        """Say which string works best, and what the ranking is worth; doubts come first."""
        rank, gain = self.rank_interval, self.gain_interval
        unknown = (
            ""
            if gain.low > 0
            else "These strings do not tell whether the ranking is worth anything. "
        )
        sure = (
            "no interval of one string: confirm two or more"
            if np.isnan(gain.low)
            else f"{gain.low:+.3f} to {gain.high:+.3f}"
        )
        best = max(self.confirmed, key=lambda each: each.success.value)
        why = f" {self.why_written}" if self.why_written else ""
        return (
            f"{first_of_all(self.doubts)}{unknown}“{best.text}” makes {self.class_name} of "
            f"{best.success} of images: the best of {len(self.confirmed)} that were confirmed, by "
            f"score, of {self.n_strings:,} strings. The success of these lies {self.gain:+.3f} "
            f"({sure}) above that of {len(self.random)} random strings; over these, score and "
            f"success have a rank correlation of {self.rank_correlation:.2f} ({rank.low:.2f} to "
            f"{rank.high:.2f}). Written: {self.written}; scored: {self.alone}.{why}"
            f"{unwritable_note(self.unwritable)}"
        )

    def rows(self) -> Sequence[Row]:
        """One row per string: the confirmed ones with their controls, and the random ones."""
        random = [
            {"text": each.text, "score": each.score, "success": each.success}
            for each in self.random
        ]
        return [
            *({"chosen": "by score", **row} for row in confirmed_rows(self.confirmed)),
            *({"chosen": "at random", **row} for row in random),
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Show the best strings; why; the random ones."""
        return (
            confirmed_bars(self.class_name, self.confirmed, self.written),
            confirmed_table(self.class_name, self.confirmed, self.written),
            Table(
                f"Why: units of {self.layer} that the class needs ({self.alone})",
                ("text", "neuron", "plain", "written", "lost without it"),
                tuple(
                    (c.text, u.neuron, f"{u.before:.3g}", f"{u.after:.3g}", f"{u.drop:+.2f}")
                    for c in self.confirmed
                    for u in c.why
                ),
                "Mean peaks on plain grounds without and with the string; lost: how much the "
                "logarithm of the class's share falls when the unit is set to zero.",
            ),
            Table(
                "Random strings",
                ("text", "score", "success"),
                tuple((t.text, f"{t.score:.2f}", str(t.success)) for t in self.random),
                "Drawn from the whole vocabulary, the best ones not left out.",
            ),
        )


def _why(attack: RepeatableAttack, target: AttackTarget, layer: str) -> tuple[Mediator, ...]:
    """Find the units that the class needs where the string stands on plain grounds."""
    device, lettering = attack.network.clip.device, on_plain_ground(attack.lettering)
    grounds = plain_grounds(attack.network.clip.preprocess.size)
    seeds = place_seeds(len(grounds), 0)
    found = mediators(
        attack.network,
        grounds,
        written_pixels(grounds, target.text, lettering, seeds=seeds, device=device),
        readout=attack.readout,
        wanted=attack.index_of(target),
        layer=layer,
        n_candidates=_N_CANDIDATES,
    )
    return found[:_N_WHY]


def _random_strings(
    attack: RepeatableAttack,
    class_name: str,
    drawn: Sequence[tuple[str, float]],
    step: Callable[[], None],
) -> list[RandomString]:
    """Attack with strings that were drawn, each with its score."""
    wanted, possible = (
        class_index(attack.readout, class_name),
        attack.possible(AttackTarget(class_name, class_name), attack.answers()),
    )
    found = []
    for text, score in drawn:
        after = attack.responses(text).responses.answers(attack.readout)
        found.append(RandomString(text, score, success(after, wanted, possible)))
        step()
    return found
