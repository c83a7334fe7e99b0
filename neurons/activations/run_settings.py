"""What do a new run's numbers depend on? The model, the images, the settings and the versions."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
import torch
from torch import Tensor

from neurons.activations.dictionary_told import told_dictionaries
from neurons.activations.run_format import LayerSpec, RunSpec
from neurons.data.decoding import quiet_decoders
from neurons.data.images import ImageSet
from neurons.data.loading import load_batch, threads_per_batch
from neurons.network.clip import Clip
from neurons.network.dictionary_layer import DictionaryLayer
from neurons.network.hooks import find_module
from neurons.network.inference import Precision
from neurons.network.layers import Layer, find_layers
from neurons.network.receptive_field import N_IMAGES, effective_field


def run_spec(
    clip: Clip,
    images: ImageSet,
    layers: Sequence[Layer],
    *,
    precision: Precision,
    dtype: str,
    batch_size: int,
    shard_size: int,
    embeddings: bool,
    content_hash: bool,
) -> RunSpec:
    """Fix everything that a run's numbers depend on; equal specs give equal stores.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    layers : sequence of Layer
    precision, dtype, batch_size, shard_size, embeddings, content_hash
        As `scan` takes them.

    Returns
    -------
    RunSpec
    """
    shown = spread_pixels(clip, images, N_IMAGES)
    told = told_dictionaries(clip)
    return RunSpec(
        n_images=len(images),
        layers=tuple(_layer_spec(clip, layer, shown) for layer in layers),
        embedding_size=_embedding_size(clip) if embeddings else 0,
        shard_size=shard_size,
        dtype=dtype,
        content_hash=content_hash,
        provenance={
            "model": clip.provenance(),
            "images": images.provenance(),
            **({"dictionaries": told} if told else {}),
            "precision": precision.name,
            "batch_size": batch_size,
            "device": clip.device.type,
            **_processor(clip.device),
            "versions": _versions(),
            "where": {
                "images": images.location,
                "label_column": images.label_column,
                **({"taken": [vars(each) for each in images.taken]} if images.taken else {}),
            },
        },
    )


def _embedding_size(clip: Clip) -> int:
    return int(clip.embed_images(clip.preprocess.empty_batch(1)).shape[1])


def spread_pixels(clip: Clip, images: ImageSet, n: int) -> Tensor:
    """Read a few images, evenly spread over the set; fewer where some are bad.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
    n : int
        How many.

    Returns
    -------
    Tensor of uint8, (images, 3, H, W)
    """
    rows = np.unique(np.linspace(0, len(images) - 1, n).round().astype(int)).tolist()
    with quiet_decoders():
        batch = load_batch(clip.preprocess, images, rows, batch_size=len(rows))
    return batch.pixels[[i for i, row in enumerate(rows) if row not in batch.bad]]


def _layer_spec(clip: Clip, layer: Layer, shown: Tensor) -> LayerSpec:
    # features depend on what the layer that they are read from depends on
    features = isinstance(find_module(clip.network, layer.path), DictionaryLayer)
    (of,) = find_layers(clip, [layer.path.rpartition(".")[0]]) if features else (layer,)
    field_box = effective_field(clip, of, shown)
    return LayerSpec(
        path=layer.path,
        kind=layer.kind,
        units=layer.units,
        height=layer.layout.height,
        width=layer.layout.width,
        class_token=layer.layout.prefix > 0,
        field=(field_box.left, field_box.top, field_box.right, field_box.bottom),
    )


def _processor(device: torch.device) -> dict[str, object]:
    """Tell what else the last bits depend on, on a CPU: its instructions, and threads per batch."""
    if device.type != "cpu":
        return {}
    return {
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads_per_batch": threads_per_batch(device),
    }


def _versions() -> dict[str, str]:
    names = ("multimodal-neurons", "torch", "torchvision", "open_clip_torch", "pillow", "numpy")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
