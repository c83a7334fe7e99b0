"""How natural is a text to a causal language model that a user names?"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.errors import ModelNotFoundError, OptionError
from neurons.network.text_tokens import Ids, TextTokens


@dataclass(frozen=True, eq=False)
class LanguageModelPrior:
    """A causal language model of the package transformers, as a prior of texts.

    Its tokens are others than the CLIP's, so that it judges texts and proposes no tokens: the
    search then has the gradient only.

    Parameters
    ----------
    name : str
    tokens : TextTokens
        Of the CLIP, to write its tokens down as texts.
    tokenizer, model : object
    """

    name: str
    tokens: TextTokens
    tokenizer: Any
    model: Any

    @torch.inference_mode()
    def cross_entropy(self, sequences: Sequence[Ids]) -> NDArray[np.float64]:
        """Give the mean of -log p per token of the language model, in nats, the end counted in."""
        return np.array([self._of_text(self.tokens.text(ids)) for ids in sequences])

    def likely(self, context: Ids, n: int) -> Ids:
        """Propose nothing."""
        return ()

    def _of_text(self, text: str) -> float:
        edge = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        first = edge[0] if edge[0] is not None else edge[1]
        ids = [first, *self.tokenizer.encode(text, add_special_tokens=False), edge[1]]
        found = torch.tensor([ids], device=self.model.device)
        logits = self.model(found).logits[0, :-1].float()
        return float(torch.nn.functional.cross_entropy(logits, found[0, 1:]))


def language_model(name: str, tokens: TextTokens) -> LanguageModelPrior:
    """Load a causal language model.

    Parameters
    ----------
    name : str
        As transformers takes it: a folder, or a name of the hub, such as ``gpt2``.
    tokens : TextTokens

    Raises
    ------
    OptionError
        If the package transformers is not installed, or the model has no token that ends a text.
    ModelNotFoundError
        If there is no such model.
    """
    if importlib.util.find_spec("transformers") is None:
        raise OptionError(
            f"the language model {name!r} needs the package transformers, which is not installed: "
            f"`pip install transformers`; captions, or the ranks of the tokenizer's merges, say "
            f"how natural texts are without it"
        )
    transformers = importlib.import_module("transformers")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        model = transformers.AutoModelForCausalLM.from_pretrained(name).eval()
    except (OSError, ValueError) as error:
        raise ModelNotFoundError(
            f"no language model {name!r}: {str(error).strip().splitlines()[0]}"
        ) from None
    if tokenizer.eos_token_id is None:
        raise OptionError(f"the language model {name!r} has no token that ends a text")
    return LanguageModelPrior(name, tokens, tokenizer, model)
