"""Which string makes images of a class, found by asking for answers alone?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurons.attacks.conditions import AttackTarget, check_targets
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
from neurons.attacks.repeatable_attack import RepeatableAttack, place_seeds, respond_to_texts
from neurons.attacks.sample import Sample
from neurons.attacks.steps import Progress, stepper
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.lettering.default import chosen_writing, legibility
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.readout import Readout
from neurons.results.blocks import Block
from neurons.results.result import Result
from neurons.results.table import Row

_SAMPLE = Sample(n=64)
# strings asked about together
_CHUNK = 64


def search_black_box(
    clip: Clip,
    images: ImageSet,
    class_name: str,
    vocabulary: Sequence[str],
    *,
    readout: Readout,
    budget: int,
    lettering: Lettering | None = None,
    count: int = 5,
    sample: Sample = _SAMPLE,
    precision: Precision = exact,
    also: Mapping[str, Readout] = NO_OTHERS,
    progress: Progress = lambda done, total: None,
) -> BlackBoxSearch:
    """Find strings by asking for answers alone, with so many questions: no units, no scores.

    Successive halving: every string is tried on a few images, the better half on as many new
    ones again, until ``count`` are left. Images for this and for the confirmation are different
    ones, so the confirmed success is not flattered by the choice.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    class_name : str
        What images are to become.
    vocabulary : sequence of str
    readout : Readout
    budget : int
        Answers that may be asked for; the confirmation is not counted.
    lettering : Lettering, optional
    count : int >= 1
        Strings to confirm.
    sample : Sample, optional
        Which images confirm; as many again are searched on. Default: 64.
    precision : Precision
    also : mapping of str to Readout
        Other readouts, such as a probe, by name: each string that is confirmed is confirmed by
        them too.
    progress : callable
        Takes how many of how many questions have been asked.

    Returns
    -------
    BlackBoxSearch

    Raises
    ------
    OptionError
        If the budget does not reach for every string once in every round, or every image is of the
        class already.

    References
    ----------
    Karnin, Koren, Somekh, "Almost optimal exploration in multi-armed bandits", ICML 2013.
    """
    readouts, goal = named_readouts(readout, also), AttackTarget(class_name, class_name)
    check_targets([goal], list(readouts.values()))
    writing, unnamed = chosen_writing(lettering, clip.preprocess.size), doubts_of_names(readouts)
    words, unwritable = writable(vocabulary, writing.lettering, clip.preprocess.size)
    rounds = max(1, int(np.ceil(np.log2(max(1, len(words) / max(1, count))))))
    if count < 1 or len(words) < count or budget < rounds * len(words):
        raise OptionError(
            f"a budget of {budget:,} for {len(words):,} strings in {rounds} rounds: at least "
            f"{rounds * len(words):,}, and no more to confirm ({count}) than there are"
        )
    twice = replace(sample, n=None if sample.n is None else 2 * sample.n)
    ready = twice.of(images, clip)
    search, held = ready.halves(sample.seed)
    step = stepper(progress, budget)
    with open_editable(clip, readouts=list(readouts.values()), precision=precision) as network:
        attack = RepeatableAttack(network, ready, writing.lettering, readouts, sample.seed)
        unsure = attack.doubts(attack.clean())
        attack.on(held).possible(goal, attack.on(held).answers())
        left, rates, n_asked = _halved(
            attack.on(search), words, goal, rounds=rounds, budget=budget, count=count, step=step
        )
        confirmed = [
            confirm(attack.on(held), AttackTarget(class_name, words[i]), score=float(rates[i]))
            for i in left
        ]
        provenance = attack.provenance(precision)
    step(budget)
    legible = legibility([words[i] for i in left], writing.lettering, clip.preprocess.size)
    return BlackBoxSearch(
        provenance=provenance,
        class_name=class_name,
        n_strings=len(words),
        unwritable=tuple(unwritable),
        n=len(held),
        budget=budget,
        n_asked=n_asked,
        confirmed=tuple(confirmed),
        written=writing.told,
        why_written=writing.why,
        doubts=tuple(filter(None, [*unsure, *unnamed, legible])),
    )


@dataclass(frozen=True)
class BlackBoxSearch(Result):
    """The best strings that were found by asking for answers alone.

    Parameters
    ----------
    class_name : str
    n_strings : int
    unwritable : tuple of str
        Strings that do not fit on an image as they were to be written.
    n : int
        Images of the confirmation, which the search did not see.
    budget, n_asked : int
        Answers that might be asked for, and that were; without those of the confirmation.
    confirmed : tuple of ConfirmedString
    written, why_written : str
        How strings stand on images; and why so, where nobody said how.
    doubts : tuple of str
        What makes these numbers mean little.
    """

    was: ClassVar[str] = "Blind"

    class_name: str
    n_strings: int
    unwritable: tuple[str, ...]
    n: int
    budget: int
    n_asked: int
    confirmed: tuple[ConfirmedString, ...]
    written: str
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
        """Say which string works best, and how much was asked for it; doubts come first."""
        best = max(self.confirmed, key=lambda each: each.success.value)
        why = f" {self.why_written}" if self.why_written else ""
        return (
            f"{first_of_all(self.doubts)}“{best.text}” makes {self.class_name} of {best.success} "
            f"of images: the best of {len(self.confirmed)} that were left of {self.n_strings:,} "
            f"strings after {self.n_asked:,} answers of {self.budget:,}, and confirmed on "
            f"{self.n:,} other images. Written: {self.written}.{why}"
            f"{unwritable_note(self.unwritable)}"
        )

    def rows(self) -> Sequence[Row]:
        """One row per string that was confirmed, with its controls."""
        return confirmed_rows(self.confirmed)

    def blocks(self) -> tuple[Block, ...]:
        """Show the best strings, and their controls."""
        return (
            confirmed_bars(self.class_name, self.confirmed, self.written),
            confirmed_table(self.class_name, self.confirmed, self.written),
        )


def _halved(
    search: RepeatableAttack,
    words: Sequence[str],
    goal: AttackTarget,
    *,
    rounds: int,
    budget: int,
    count: int,
    step: Callable[[int], None],
) -> tuple[NDArray[np.intp], NDArray[np.float64], int]:
    """Halve the strings round by round; give the best, every string's success, and what was asked.

    A string that is left is asked about on new images in every round, the same for all. Images
    that are of the class already count for nothing.
    """
    wanted, possible = search.index_of(goal), search.possible(goal, search.answers())
    left, half = np.arange(len(words)), len(search.ready)
    hits, risked = np.zeros(len(words)), np.zeros(len(words))
    used = turn = 0

    def best(n: int) -> NDArray[np.intp]:
        order = np.argsort(-(hits / np.maximum(risked, 1))[left], kind="stable")
        return left[order[:n]]

    for _ in range(rounds):
        each = min(max(1, budget // rounds // len(left)), half)
        # the next images of the circle, the same for all that are left
        which = (turn + np.arange(each)) % half
        turn += each
        for start in range(0, len(left), _CHUNK):
            some = left[start : start + _CHUNK]
            answers = _answers(search, which, [words[i] for i in some])
            hits[some] += ((answers == wanted) & possible[which]).sum(1)
            risked[some] += possible[which].sum()
            used += each * len(some)
            step(each * len(some))
        left = best(max(count, -(-len(left) // 2)))
    return best(count), hits / np.maximum(risked, 1), used


def _answers(
    search: RepeatableAttack, which: NDArray[np.intp], words: Sequence[str]
) -> NDArray[np.intp]:
    """Give the top class of each string on each image: (strings, images)."""
    texts = [word for word in words for _ in which]
    seeds = [place_seeds(len(search.ready), search.seed)[i] for i in which] * len(words)
    pixels = search.ready.pixels[which].repeat(len(words), 1, 1, 1)
    found = respond_to_texts(search.network, pixels, texts, search.lettering, seeds=seeds)
    return found.responses.answers(search.readout).reshape(len(words), len(which))
