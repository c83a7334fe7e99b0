"""Which string makes images of a class, found by asking for answers alone?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.attacks.conditions import place_seeds, provenance, respond_to_texts
from neurons.attacks.confirmation import (
    NO_OTHERS,
    Confirmed,
    confirm,
    confirmed_bars,
    confirmed_table,
)
from neurons.data.images import ImageSet
from neurons.data.prepared import Prepared, prepare
from neurons.errors import OptionError
from neurons.interventions.editable import EditableNetwork, open_editable
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.readout import Readout, class_index
from neurons.results.blocks import Block, Note
from neurons.results.result import Result

# strings looked at together
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
    n: int | None = 64,
    rows: Sequence[int] | None = None,
    seed: int = 0,
    precision: Precision = exact,
    also: Mapping[str, Readout] = NO_OTHERS,
    progress: Callable[[int, int], None] = lambda done, total: None,
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
    n : int, optional
        Images of the confirmation; as many again are searched on.
    rows : sequence of int, optional
        Images to draw from.
    seed : int
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
    lettering = lettering or Lettering()
    wanted = class_index(readout, class_name)
    for other in also.values():
        class_index(other, class_name)
    words, unwritable = writable(vocabulary, lettering, clip.preprocess.size)
    rounds = max(1, int(np.ceil(np.log2(max(1, len(words) / max(1, count))))))
    if count < 1 or len(words) < count or budget < rounds * len(words):
        raise OptionError(
            f"a budget of {budget:,} for {len(words):,} strings in {rounds} rounds: at least "
            f"{rounds * len(words):,}, and no more to confirm ({count}) than there are"
        )
    ready = prepare(clip.preprocess, images, n=None if n is None else 2 * n, rows=rows, seed=seed)
    search, held = ready.halves(seed)
    half = len(search)
    with open_editable(clip, readouts=[readout, *also.values()], precision=precision) as eye:
        clean = eye.respond(search.pixels).answers(readout)
        left = np.arange(len(words))
        hits, asked = np.zeros(len(words)), np.zeros(len(words))
        used = turn = 0
        for _ in range(rounds):
            each = min(max(1, budget // rounds // len(left)), half)
            # the next images of the circle, the same for all that are left
            which = (turn + np.arange(each)) % half
            turn += each
            for start in range(0, len(left), _CHUNK):
                some = left[start : start + _CHUNK]
                answers = _answers(eye, readout, search, which, [words[i] for i in some],
                                   lettering, seed)  # fmt: skip
                risk = clean[which] != wanted
                hits[some] += ((answers == wanted) & risk).sum(1)
                asked[some] += each
                used += each * len(some)
                progress(used, budget)
            keep = max(count, -(-len(left) // 2))
            left = left[np.argsort(-hits[left] / asked[left], kind="stable")[:keep]]
        confirmed = [
            confirm(
                eye, held, words[i], lettering, readout=readout, wanted=wanted,
                score=float(hits[i] / asked[i]), seed=seed, also=also,
            )
            for i in left[np.argsort(-hits[left] / asked[left], kind="stable")[:count]]
        ]  # fmt: skip
        progress(budget, budget)
    return BlackBoxSearch(
        provenance=provenance(
            clip,
            ready,
            lettering,
            precision=precision,
            seed=seed,
            readouts={"readout": readout, **also},
        ),
        class_name=class_name,
        n_strings=len(words),
        unwritable=tuple(unwritable),
        n=len(held),
        budget=budget,
        n_asked=used,
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
    confirmed : tuple of Confirmed
    """

    class_name: str
    n_strings: int
    unwritable: tuple[str, ...]
    n: int
    budget: int
    n_asked: int
    confirmed: tuple[Confirmed, ...]

    def blocks(self) -> tuple[Block, ...]:
        """Say how much was asked; the best strings."""
        return (
            Note(
                f"The best {len(self.confirmed)} of {self.n_strings:,} strings for "
                f"{self.class_name}, found with {self.n_asked:,} answers of {self.budget:,}, and "
                f"confirmed on {self.n:,} other images."
            ),
            confirmed_bars(self.class_name, self.confirmed),
            confirmed_table(self.class_name, self.confirmed),
        )


def _answers(
    eye: EditableNetwork,
    readout: Readout,
    ready: Prepared,
    which: NDArray[np.intp],
    words: Sequence[str],
    lettering: Lettering,
    seed: int,
) -> NDArray[np.intp]:
    """Give the top class of each string on each image: (strings, images)."""
    texts = [word for word in words for _ in which]
    seeds = [place_seeds(len(ready), seed)[i] for i in which] * len(words)
    pixels = ready.pixels[which].repeat(len(words), 1, 1, 1)
    look = respond_to_texts(eye, pixels, texts, lettering, seeds=seeds)
    return look.seen.answers(readout).reshape(len(words), len(which))
