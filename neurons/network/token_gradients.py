"""Which other token would raise what a text says of a direction? The text tower's gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from neurons.errors import TextSideMissingError
from neurons.network.clip import Clip
from neurons.network.text_tokens import Ids, TextTokens

# texts run together; and how far our way through the tower may be from the model's own
_CHUNK, _NEAR = 512, 1e-4
# the token that is read: the one with the highest id, or the one that ends a text
_POOLS = ("argmax", "eos")


@dataclass(frozen=True, eq=False)
class TextTower:
    """A text tower that gives unit embeddings of tokens, and their gradient by every token.

    Parameters
    ----------
    tokens : TextTokens
    part : nn.Module
        Where the tower's modules are: open_clip's CLIP itself, or its TextTransformer.
    device : torch.device
    """

    tokens: TextTokens
    part: Any
    device: torch.device

    @classmethod
    def of(cls, clip: Clip) -> TextTower:
        """Take a model's text tower, and see that it gives what the model gives.

        Raises
        ------
        TextSideMissingError
            If the tower is built in another way, or texts cannot be read here.
        """
        tokens = TextTokens.of(clip)
        part: Any = getattr(clip.network, "text", None)
        if part is None:
            part = clip.network
        kind = type(part).__name__
        parts = ("token_embedding", "positional_embedding", "transformer", "ln_final", "attn_mask")
        known = all(getattr(part, each, None) is not None for each in parts)
        pool = getattr(part, "text_pool_type", getattr(part, "pool_type", ""))
        if not known or getattr(part, "cls_emb", None) is not None or pool not in _POOLS:
            raise TextSideMissingError(
                f"{clip.name!r} has the text tower {kind}; tokens are searched in open_clip's CLIP "
                f"and TextTransformer only, where each token sees those before it and the last one "
                f"is read: for this model, rank given texts instead"
            )
        tower = cls(tokens, part, clip.device)
        tower._check(clip)
        return tower

    @torch.inference_mode()
    def embed(self, sequences: Sequence[Ids]) -> Tensor:
        """Embed texts, (texts, embedding): unit vectors, on the model's device.

        Parameters
        ----------
        sequences : sequence of tuple of int
            Texts' tokens without those that begin and end a text.
        """
        found = []
        for start in range(0, len(sequences), _CHUNK):
            ids = self.tokens.batch(sequences[start : start + _CHUNK]).to(self.device)
            found.append(self._run(ids, self.part.token_embedding(ids)))
        return torch.cat(found)

    def gradients(self, sequences: Sequence[Ids], directions: Tensor) -> Tensor:
        """Tell how each token at each place would change a text's score, to first order.

        Parameters
        ----------
        sequences : sequence of tuple of int
        directions : Tensor of float32, (texts, embedding)
            Of each text its own; its score is the product with the text's unit embedding.

        Returns
        -------
        Tensor of float32, (texts, longest, n_tokens)
            The score's gradient on one-hot tokens; places after a text's end hold 0. Only
            differences at one place mean something.

        References
        ----------
        Ebrahimi et al., "HotFlip: white-box adversarial examples for text classification", ACL
        2018.
        """
        ids = self.tokens.batch(sequences).to(self.device)
        with torch.enable_grad():
            inputs = self.part.token_embedding(ids).detach().requires_grad_()
            scores = (self._run(ids, inputs) * directions.to(self.device)).sum()
            (slope,) = torch.autograd.grad(scores, inputs)
        table = self.part.token_embedding.weight[: self.tokens.n_tokens].detach()
        places = torch.arange(ids.shape[1] - 2, device=self.device)
        ends = torch.tensor([len(each) for each in sequences], device=self.device)
        slope = slope[:, 1:-1].masked_fill((places >= ends[:, None])[..., None], 0)
        found: Tensor = slope @ table.T
        return found

    def _run(self, ids: Tensor, inputs: Tensor) -> Tensor:
        """Go through the tower with texts that are cut after the longest: later places see more."""
        part, length = self.part, ids.shape[1]
        states = inputs + part.positional_embedding[:length]
        states = part.transformer(states, attn_mask=part.attn_mask[:length, :length])
        ends = (ids == self.tokens.end).int().argmax(1)
        pooled = part.ln_final(states)[torch.arange(len(ids), device=ids.device), ends]
        projection = part.text_projection
        if isinstance(projection, torch.nn.Linear):
            pooled = projection(pooled)
        elif projection is not None:
            pooled = pooled @ projection
        return functional.normalize(pooled, dim=1)

    def _check(self, clip: Clip) -> None:
        """Refuse a tower whose embeddings are others than the model's own."""
        texts = ("dog", "a dog", "the word dog")
        own = functional.normalize(clip.embed_texts(texts).float(), dim=1)
        ours = self.embed([self.tokens.ids(text) for text in texts])
        off = float((own - ours).abs().max())
        if off > _NEAR:
            raise TextSideMissingError(
                f"{clip.name!r}: its text tower {type(self.part).__name__} does more than is known "
                f"here (embeddings differ by {off:.2g}), so that tokens cannot be searched in it; "
                f"rank given texts instead"
            )
