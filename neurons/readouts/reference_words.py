"""With which other words is a text compared?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.tokens import tokens_of
from neurons.readouts.text_candidates import TextCandidates, embed_candidates
from neurons.readouts.vocabulary import shipped_vocabulary

# of fewer words neither a mean nor a standard deviation says much
FEWEST_WORDS = 30


def reference_words(
    clip: Clip,
    words: Sequence[str] | None = None,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> TextCandidates:
    """Embed words as they are; those that are too long for the model are left out and counted.

    Parameters
    ----------
    clip : Clip
    words : sequence of str, optional
        Default: the shipped vocabulary, of about 1,000 words.
    progress : callable
        Takes how many of how many words are embedded.

    Returns
    -------
    TextCandidates
        Its source says how many there are, and how many were left out.

    Raises
    ------
    OptionError
        If fewer than 30 words are left.
    TextSideMissingError
        If the model's texts cannot be read here.
    """
    own = words is not None
    wanted = list(dict.fromkeys(words if words is not None else shipped_vocabulary()))
    tokenizer: Any = clip.tokenizer
    room = int(tokenizer.context_length) - 2
    short = [w for w, n in zip(wanted, tokens_of(clip, wanted), strict=True) if n.n <= room]
    if len(short) < FEWEST_WORDS:
        raise OptionError(
            f"{len(short)} words to compare a text with; give {FEWEST_WORDS} or more that have "
            f"{room} tokens at most"
        )
    left = f", {len(wanted) - len(short):,} too long left out" if len(short) < len(wanted) else ""
    source = f"{len(short):,} {'words given' if own else 'words of the shipped vocabulary'}{left}"
    return embed_candidates(clip, short, source=source, progress=progress)
