"""How does open_clip build a network: quietly, and with nothing but the weights asked for?"""

from __future__ import annotations

import contextlib
import json
import logging
import pickle
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import open_clip
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from neurons.data.preprocess import Preprocess
from neurons.errors import ModelNotFoundError, TextSideMissingError
from neurons.network.model_names import UNTRAINED, WEIGHTS, check_name, parse_name
from neurons.network.text_side import (
    PLACEHOLDER,
    NoText,
    why_no_text_tower,
    without_package,
)


def build(name: str) -> nn.Module:
    """Build the network that a name stands for, on the CPU.

    Where its text tower cannot be built (`text_side` says when), a `NoText` stands in its place.

    Raises
    ------
    ModelNotFoundError
        If there is no such model, tag or folder, or its weights cannot be read.
    """
    model, tag = parse_name(name)
    check_name(model, tag)
    with _quiet_open_clip():
        try:
            why = why_no_text_tower(name, open_clip.get_model_config(model) or {})
            if why is not None:
                return _without_text(model, tag, why)
            return random_network(model) if tag == UNTRAINED else _create(model, tag)
        except (pickle.UnpicklingError, SafetensorError) as error:
            raise ModelNotFoundError(
                f"{name!r}: the weights' file is damaged or holds more than weights "
                f"({first_line(error)}); convert it to safetensors where it comes from"
            ) from None
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, AssertionError) as error:
            raise ModelNotFoundError(f"cannot load {name!r}: {first_line(error)}") from None


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

    Raises
    ------
    TextSideMissingError
        If it needs a package that is not installed, or files that cannot be fetched.
    """
    beside: dict[str, str] = {}
    if name.startswith("local-dir:"):
        folder = Path(name.removeprefix("local-dir:"))
        config = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))
        settings = config["model_cfg"].get("text_cfg", {}).get("tokenizer_kwargs", {})
        if "bpe_path" in settings:
            beside["bpe_path"] = str(folder / settings["bpe_path"])
    with _quiet_open_clip():
        try:
            tokenizer: Callable[[Sequence[str]], Tensor] = open_clip.get_tokenizer(name, **beside)
        except ImportError:
            raise TextSideMissingError(without_package(name)) from None
        except (OSError, ValueError) as error:
            raise TextSideMissingError(
                f"{name!r}: its tokenizer cannot be loaded ({first_line(error)}); one that comes "
                f"from the hub is kept once it was fetched, and images work without it"
            ) from None
    return tokenizer


def imagenet_templates() -> tuple[str, ...]:
    """Give OpenAI's 80 prompt templates for ImageNet, each with one ``{}``."""
    return tuple(template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES)


def preprocess_of(network: nn.Module) -> Preprocess:
    """Tell how open_clip prepares images for a network that it built."""
    config = network.visual.preprocess_cfg  # type: ignore[union-attr]
    size = config["size"]  # type: ignore[index]
    # open_clip takes a list for a number where it asks for height and width
    config = {**config, "size": tuple(size) if isinstance(size, list) else size}  # type: ignore[dict-item]
    settings = open_clip.transform.PreprocessCfg(**config)
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


def first_line(error: BaseException) -> str:
    """Give the first line of an error's text, or its kind."""
    text = str(error).strip() or type(error).__name__
    # torch goes on to explain how to load an untrusted pickle after all
    return text.splitlines()[0].split(" This file can still be loaded")[0]


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


def _without_text(model: str, tag: str | None, why: str) -> nn.Module:
    """Build a model with `NoText` for its text tower, and load the weights of all the rest."""
    trained = None if tag == UNTRAINED else tag
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network: nn.Module = open_clip.create_model(
            model,
            pretrained=trained,
            force_quick_gelu=_needs_quick_gelu(model, trained),
            pretrained_image=False,
            pretrained_text=False,
            load_weights=False,
            text_cfg=PLACEHOLDER,
        )
    if tag != UNTRAINED:
        weights = _weights_file(model, tag)
        keys = open_clip.load_checkpoint(network, weights, strict=False, weights_only=True)
        wrong = [key for part in keys for key in part if not key.startswith("text.")]
        if wrong:
            raise RuntimeError(f"the weights lack or add {', '.join(wrong[:3])}")
    network.text = NoText(why)
    return network


def _weights_file(model: str, tag: str | None) -> str:
    kind, _, place = model.partition(":")
    if kind == "local-dir":
        found = [file for file in Path(place).iterdir() if file.suffix in WEIGHTS]
        # safetensors before a pickle, and open_clip's own name before others
        return str(min(found, key=lambda f: (WEIGHTS.index(f.suffix), "open_clip" not in f.name)))
    if kind == "hf-hub":
        return str(open_clip.pretrained.download_pretrained_from_hf(place))
    config = open_clip.get_pretrained_cfg(model, tag)
    return str(open_clip.download_pretrained(config)) if config else str(tag)


def _needs_quick_gelu(model: str, tag: str | None) -> bool:
    config = open_clip.get_pretrained_cfg(model, tag) if tag else {}
    return bool(config and config.get("quick_gelu", False))


@contextlib.contextmanager
def _quiet_open_clip() -> Iterator[None]:
    # it logs each step, and repeats as ERROR what it then raises; so does the hub's client
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
