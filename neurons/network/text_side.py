"""Can texts be embedded, and if not, what is missing?"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from neurons.errors import TextSideMissingError

# a text tower that is built in no time, and replaced by `NoText`; CoCa's decoder, which stays,
# depends on the number of words, so that this is open_clip's own
PLACEHOLDER: dict[str, object] = {"context_length": 4, "width": 4, "heads": 1, "layers": 1}


class NoText(nn.Module):
    """Stands where a text tower could not be built.

    Parameters
    ----------
    why : str
        What is missing, and how to mend it.
    """

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why

    def forward(self, *inputs: Tensor) -> Tensor:
        """Raise TextSideMissingError."""
        raise TextSideMissingError(self.why)


def why_no_text_tower(name: str, config: Mapping[str, Any]) -> str | None:
    """Say why the text tower of a model cannot be built; None if it can be.

    Parameters
    ----------
    name : str
        The model's, for the message.
    config : mapping
        open_clip's, of the whole model.

    Notes
    -----
    open_clip takes some text towers from the package transformers, with a configuration from the
    hub: roberta, xlm-roberta, nllb and mt5. All others it builds itself.
    """
    tower = config.get("text_cfg", {}).get("hf_model_name")
    if not tower:
        return None
    if importlib.util.find_spec("transformers") is None:
        return without_package(name)
    try:
        importlib.import_module("transformers").AutoConfig.from_pretrained(tower)
    except (OSError, ValueError) as error:
        return (
            f"{name!r} takes its text tower's settings, {tower!r}, from the hub, which cannot be "
            f"done: {str(error).strip().splitlines()[0]}; they are kept once they were fetched, "
            f"and images work without them"
        )
    return None


def without_package(name: str) -> str:
    """Say that a model's texts need a package that is not installed, and how to mend that."""
    return (
        f"{name!r} needs the package transformers for texts, which is not installed: "
        f"`pip install transformers`; images work without it"
    )


def check_text(network: nn.Module) -> None:
    """Raise TextSideMissingError if a network was built without its text tower."""
    text = getattr(network, "text", None)
    if isinstance(text, NoText):
        raise TextSideMissingError(text.why)
