"""Which images show a word, as far as a CLIP itself can tell? Candidates where labels lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.data.concepts import Concept
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.readouts.prompts import PLAIN, class_directions, words_of

ZERO_SHOT = "zero-shot"
_ROWS = 8192


def zero_shot_concepts(
    run: Activations,
    clip: Clip,
    vocabulary: Mapping[str, str],
    *,
    templates: Sequence[str] = PLAIN,
) -> tuple[Concept, ...]:
    """Give each image to the word whose text lies nearest to it.

    What a CLIP says of its own images names its units by what it makes of them: that is circular,
    and no proof that they show it.

    Parameters
    ----------
    run : Activations
        With embeddings.
    clip : Clip
        The run's model.
    vocabulary : mapping of str to str
        Of each word its family.
    templates : sequence of str

    Returns
    -------
    tuple of Concept
        Of the words that lie nearest to any image, in the vocabulary's order.

    Raises
    ------
    LayerNotFoundError
        If the run was made without embeddings.
    StaleActivationsError
        If the run is of another model.
    OptionError
        If there are fewer than two words.

    References
    ----------
    Radford et al., "Learning transferable visual models from natural language supervision", ICML
    2021, section 3.1: zero-shot classification.
    """
    if len(vocabulary) < 2:
        raise OptionError("one word is nearest to every image; give two or more")
    run.check_clip(clip)
    embeddings, good = run.embeddings, run.good_rows()
    directions = class_directions(clip, words_of(list(vocabulary)), templates=templates)
    nearest = np.full(embeddings.shape[0], -1)
    for start in range(0, embeddings.shape[0], _ROWS):
        # the length of an embedding does not change which text is nearest
        block: NDArray[np.float32] = np.asarray(embeddings[start : start + _ROWS], np.float32)
        nearest[start : start + len(block)] = (block @ directions.T).argmax(1)
    return tuple(
        Concept(word, family, ZERO_SHOT, rows)
        for k, (word, family) in enumerate(vocabulary.items())
        if len(rows := good[nearest[good] == k])
    )
