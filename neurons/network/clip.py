"""Which CLIP is it, with which weights, on which device?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from neurons.data.preprocess import Preprocess
from neurons.errors import OptionError
from neurons.network.building import build, first_line, preprocess_of, tokenizer_of
from neurons.network.model_names import parse_name
from neurons.network.text_side import NoText, check_text
from neurons.results.shown import one_line, small_table


@dataclass(frozen=True, eq=False, repr=False)
class Clip:
    """A CLIP model, as open_clip builds it: fp32, in eval mode, weights frozen.

    Parameters
    ----------
    name : str
        As the user wrote it; ``load(name)`` gives the same model.
    network : nn.Module
        open_clip's model; ``network.visual`` is the image tower.
    preprocess : Preprocess
    device : torch.device
    weights_sha256 : str
        Of every parameter and buffer in the order of their names, so that it does not depend on
        the file that they came in.
    """

    name: str
    network: nn.Module
    preprocess: Preprocess
    device: torch.device
    weights_sha256: str

    @cached_property
    def tokenizer(self) -> Callable[[Sequence[str]], Tensor]:
        """open_clip's tokenizer of this model: texts to (texts, context length) token ids.

        Raises
        ------
        TextSideMissingError
            If texts need a package that is not installed, or files that cannot be fetched.
        """
        check_text(self.network)
        model, _ = parse_name(self.name)
        return tokenizer_of(model)

    @torch.inference_mode()
    def embed_images(self, batch: Tensor) -> Tensor:
        """Embed images, not normalised.

        Parameters
        ----------
        batch : Tensor of uint8, (batch, 3, H, W)
            At the network's input size; see `Preprocess`.

        Returns
        -------
        Tensor of float32, (batch, embedding)
        """
        embedded: Tensor = self.network.encode_image(  # type: ignore[operator]
            self.preprocess.normalise(batch.to(self.device))
        )
        return embedded

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Embed texts, not normalised: float32 (texts, embedding).

        Raises
        ------
        TextSideMissingError
            As `tokenizer`.
        """
        tokens = self.tokenizer(texts).to(self.device)
        embedded: Tensor = self.network.encode_text(tokens)  # type: ignore[operator]
        return embedded

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give what tells this model from others, name by name."""
        height, width = self.preprocess.size
        without_text = isinstance(getattr(self.network, "text", None), NoText)
        return (
            ("input", f"{height} x {width} px"),
            ("device", str(self.device)),
            ("weights", self.weights_sha256[:12]),
            *((("texts", "not loaded"),) if without_text else ()),
        )

    def __repr__(self) -> str:
        return one_line("Clip", self.name, self.facts())

    def _repr_html_(self) -> str:
        return small_table("Clip", self.name, self.facts())

    def provenance(self) -> dict[str, object]:
        """Tell which model this is: equal for equal weights and preprocessing."""
        return {
            "name": self.name,
            "weights_sha256": self.weights_sha256,
            "preprocess": self.preprocess.provenance(),
        }


def load(name: str, *, device: str | torch.device | None = None) -> Clip:
    """Load a model by name.

    Parameters
    ----------
    name : str
        ``MODEL/TAG`` with an open_clip name and pretrained tag (``RN50x4/openai``; fetched from
        the hub on first use), ``MODEL//path/to/weights``, ``local-dir:PATH``,
        ``hf-hub:OWNER/NAME``, ``miniature`` (the toolkit's own, in the package) or
        ``MODEL/untrained`` (random weights from seed 0, a control for any finding).
    device : str or torch.device, optional
        Default: a GPU where there is one.

    Returns
    -------
    Clip

    Raises
    ------
    ModelNotFoundError
        If there is no such model, tag or folder, or the folder holds no weights.
    OptionError
        If there is no such device.

    Notes
    -----
    A pretrained tag that was trained with QuickGELU gets QuickGELU; open_clip itself only warns.
    """
    chosen = _device(device)
    network = build(name).to(chosen).eval().requires_grad_(False)
    return Clip(name, network, preprocess_of(network), chosen, _hash(network))


def _device(asked: str | torch.device | None) -> torch.device:
    if asked is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise OptionError(f"no device {str(asked)!r} here: {first_line(error)}") from None
    return device


def _hash(network: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        flat = tensor.detach().cpu().contiguous().view(-1)
        digest.update(f"{name}\0{tuple(tensor.shape)}\0{tensor.dtype}\0".encode())
        digest.update(flat.view(torch.uint8).numpy())
    return digest.hexdigest()
