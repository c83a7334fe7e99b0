"""How is one image followed through a network: what is computed of each of its stages?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.activations.stage_reference import LayerReference
from neurons.activations.surprise import surprise
from neurons.address import Neuron
from neurons.data.decoding import Pixels
from neurons.data.overlay import magnified, overlaid
from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.network.hooks import watch
from neurons.network.layers import Layer
from neurons.network.pooling import copy
from neurons.readouts.readout import ZeroShot, shares
from neurons.visualization.inversion import Inverse, InversionSettings, invert, layer_errors
from neurons.visualization.inversion_kept import kept
from neurons.visualization.stage_views import (
    ChannelMap,
    InverseView,
    LensView,
    Surprised,
)

# noise that an image is inverted from, side by side
SEEDS = 2
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class SeenImage:
    """An image as the network takes it, and what its layers and its end make of it.

    Parameters
    ----------
    name : str
    pixels : Tensor of uint8, (3, H, W)
    embedding : ndarray of float32, (embedding,)
    maps : mapping of str to ndarray of float32, (units, height, width)
        By the layer's path.
    tokens : mapping of str to ndarray of float32, (units,)
        Of layers with a class token.
    """

    name: str
    pixels: Tensor = field(repr=False)
    embedding: NDArray[np.float32] = field(repr=False)
    maps: Mapping[str, NDArray[np.float32]] = field(repr=False)
    tokens: Mapping[str, NDArray[np.float32]] = field(repr=False)

    @property
    def shown(self) -> Pixels:
        """Its pixels, (H, W, 3)."""
        return np.ascontiguousarray(self.pixels.permute(1, 2, 0).numpy())

    @property
    def blank(self) -> bool:
        """Whether all pixels are equal."""
        return bool((self.pixels == self.pixels[:, :1, :1]).all())

    def pooled(self, layer: str) -> NDArray[np.float32]:
        """Give a layer's means over the map, and its class token after them if there is one."""
        means = self.maps[layer].mean((1, 2))
        return np.concatenate([means, self.tokens[layer]]) if layer in self.tokens else means


def seen_image(clip: Clip, layers: tuple[Layer, ...], name: str, pixels: Tensor) -> SeenImage:
    """Show an image to a network, and keep what some layers give.

    Parameters
    ----------
    clip : Clip
    layers : tuple of Layer
    name : str
    pixels : Tensor of uint8, (3, H, W)
    """
    with watch(clip.network, [layer.path for layer in layers], reduce=copy) as outputs:
        embedding = clip.embed_images(pixels[None]).flatten(1)[0]
    maps, tokens = {}, {}
    for layer in layers:
        output = outputs[layer.path]
        maps[layer.path] = layer.layout.maps(output)[0].float().cpu().numpy()
        token = layer.layout.class_token(output)
        if token is not None:
            tokens[layer.path] = token[0].float().cpu().numpy()
    return SeenImage(name, pixels, embedding.float().cpu().numpy(), maps, tokens)


@dataclass(frozen=True, eq=False)
class FollowedImage:
    """An image, another one beside it, and what answers are read by.

    Parameters
    ----------
    clip : Clip
    readout : ZeroShot
    image : SeenImage
    other : SeenImage or None
    followed : tuple of int
        Classes whose shares are kept.
    """

    clip: Clip
    readout: ZeroShot
    image: SeenImage
    other: SeenImage | None
    followed: tuple[int, ...]

    def answer(self, image: SeenImage) -> int:
        """Give the class that the model answers to an image."""
        return int(self.readout.decision(image.embedding[None])[0].argmax())

    def direction(self) -> NDArray[np.float32]:
        """Give the answer's direction less the mean of all classes'."""
        directions = self.readout.directions
        found: NDArray[np.float32] = directions[self.answer(self.image)] - directions.mean(0)
        return found

    def surprised(self, layer: str, others: LayerReference, count: int) -> Surprised | None:
        """Find the channels that the image surprises; None if all are the same for all images."""
        maps, shown = self.image.maps[layer], self.image.shown
        found = surprise(others, maps.max((1, 2)), maps.mean((1, 2)))
        units = found.first(count)
        if not units:
            return None
        # where a channel lies above what it usually is on average; one scale for the layer
        above = {u: (maps[u] - found.mean[u]) / max(found.spread[u], _TINY) for u in units}
        largest = max(float(np.abs(each).max()) for each in above.values()) or 1.0
        channels = tuple(
            ChannelMap(
                str(Neuron(layer, u)),
                float(found.z[u]),
                float(maps[u].max()),
                "peak" if found.by_peak[u] else "mean",
                thumbnail(overlaid(shown, above[u], largest=largest)) if maps[u].size > 1 else b"",
            )
            for u in units
        )
        return Surprised(channels, found.usual, found.p_value, found.alive)

    def lens_view(self, embedding: NDArray[np.floating]) -> LensView:
        """Say what a lens' embedding, (embedding,), answers beside the model's own."""
        logits = self.readout.decision(np.asarray(embedding, np.float32)[None])
        order = np.argsort(-logits[0], kind="stable")
        own, names = self.answer(self.image), self.readout.class_names
        own_margin = float(logits[0, own] - np.delete(logits[0], own).max())
        lengths = float(np.linalg.norm(embedding) * np.linalg.norm(self.image.embedding))
        return LensView(
            names[order[0]],
            names[order[1]],
            float(logits[0, order[0]] - logits[0, order[1]]),
            own_margin,
            float(embedding @ self.image.embedding) / max(lengths, 1e-30),
            tuple(float(share) for share in shares(logits)[0, list(self.followed)]),
        )

    def inverses(
        self,
        layer: str,
        settings: InversionSettings,
        seed: int,
        step_done: Callable[[int], None],
    ) -> tuple[tuple[InverseView, ...], float, str]:
        """Invert the image by two seeds and the other one by the first of them.

        Returns
        -------
        tuple of InverseView, float, str
            The inverses, the other image's own error (nan without one), and why there are none.
        """
        targets = [self.image] * SEEDS + ([self.other] if self.other else [])
        seeds = [*range(seed, seed + SEEDS), seed][: len(targets)]
        batch = torch.stack([each.pixels for each in targets])
        try:
            made = invert(self.clip, layer, batch, seeds, settings, step_done=step_done)
        except OptionError as error:
            return (), float("nan"), str(error)
        beside = float("nan")
        if self.other is not None:
            others = self.other.pixels[None]
            (beside,) = layer_errors(self.clip, layer, others, self.image.pixels)
        return self._views(targets, seeds, made), beside, ""

    def _views(
        self, targets: list[SeenImage], seeds: list[int], made: list[Inverse]
    ) -> tuple[InverseView, ...]:
        pixels = torch.stack([torch.from_numpy(each.pixels).permute(2, 0, 1) for each in made])
        embedded = self.clip.embed_images(pixels).flatten(1).float().cpu().numpy()
        answers = self.readout.decision(embedded).argmax(1).tolist()
        return tuple(
            InverseView(
                target.name,
                seed,
                thumbnail(magnified(inverse.pixels)),
                inverse.error,
                inverse.start,
                self.readout.class_names[answer],
                answer == self.answer(target),
                kept(inverse.pixels, target.shown),
            )
            for target, seed, inverse, answer in zip(targets, seeds, made, answers, strict=True)
        )
