"""Where do the words of a list lie in a model's joint space, sentence by sentence?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.text_tokens import check_lengths
from neurons.readouts.unit_directions import UnitDirections, unit_length
from neurons.readouts.word_list import WordList
from neurons.stats import p_of_draws

_CHUNK, _N_PERMUTATIONS = 512, 500
# cosines of unit vectors in float32 are no more exact
_SAME = 1 - 1e-6


@dataclass(frozen=True, eq=False)
class WordTexts:
    """The embeddings of a list's words in all of its prompts; made by `word_texts`.

    Parameters
    ----------
    listed : WordList
    embeddings : ndarray of float32, (words, prompts, embedding)
        Of length 1, not centred.
    model : mapping
        The provenance of the model that embedded them.
    """

    listed: WordList
    embeddings: NDArray[np.float32] = field(repr=False)
    model: Mapping[str, Any]

    def mean(self) -> NDArray[np.float32]:
        """Give what all texts have in common, (embedding,)."""
        found: NDArray[np.float32] = self.embeddings.mean((0, 1))
        return found

    def unit_weights(self, directions: UnitDirections) -> NDArray[np.float32]:
        """Give what each unit adds to each text's score, (words, prompts, units).

        Notes
        -----
        What the texts of a prompt have in common is taken away, prompt by prompt: it is the
        sentence's, and not the word's.
        """
        words, prompts, _ = self.embeddings.shape
        own = self.embeddings - self.embeddings.mean(0, keepdims=True)
        found = directions.weights(own.reshape(words * prompts, -1))
        return found.reshape(words, prompts, -1)

    def families_together(self, *, seed: int = 0) -> FamiliesTogether | None:
        """Ask whether words of a family lie nearer to each other than others; None without any."""
        if not self.listed.has_families:
            return None
        means = (self.embeddings - self.embeddings.mean(0, keepdims=True)).mean(1)
        means = unit_length(means)
        cosines = means @ means.T
        pairs = np.triu_indices(len(means), 1)
        names = np.unique(self.listed.families, return_inverse=True)[1]
        random = np.random.default_rng(seed)

        def difference(of: NDArray[np.intp]) -> float:
            same = of[pairs[0]] == of[pairs[1]]
            return float(cosines[pairs][same].mean() - cosines[pairs][~same].mean())

        found = difference(names)
        draws = [difference(random.permutation(names)) for _ in range(_N_PERMUTATIONS)]
        return FamiliesTogether(found, p_of_draws(found, draws))


@dataclass(frozen=True)
class FamiliesTogether:
    """Whether a model holds the families of a list together.

    Parameters
    ----------
    difference : float in [-2, 2]
        Mean cosine of two words of one family minus that of two words of different families.
    p_value : float in (0, 1]
        One-sided, by permuting which word is of which family.
    """

    difference: float
    p_value: float


def word_texts(clip: Clip, listed: WordList) -> WordTexts:
    """Embed every word of a list in each of its prompts.

    Parameters
    ----------
    clip : Clip
    listed : WordList

    Returns
    -------
    WordTexts

    Raises
    ------
    OptionError
        If a sentence is too long for the model, or it cannot tell two words: they give the same
        embeddings.
    TextSideMissingError
        If texts need a package that is not installed.
    """
    sentences = listed.sentences()
    check_lengths(clip, sentences)
    parts = [
        clip.embed_texts(sentences[start : start + _CHUNK]).float().cpu().numpy()
        for start in range(0, len(sentences), _CHUNK)
    ]
    rows = unit_length(np.concatenate(parts))
    embeddings = rows.reshape(len(listed.words), len(listed.prompts), -1)
    cosines = np.einsum("ape,bpe->ab", embeddings, embeddings) / len(listed.prompts)
    first, second = np.nonzero(np.triu(cosines > _SAME, 1))
    if len(first):
        raise OptionError(
            f"{clip.name} gives {listed.words[first[0]]!r} and {listed.words[second[0]]!r} the "
            f"same embedding: it cannot tell them; keep one of them"
        )
    return WordTexts(listed, embeddings, clip.provenance())
