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
from neurons.attacks.repeatable_attack import RepeatableAttack, place_seeds, respond_to_texts
from neurons.attacks.sample import Sample
from neurons.attacks.steps import Progress, stepper
from neurons.data.images import ImageSet
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.readout import Readout, class_index
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
        If the budget does not reach for every string once in every round.

    References
    ----------
    Karnin, Koren, Somekh, "Almost optimal exploration in multi-armed bandits", ICML 2013.
    """
    lettering, readouts = lettering or Lettering(), named_readouts(readout, also)
    check_targets([AttackTarget(class_name, class_name)], list(readouts.values()))
    words, unwritable = writable(vocabulary, lettering, clip.preprocess.size)
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
        attack = RepeatableAttack(network, ready, lettering, readouts, sample.seed)
        left, rates, n_asked = _halved(
            attack.on(search), words, class_name, rounds=rounds, budget=budget, count=count,
            step=step,
        )  # fmt: skip
        confirmed = [
            confirm(attack.on(held), AttackTarget(class_name, words[i]), score=float(rates[i]))
            for i in left
        ]
        provenance = attack.provenance(precision)
    step(budget)
    return BlackBoxSearch(
        provenance=provenance,
        class_name=class_name,
        n_strings=len(words),
        unwritable=tuple(unwritable),
        n=len(held),
        budget=budget,
        n_asked=n_asked,
        confirmed=tuple(confirmed),
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
    """

    was: ClassVar[str] = "Blind"

    class_name: str
    n_strings: int
    unwritable: tuple[str, ...]
    n: int
    budget: int
    n_asked: int
    confirmed: tuple[ConfirmedString, ...]

    @property
    def title(self) -> str:
        """The class that was wanted."""
        return f"Strings for {self.class_name}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the best string, and how often it succeeds."""
        return confirmed_facts(self.confirmed)

    def verdict(self) -> str:
        """Say how much was asked, and that the confirmation was not."""
        return (
            f"The best {len(self.confirmed)} of {self.n_strings:,} strings for "
            f"{self.class_name}, found with {self.n_asked:,} answers of {self.budget:,}, and "
            f"confirmed on {self.n:,} other images.{unwritable_note(self.unwritable)}"
        )

    def rows(self) -> Sequence[Row]:
        """One row per string that was confirmed, with its controls."""
        return confirmed_rows(self.confirmed)

    def blocks(self) -> tuple[Block, ...]:
        """Show the best strings, and their controls."""
        return (
            confirmed_bars(self.class_name, self.confirmed),
            confirmed_table(self.class_name, self.confirmed),
        )


def _halved(
    search: RepeatableAttack,
    words: Sequence[str],
    class_name: str,
    *,
    rounds: int,
    budget: int,
    count: int,
    step: Callable[[int], None],
) -> tuple[NDArray[np.intp], NDArray[np.float64], int]:
    """Halve the strings round by round; give the best, every string's success, and what was asked.

    A string that is left is asked about on new images in every round, the same for all.
    """
    wanted = class_index(search.readout, class_name)
    possible = search.possible(AttackTarget(class_name, class_name), search.answers())
    left, half = np.arange(len(words)), len(search.ready)
    hits, asked = np.zeros(len(words)), np.zeros(len(words))
    used = turn = 0

    def best(n: int) -> NDArray[np.intp]:
        order = np.argsort(-hits[left] / asked[left], kind="stable")
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
            asked[some] += each
            used += each * len(some)
            step(each * len(some))
        left = best(max(count, -(-len(left) // 2)))
    return best(count), hits / asked, used


def _answers(
    search: RepeatableAttack, which: NDArray[np.intp], words: Sequence[str]
) -> NDArray[np.intp]:
    """Give the top class of each string on each image: (strings, images)."""
    texts = [word for word in words for _ in which]
    seeds = [place_seeds(len(search.ready), search.seed)[i] for i in which] * len(words)
    pixels = search.ready.pixels[which].repeat(len(words), 1, 1, 1)
    found = respond_to_texts(search.network, pixels, texts, search.lettering, seeds=seeds)
    return found.responses.answers(search.readout).reshape(len(words), len(which))
