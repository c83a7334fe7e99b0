"""Which string makes images of a class, found without trying every string on every image?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurons.attacks.conditions import alone, plain_grounds, provenance, respond_to_text, success
from neurons.attacks.confirmation import (
    NO_OTHERS,
    Confirmed,
    confirm,
    confirmed_bars,
    confirmed_table,
)
from neurons.attacks.mediators import mediators
from neurons.data.images import ImageSet
from neurons.data.prepared import prepare
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.lettering.lettering import Lettering
from neurons.lettering.sizes import writable
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.network.layers import last_block
from neurons.readouts.readout import Readout, class_index, log_shares
from neurons.results.blocks import Block, Note, Table
from neurons.results.result import Result
from neurons.stats import Interval, Share, difference_of_means, rank_correlation

_SYMBOLS = "$€£¥%&#@!?*+=<>~^"
_N_WHY, _N_CANDIDATES, _FEWEST_RANKED = 5, 12, 5
# strings looked at together
_CHUNK = 64


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
    n: int | None = 64,
    rows: Sequence[int] | None = None,
    layer: str | None = None,
    seed: int = 0,
    precision: Precision = exact,
    also: Mapping[str, Readout] = NO_OTHERS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Search:
    """Rank strings by what they do on plain grounds, then confirm the best on images.

    The score of a string is the logarithm of the class's share when the string stands alone on
    plain grounds: what the class's direction or probe weighs, times how the written string
    excites it. One look a string and ground, no image. The best ``count`` are then written on
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
    count : int >= 1
        Strings to confirm.
    n_random : int >= 5
        Strings to compare with.
    n : int, optional
        Images, drawn without replacement; default: 64. None: all.
    rows : sequence of int, optional
        Images to draw from.
    layer : str, optional
        Whose units say why; default: the deepest block with maps.
    seed : int
        Of the images, the places and the random strings.
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

    Raises
    ------
    OptionError
        If there is no such class, or there are too few strings.
    """
    lettering = lettering or Lettering()
    wanted = class_index(readout, class_name)
    for other in also.values():
        class_index(other, class_name)
    words, unwritable = writable(vocabulary, lettering, clip.preprocess.size)
    if count < 1 or n_random < _FEWEST_RANKED or len(words) < max(count, n_random):
        raise OptionError(
            f"{len(words)} strings that can be written, {count} to confirm, {n_random} at random: "
            f"give at least as many strings, 1 or more to confirm, {_FEWEST_RANKED} or more at "
            f"random"
        )
    where = layer or last_block(clip)
    ready = prepare(clip.preprocess, images, n=n, rows=rows, seed=seed)
    chance = np.random.default_rng(seed).choice(len(words), n_random, replace=False)
    total = len(words) + n_random + count
    with open_editable(
        clip, [where], readouts=[readout, *also.values()], precision=precision
    ) as eye:
        scores = np.zeros(len(words))
        for start in range(0, len(words), _CHUNK):
            part = words[start : start + _CHUNK]
            shares = log_shares(alone(eye, part, lettering).scores(readout))[:, wanted]
            scores[start : start + _CHUNK] = shares.reshape(len(part), -1).mean(1)
            progress(start + len(part), total)
        grounds = plain_grounds(clip.preprocess.size)
        best = np.argsort(-scores, kind="stable")[:count]
        confirmed = []
        for i in best:
            why = mediators(
                eye, grounds, words[i], lettering, readout=readout, wanted=wanted, layer=where,
                n_candidates=_N_CANDIDATES,
            )[:_N_WHY]  # fmt: skip
            confirmed.append(
                confirm(
                    eye, ready, words[i], lettering, readout=readout, wanted=wanted,
                    score=float(scores[i]), why=why, seed=seed, also=also,
                )
            )  # fmt: skip
            progress(len(words) + len(confirmed), total)
        before = eye.respond(ready.pixels).answers(readout)
        random = []
        for i in chance:
            look = respond_to_text(eye, ready.pixels, words[i], lettering, seed=seed)
            share = success(before, look.seen.answers(readout), wanted)
            random.append(Tried(words[i], float(scores[i]), share))
            progress(len(words) + count + len(random), total)
    first = np.array([each.success.value for each in confirmed])
    chosen = np.array([each.success.value for each in random])
    rank, reach = rank_correlation(scores[chance], chosen, seed)
    gain, gain_reach = difference_of_means(first, chosen, seed)
    return Search(
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
        n=len(ready),
        layer=where,
        confirmed=tuple(confirmed),
        random=tuple(random),
        rank_correlation=rank,
        rank_interval=reach,
        gain=gain,
        gain_interval=gain_reach,
    )


@dataclass(frozen=True)
class Tried:
    """A string, its score and its success on images."""

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
    confirmed : tuple of Confirmed
        By falling score.
    random : tuple of Tried
        Strings drawn at random, attacked in the same way.
    rank_correlation : float in [-1, 1]
        Spearman's, of score and success, over the random strings; nan where all succeed alike.
    rank_interval : Interval
        By resampling strings.
    gain : float
        Mean success of the confirmed strings minus that of the random ones.
    gain_interval : Interval
        By resampling strings.
    """

    class_name: str
    n_strings: int
    unwritable: tuple[str, ...]
    n: int
    layer: str
    confirmed: tuple[Confirmed, ...]
    random: tuple[Tried, ...]
    rank_correlation: float
    rank_interval: Interval
    gain: float
    gain_interval: Interval

    def blocks(self) -> tuple[Block, ...]:
        """Say what the ranking is worth; the best strings; why; the random ones."""
        rank, gain = self.rank_interval, self.gain_interval
        return (
            Note(
                f"The best {len(self.confirmed)} of {self.n_strings:,} strings for "
                f"{self.class_name}, on {self.n:,} images. Their success lies {self.gain:+.3f} "
                f"({gain.low:+.3f} to {gain.high:+.3f}) above that of {len(self.random)} random "
                f"strings; over these, score and success have a rank correlation of "
                f"{self.rank_correlation:.2f} ({rank.low:.2f} to {rank.high:.2f})."
                + (
                    f" {len(self.unwritable):,} strings cannot be written like this, the first: "
                    f"{self.unwritable[0]!r}."
                    if self.unwritable
                    else ""
                )
            ),
            confirmed_bars(self.class_name, self.confirmed),
            confirmed_table(self.class_name, self.confirmed),
            Table(
                f"Why: units of {self.layer} that the class needs",
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
