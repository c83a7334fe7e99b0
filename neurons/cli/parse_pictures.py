"""What did a user ask pictures of, and made how? Strings become objectives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from neurons.address import Neuron
from neurons.data.images import images
from neurons.data.loading import load_batch
from neurons.errors import AddressError, OptionError
from neurons.network.clip import Clip
from neurons.network.layers import find_layers
from neurons.visualization.objectives import Objective, channel
from neurons.visualization.parameterisation import (
    Parameterisation,
    fourier,
    maco,
    natural_spectrum,
    pixels,
)
from neurons.visualization.ready_made import between, towards, walk
from neurons.visualization.transforms import TRANSFORMS, Transform

_FORMS = "LAYER:UNIT, text:A SENTENCE, image:FILE, random:SEED or walk:A|B"


def parse_picture_targets(
    clip: Clip,
    texts: Sequence[str],
    *,
    every: bool = False,
    stops: int = 5,
    negative: bool = False,
) -> list[Objective]:
    """Read what pictures are asked of.

    Parameters
    ----------
    clip : Clip
    texts : sequence of str
        ``LAYER:UNIT``, ``text:A SENTENCE``, ``image:FILE``, ``random:SEED`` (a random direction of
        the joint space), ``walk:A|B|C`` (between sentences, or between two units); with ``every``,
        also a layer's path.
    every : bool
        A layer's path stands for all of its units.
    stops : int >= 2
        Pictures along a walk.
    negative : bool
        Minus each.

    Raises
    ------
    AddressError, LayerNotFoundError, ImagesNotFoundError, OptionError
        If a text is none of these.
    """
    found = [objective for text in texts for objective in _read(clip, text, every, stops)]
    return [(-objective).named(f"-{objective.name}") for objective in found] if negative else found


def parse_paint(text: str, size_px: int) -> Parameterisation:
    """Find a parameterisation: fourier, alpha, pixels, maco, or ``maco:IMAGES``.

    Raises
    ------
    OptionError
        If there is none of that name.
    """
    if text.startswith("maco:"):
        source = text.removeprefix("maco:")
        shown = images(source)
        spectrum = natural_spectrum(shown, size_px=size_px)
        return maco(spectrum, name=str(shown.provenance()["fingerprint"]))
    named = {"fourier": fourier(), "alpha": fourier(alpha=True), "pixels": pixels(), "maco": maco()}
    if text not in named:
        raise OptionError(
            f"no parameterisation {text!r}; there are: {', '.join(named)}, maco:IMAGES"
        )
    return named[text]


def parse_transforms(text: str) -> Transform:
    """Find robustness transforms by their source.

    Raises
    ------
    OptionError
        If there are none of that name.
    """
    if text not in TRANSFORMS:
        raise OptionError(f"no transforms {text!r}; there are: {', '.join(TRANSFORMS)}")
    return TRANSFORMS[text]


def _read(clip: Clip, text: str, every: bool, stops: int) -> list[Objective]:
    kind, _, rest = text.partition(":")
    if kind == "text" and rest:
        return [towards(_sentence(clip, rest), name=text)]
    if kind == "image" and rest:
        return [towards(_picture(clip, rest), name=text)]
    if kind == "random" and rest.isdecimal():
        return [towards(_random(clip, int(rest)), name=text)]
    if kind == "walk" and rest:
        return _walk(clip, [part.strip() for part in rest.split("|")], stops)
    if every and ":" not in text:
        (layer,) = find_layers(clip, [text])
        return [channel(Neuron(layer.path, unit)) for unit in range(layer.units)]
    try:
        return [channel(Neuron.parse(text))]
    except AddressError:
        hint = "; for all units of a layer add --all" if ":" not in text else ""
        raise AddressError(
            f"{text!r} is nothing to make pictures of; write {_FORMS}{hint}"
        ) from None


def _walk(clip: Clip, parts: Sequence[str], stops: int) -> list[Objective]:
    units = [re.fullmatch(r"[A-Za-z_][\w.]*:\d+", part) is not None for part in parts]
    if any(units):
        if not all(units) or len(parts) != 2:
            raise OptionError(f"a walk between units has two of them; given: {', '.join(parts)}")
        first, second = (channel(Neuron.parse(part)) for part in parts)
        return between(first, second, stops)
    points = [_sentence(clip, part) for part in parts]
    return walk(points, stops, names=[f"text:{part}" for part in parts])


def _sentence(clip: Clip, text: str) -> Tensor:
    return clip.embed_texts([text])[0].clone()


def _picture(clip: Clip, path: str) -> Tensor:
    shown = images([Path(path)])
    batch = load_batch(clip.preprocess, shown, [0], batch_size=1, strict=True)
    return clip.embed_images(batch.pixels)[0].clone()


def _random(clip: Clip, seed: int) -> Tensor:
    size = clip.embed_texts(["a"]).shape[1]
    return torch.randn(size, generator=torch.Generator().manual_seed(seed)).to(clip.device)
