"""Which few words of a list add up to a word, an image, a class, or a unit's direction?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.word_targets import WordTarget
from neurons.errors import OptionError
from neurons.readouts.splice import centred_units, explained, splice
from neurons.readouts.text_candidates import random_directions
from neurons.readouts.word_texts import WordTexts
from neurons.results.blocks import Bars, Block, Note, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import p_of_draws

STABLE = 0.9
_ALPHA, _FEWEST, _SHOWN = 0.05, 20, 12
# the smallest sum that is one
_FIRST = 2
# what controls of each kind are mixed of
_KINDS = {
    "word": "the list's words",
    "image": "the run's images",
    "class": "the run's images",
    "unit": "the layer's units",
}


def decompose_into_words(
    target: WordTarget,
    texts: WordTexts,
    *,
    strength: float = 0.15,
    n_resamples: int = 100,
    n_random: int = 100,
    seed: int = 0,
) -> WordDecomposition:
    """Write a vector of the joint space as a sparse sum of words, none with a weight below 0.

    The controls are random mixtures of the target's own kind (of words, of a run's images, of a
    layer's units). They lie where it lies, so that many words together come as near to them, but
    they are no sum of a few words: compared is how near the first two words alone come.

    Parameters
    ----------
    target : WordTarget
        A word, an image, a class or a unit: `target_of_word` and so on.
    texts : WordTexts
        The words that may be used, but for those that the target leaves out.
    strength : float in (0, 1)
        Larger: fewer words. A word is used only if its product with what the others leave
        reaches this.
    n_resamples : int >= 20
        How often words, prompts and the target's images are drawn anew.
    n_random : int >= 20
        Random mixtures, which the sum is compared with.
    seed : int

    Returns
    -------
    WordDecomposition

    Raises
    ------
    OptionError
        If an option makes no sense, or fewer than two words are left.

    References
    ----------
    Bhalla et al., "Interpreting CLIP with sparse linear concept embeddings (SpLiCE)", NeurIPS 2024.
    """
    if not 0 < strength < 1 or min(n_resamples, n_random) < _FEWEST:
        raise OptionError(
            f"strength {strength:g}, {n_resamples} resamples, {n_random} random mixtures: "
            f"between 0 and 1, and {_FEWEST} or more of each"
        )
    out = {each.casefold() for each in target.leaves_out}
    kept = np.array([i for i, w in enumerate(texts.listed.words) if w.casefold() not in out])
    if len(kept) < 2:
        raise OptionError(f"{len(kept)} word(s) are left for {target.name!r}; give a longer list")
    prompts = np.arange(texts.embeddings.shape[1])
    atoms = _atoms(texts, kept, prompts)
    wanted = target.direction(None, None)
    weights = splice(atoms, wanted, strength)
    came_back = _came_back(target, texts, kept, weights, strength, n_resamples, seed)
    controls = [
        _of_first(atoms, other, splice(atoms, other, strength))
        for other in random_directions(target.alike, n_random, seed=seed)
    ]
    first = _of_first(atoms, wanted, weights)
    made_of = ClassDecomposition if target.kind == "class" else WordDecomposition
    order = [i for i in np.argsort(-weights, kind="stable").tolist() if weights[i] > 0]
    return made_of(
        provenance={"model": dict(texts.model), "words": list(texts.listed.words)},
        target=target.name,
        kind=target.kind,
        centre=target.centre,
        n_words=len(kept),
        left_out=tuple(w for w in texts.listed.words if w.casefold() in out),
        strength=strength,
        n_resamples=n_resamples,
        atoms=tuple(
            Atom(texts.listed.words[kept[i]], float(weights[i]), float(came_back[i])) for i in order
        ),
        cosine=explained(atoms, wanted, weights),
        first_cosine=first,
        random_cosine=float(np.mean(controls)),
        random_largest=float(np.max(controls)),
        p_value=p_of_draws(first, controls),
    )


@dataclass(frozen=True)
class Atom:
    """A word of a sum.

    Parameters
    ----------
    word : str
    weight : float > 0
        Of its vector of length 1.
    came_back : float in [0, 1]
        Of the resamples that have the word, the share in which it is used.
    """

    word: str
    weight: float
    came_back: float

    @property
    def stable(self) -> bool:
        """Whether it came back in nine of ten resamples."""
        return self.came_back >= STABLE


@dataclass(frozen=True)
class WordDecomposition(Result):
    """A vector of the joint space as a sparse sum of words.

    Parameters
    ----------
    target : str
        What was asked for.
    kind : str
        ``word``, ``image``, ``class`` or ``unit``.
    centre : str
        What was taken away from it.
    n_words : int
        Words that could be used.
    left_out : tuple of str
    strength : float
    n_resamples : int
    atoms : tuple of Atom
        The largest weight first.
    cosine : float in [-1, 1]
        Of the sum with what was asked for; 0 if no word is used.
    first_cosine : float in [-1, 1]
        The same of its first two words alone.
    random_cosine, random_largest : float
        That of the first two words of random mixtures of its kind: mean and largest.
    p_value : float in (0, 1]
        Of its first two words among these.
    """

    target: str
    kind: str
    centre: str
    n_words: int
    left_out: tuple[str, ...]
    strength: float
    n_resamples: int
    atoms: tuple[Atom, ...]
    cosine: float
    first_cosine: float
    random_cosine: float
    random_largest: float
    p_value: float

    @property
    def passes(self) -> bool:
        """Whether its first two words are nearer to it than those of random mixtures to them."""
        return bool(self.atoms) and self.p_value <= _ALPHA

    @property
    def title(self) -> str:
        """What was asked for."""
        return f"{self.target} in words"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Words used, how much they explain, and what random mixtures give."""
        return (
            ("words", f"{len(self.atoms)} of {self.n_words:,}"),
            ("stable words", f"{sum(each.stable for each in self.atoms)}"),
            ("cosine", f"{self.cosine:.2f}"),
            ("first two words", f"{self.first_cosine:.2f}"),
            ("those of random mixtures", f"{self.random_cosine:.2f}"),
        )

    def equation(self) -> str:
        """Write it as a line, such as ``bored = 0.38 relaxed + 0.37 grumpy``."""
        parts = [f"{each.weight:.2f} {each.word}" for each in self.atoms[:_SHOWN]]
        more = len(self.atoms) - _SHOWN
        rest = f" + {more} smaller" if more > 0 else ""
        return f"{self.target} = {' + '.join(parts) or '0'}{rest}"

    def verdict(self) -> str:
        """Write the sum; before it, if so, that it means nothing."""
        beside = (
            f"cosine {self.cosine:.2f} with it; its first two words alone reach "
            f"{self.first_cosine:.2f}, those of random mixtures of {_KINDS[self.kind]} "
            f"{self.random_cosine:.2f} on average (p = {self.p_value:.2g})"
        )
        if not self.atoms:
            return (
                f"No word: none of {self.n_words} words has a cosine of {self.strength:g} with "
                f"{self.target!r}; take a lower strength, or other words."
            )
        doubt = ""
        if not self.passes:
            doubt = (
                f"It is no sum of a few words more than random mixtures of {_KINDS[self.kind]} "
                f"are. "
            )
        elif not any(each.stable for each in self.atoms):
            doubt = (
                f"Nothing is stable: no word came back in {STABLE:.0%} of {self.n_resamples} "
                f"resamples. "
            )
        return f"{doubt}{self.equation()}: {beside}."

    def blocks(self) -> tuple[Block, ...]:
        """Show the weights, and how often each word came back."""
        if not self.atoms:
            return ()
        shown = self.atoms[:_SHOWN]
        out = f" Left out: {', '.join(self.left_out)}." if self.left_out else ""
        return (
            Note(
                f"A sum of words that lies near to it among {self.n_words:,} words, and no more: "
                f"a word that the list lacks cannot be found, and others stand in for it."
                f"{out} {self.centre}"
            ),
            Bars(
                f"{self.target} as a sum of words",
                tuple(each.word for each in shown),
                tuple(each.weight for each in shown),
                "weight of the word's vector of length 1",
            ),
            Table(
                "The words",
                ("word", "weight", "came back"),
                tuple(
                    (each.word, f"{each.weight:.3f}", f"{each.came_back:.2f}")
                    for each in self.atoms
                ),
                f"Came back: share of {self.n_resamples} resamples of words, prompts and images, "
                f"of those that have the word. Stable from {STABLE:g} on.",
            ),
        )

    def rows(self) -> Sequence[Row]:
        """One row per word that is used."""
        return [
            {
                "target": self.target,
                "kind": self.kind,
                "word": each.word,
                "weight": each.weight,
                "came_back": each.came_back,
                "stable": each.stable,
                "n_words": self.n_words,
                "strength": self.strength,
                "cosine": self.cosine,
                "first_cosine": self.first_cosine,
                "random_cosine": self.random_cosine,
                "p_value": self.p_value,
            }
            for each in self.atoms
        ]


@dataclass(frozen=True)
class ClassDecomposition(WordDecomposition):
    """The mean of a class's images as a sum of words; it lies beside that of the class's name."""


def _atoms(
    texts: WordTexts, words: NDArray[np.intp], prompts: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Give the words' vectors of length 1 without what the list's texts have in common."""
    means = texts.embeddings[:, prompts].mean(1)
    return centred_units(means[words], means.mean(0))


def _of_first(
    atoms: NDArray[np.float32], target: NDArray[np.float32], weights: NDArray[np.float64]
) -> float:
    """Give the cosine of a target with the words of the largest weights, two of them."""
    first = np.argsort(-weights, kind="stable")[:_FIRST]
    return explained(atoms[first], target, weights[first])


def _came_back(
    target: WordTarget,
    texts: WordTexts,
    kept: NDArray[np.intp],
    weights: NDArray[np.float64],
    strength: float,
    n_resamples: int,
    seed: int,
) -> NDArray[np.float64]:
    """Give each word's share of resamples in which it is used, of those that have it."""
    random = np.random.default_rng(seed)
    n_prompts = texts.embeddings.shape[1]
    used, there = np.zeros(len(kept)), np.zeros(len(kept))
    for _ in range(n_resamples):
        places = np.unique(random.integers(0, len(kept), len(kept)))
        prompts = np.asarray(random.integers(0, n_prompts, n_prompts), np.intp)
        wanted = target.direction(prompts, random)
        found = splice(_atoms(texts, kept[places], prompts), wanted, strength)
        used[places] += found > 0
        there[places] += 1
    share: NDArray[np.float64] = np.where(weights > 0, used / np.maximum(there, 1), 0.0)
    return share
