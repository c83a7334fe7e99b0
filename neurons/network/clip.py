"""Which CLIP is it, and where do its weights come from? The only door to open_clip."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import logging
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import open_clip
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from neurons.data.preprocess import Preprocess
from neurons.errors import ModelNotFoundError, OptionError

UNTRAINED = "untrained"
# the toolkit's own small CLIP; its weights lie in the package
MINIATURE = "miniature"
_MINIATURE_FOLDER = Path(__file__).parents[1] / "miniature" / "weights"


@dataclass(frozen=True, eq=False)
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
    network: nn.Module = field(repr=False)
    preprocess: Preprocess
    device: torch.device
    weights_sha256: str

    @cached_property
    def tokenizer(self) -> Callable[[Sequence[str]], Tensor]:
        """open_clip's tokenizer of this model: texts to (texts, context length) token ids."""
        model, _ = _split(self.name)
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
        """Embed texts, not normalised: float32 (texts, embedding)."""
        tokens = self.tokenizer(texts).to(self.device)
        embedded: Tensor = self.network.encode_text(tokens)  # type: ignore[operator]
        return embedded

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
        the hub on first use), ``MODEL//path/to/weights``, ``local-dir:PATH``, ``hf-hub:OWNER/NAME``
        ``miniature`` (the toolkit's own, in the package) or ``MODEL/untrained`` (random weights
        from seed 0, a control for any finding).
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
    network = _build(name).to(chosen).eval().requires_grad_(False)
    return Clip(name, network, preprocess_of(network), chosen, _hash(network))


def random_network(name: str, *, seed: int = 0) -> nn.Module:
    """Build a model's network with random weights, ready to be trained.

    Parameters
    ----------
    name : str
        An open_clip architecture, or ``local-dir:PATH`` of a folder with open_clip_config.json.
    seed : int

    Returns
    -------
    nn.Module
        open_clip's model, on the CPU, in training mode.
    """
    with _quiet_open_clip(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: nn.Module = open_clip.create_model(
            name, pretrained_image=False, pretrained_text=False, load_weights=False
        )
    return network.train()


def tokenizer_of(name: str) -> Callable[[Sequence[str]], Tensor]:
    """Give the tokenizer of an open_clip architecture, ``local-dir:PATH`` or ``hf-hub:`` model.

    A ``bpe_path`` in a folder's config is taken as lying beside it; open_clip itself would look
    for it where the program was started.
    """
    beside: dict[str, str] = {}
    if name.startswith("local-dir:"):
        folder = Path(name.removeprefix("local-dir:"))
        config = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))
        settings = config["model_cfg"].get("text_cfg", {}).get("tokenizer_kwargs", {})
        if "bpe_path" in settings:
            beside["bpe_path"] = str(folder / settings["bpe_path"])
    with _quiet_open_clip():
        tokenizer: Callable[[Sequence[str]], Tensor] = open_clip.get_tokenizer(name, **beside)
    return tokenizer


def _device(asked: str | torch.device | None) -> torch.device:
    if asked is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise OptionError(f"no device {str(asked)!r} here: {_first_line(error)}") from None
    return device


def available() -> list[tuple[str, tuple[str, ...]]]:
    """List every model that open_clip can build, with its pretrained tags."""
    tags: dict[str, list[str]] = {model: [] for model in open_clip.list_models()}
    for model, tag in open_clip.list_pretrained():
        tags.setdefault(model, []).append(tag)
    return [(model, tuple(found)) for model, found in sorted(tags.items())]


def imagenet_templates() -> tuple[str, ...]:
    """Give OpenAI's 80 prompt templates for ImageNet, each with one ``{}``."""
    return tuple(template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES)


def _split(name: str) -> tuple[str, str | None]:
    if name.startswith(("local-dir:", "hf-hub:")):
        return name, None
    model, _, tag = name.partition("/")
    if model == MINIATURE:
        model = f"local-dir:{_MINIATURE_FOLDER}"
    return model, tag or None


def _build(name: str) -> nn.Module:
    model, tag = _split(name)
    if model.startswith("local-dir:"):
        _check_folder(Path(model.removeprefix("local-dir:")))
    elif not model.startswith("hf-hub:"):
        _check_name(model, tag)
    with _quiet_open_clip():
        try:
            return random_network(model) if tag == UNTRAINED else _create(model, tag)
        except (pickle.UnpicklingError, SafetensorError) as error:
            raise ModelNotFoundError(
                f"{name!r}: the weights' file is damaged or holds more than weights "
                f"({_first_line(error)}); convert it to safetensors where it comes from"
            ) from None
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise ModelNotFoundError(f"cannot load {name!r}: {_first_line(error)}") from None


def _create(model: str, tag: str | None) -> nn.Module:
    network: nn.Module = open_clip.create_model(
        model,
        pretrained=tag,
        force_quick_gelu=_needs_quick_gelu(model, tag),
        # nothing but the asked weights: no hub look-up for a tower, no silent random network
        pretrained_image=False,
        pretrained_text=False,
        require_pretrained=tag is not None or ":" in model,
        weights_only=True,
    )
    return network


def _needs_quick_gelu(model: str, tag: str | None) -> bool:
    config = open_clip.get_pretrained_cfg(model, tag) if tag else {}
    return bool(config and config.get("quick_gelu", False))


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelNotFoundError(f"no folder {str(folder)!r} for local-dir:")
    if not (folder / "open_clip_config.json").is_file():
        raise ModelNotFoundError(f"{str(folder)!r} holds no open_clip_config.json")
    if not any(file.suffix in (".safetensors", ".bin", ".pth") for file in folder.iterdir()):
        raise ModelNotFoundError(
            f"{str(folder)!r} holds no weights; put open_clip_model.safetensors beside the config"
        )


def _check_name(model: str, tag: str | None) -> None:
    known = open_clip.list_models()
    if model not in known:
        near = ", ".join(difflib.get_close_matches(model, known, n=3)) or "none"
        raise ModelNotFoundError(f"no model {model!r}; nearest: {near}; see `neurons models`")
    tags = open_clip.list_pretrained_tags_by_model(model)
    if tag is None:
        raise ModelNotFoundError(
            f"{model!r} needs a pretrained tag, such as {model}/{(*tags, UNTRAINED)[0]}; "
            f"it has: {', '.join(tags) or 'none'}"
        )
    if tag not in (*tags, UNTRAINED) and not Path(tag).is_file():
        raise ModelNotFoundError(f"{model!r} has no tag {tag!r}; it has: {', '.join(tags)}")


def preprocess_of(network: nn.Module) -> Preprocess:
    """Tell how open_clip prepares images for a network that it built."""
    config = network.visual.preprocess_cfg  # type: ignore[union-attr]
    settings = open_clip.transform.PreprocessCfg(**config)  # type: ignore[arg-type]
    transform = open_clip.transform.image_transform_v2(settings, is_train=False)
    geometric = [
        step
        for step in transform.transforms
        if type(step).__name__ not in ("MaybeConvertMode", "MaybeToTensor", "Normalize")
    ]
    height, width = settings.input_size[-2:]
    return Preprocess(
        size=(height, width),
        mean=tuple(settings.mean),
        std=tuple(settings.std),
        interpolation=settings.interpolation,
        resize_mode=settings.resize_mode,
        fill_color=settings.fill_color,
        resize=type(transform)(geometric),
    )


def _hash(network: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        flat = tensor.detach().cpu().contiguous().view(-1)
        digest.update(f"{name}\0{tuple(tensor.shape)}\0{tensor.dtype}\0".encode())
        digest.update(flat.view(torch.uint8).numpy())
    return digest.hexdigest()


@contextlib.contextmanager
def _quiet_open_clip() -> Iterator[None]:
    # it logs each step, and repeats as ERROR what it then raises; so does the hub's client
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    # torch goes on to explain how to load an untrusted pickle after all
    return text.splitlines()[0].split(" This file can still be loaded")[0]


def short_name(model: str) -> str:
    """Give a model's name as a title: of a folder, its last part."""
    return Path(model).name if model.startswith("local-dir:") else model
