"""Of how many tokens is a word, and how early did the tokenizer learn them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from neurons.network.clip import Clip

# CLIP's vocabulary begins with 256 bytes, inside a word and at its end; merges follow, most
# frequent first (open_clip's SimpleTokenizer)
_BYTES = 512


@dataclass(frozen=True)
class Tokens:
    """How a tokenizer parts a text.

    Parameters
    ----------
    n : int
        Tokens, without those that begin and end a text.
    rank : float
        Place of its rarest token in the order in which the tokenizer learned them from the most
        frequent pairs on: small for frequent words. nan where a tokenizer keeps no such order.
    """

    n: int
    rank: float


def tokens_of(clip: Clip, texts: Sequence[str]) -> tuple[Tokens, ...]:
    """Part texts into tokens.

    Parameters
    ----------
    clip : Clip
    texts : sequence of str

    Raises
    ------
    TextSideMissingError
        If the model's texts cannot be read here.
    """
    tokenizer: Any = clip.tokenizer
    ordered = hasattr(tokenizer, "bpe_ranks")
    # tokenizers of transformers stand inside open_clip's
    inner = getattr(tokenizer, "tokenizer", tokenizer)
    found = []
    for text in texts:
        ids = inner.encode(text) if ordered else inner.encode(text, add_special_tokens=False)
        rank = max((max(0, each - _BYTES + 1) for each in ids), default=0)
        found.append(Tokens(len(ids), float(rank) if ordered else float("nan")))
    return tuple(found)
