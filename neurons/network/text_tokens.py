"""Which tokens is a text for the model, and which text are tokens?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.errors import OptionError, TextSideMissingError
from neurons.network.clip import Clip

Ids = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class TextTokens:
    """The tokens of a model, without those that begin and end a text, unless said otherwise.

    Parameters
    ----------
    tokenizer : object
        open_clip's own tokenizer of the model.
    n_tokens : int
        All that there are; ids are 0 to ``n_tokens - 1``.
    start, end : int
        The tokens that begin and end a text.
    context_length : int
        The most tokens of a text, these two counted in.
    """

    tokenizer: Any
    n_tokens: int
    start: int
    end: int
    context_length: int

    @classmethod
    def of(cls, clip: Clip) -> TextTokens:
        """Take a model's tokens.

        Raises
        ------
        TextSideMissingError
            If its texts cannot be read here, or its tokenizer is not open_clip's own, of which
            alone it is known how tokens become a text again.
        """
        tokenizer: Any = clip.tokenizer
        kind = type(tokenizer).__name__
        if not hasattr(tokenizer, "bpe_ranks") or getattr(tokenizer, "reduction_fn", None):
            raise TextSideMissingError(
                f"{clip.name!r} has the tokenizer {kind}; texts are searched token by token with "
                f"open_clip's own SimpleTokenizer only: for this model, rank given texts instead"
            )
        return cls(
            tokenizer,
            int(tokenizer.vocab_size),
            int(tokenizer.sot_token_id),
            int(tokenizer.eot_token_id),
            int(tokenizer.context_length),
        )

    @property
    def longest(self) -> int:
        """The most tokens of a text, without those that begin and end it."""
        return self.context_length - 2

    def ids(self, text: str) -> Ids:
        """Part a text into tokens.

        Raises
        ------
        OptionError
            If it has more than the model can read: open_clip would cut it without a word.
        """
        found = tuple(map(int, self.tokenizer.encode(text)))
        if len(found) > self.longest:
            raise OptionError(
                f"a text of {len(found)} tokens is too long for the model, which reads "
                f"{self.longest}: {text[:60]!r}; shorten it"
            )
        return found

    def text(self, ids: Sequence[int]) -> str:
        """Put tokens together to the text that a person would read, without spaces at its ends."""
        decoded: str = self.tokenizer.decode(list(ids))
        return decoded.strip()

    def read_again(self, ids: Sequence[int]) -> Ids:
        """Write tokens down as a text and read that text: what the model gets from a person.

        Tokens are no text: pieces of words that stand beside each other are read as other pieces.

        Returns
        -------
        tuple of int
            Empty if the text is empty, too long, holds a character that is none, or is read as
            another text each time.
        """
        text = self.text(ids)
        if not text or "�" in text or not text.isprintable():
            return ()
        found = tuple(map(int, self.tokenizer.encode(text)))
        if not 0 < len(found) <= self.longest or self.text(found) != text:
            return ()
        return found

    def batch(self, sequences: Sequence[Ids]) -> Tensor:
        """Put texts into one tensor as the model reads them, cut after the longest of them.

        Returns
        -------
        Tensor of int64, (texts, tokens of the longest and 2)
        """
        longest = max(map(len, sequences)) + 2
        found = torch.zeros(len(sequences), longest, dtype=torch.long)
        for row, ids in zip(found, sequences, strict=True):
            row[: len(ids) + 2] = torch.tensor([self.start, *ids, self.end])
        return found

    def usable(self) -> NDArray[np.bool_]:
        """Tell which tokens may stand in a text that is searched, (n_tokens,).

        Left out are the two that begin and end a text, and those that are no whole printable
        characters of themselves.
        """
        special = {self.start, self.end, *map(int, self.tokenizer.all_special_ids)}
        texts = (self.text([i]) if i not in special else "" for i in range(self.n_tokens))
        return np.array([bool(t) and "�" not in t and t.isprintable() for t in texts])


def check_lengths(clip: Clip, texts: Sequence[str]) -> None:
    """Refuse texts that have more tokens than a model can read.

    Raises
    ------
    OptionError
        If there are such texts; the message gives the first. open_clip would cut them without a
        word.
    TextSideMissingError
        If the model's texts cannot be read here.
    """
    tokenizer: Any = clip.tokenizer
    room = int(tokenizer.context_length) - 2
    inner = getattr(tokenizer, "tokenizer", tokenizer)
    own = hasattr(tokenizer, "bpe_ranks")
    for text in texts:
        ids = inner.encode(text) if own else inner.encode(text, add_special_tokens=False)
        if len(ids) > room:
            raise OptionError(
                f"a text of {len(ids)} tokens is too long for {clip.name!r}, which reads {room}: "
                f"{text[:60]!r}; shorten it"
            )
