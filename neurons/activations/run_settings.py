"""What do a new run's numbers depend on? The model, the images, the settings and the versions."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version

import torch

from neurons.activations.run_format import LayerSpec, RunSpec
from neurons.data.images import ImageSet
from neurons.data.loading import threads_per_batch
from neurons.network.clip import Clip
from neurons.network.inference import Precision
from neurons.network.layers import Layer
from neurons.network.receptive_field import effective_field


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
    return RunSpec(
        n_images=len(images),
        layers=tuple(_layer_spec(clip, layer) for layer in layers),
        embedding_size=_embedding_size(clip) if embeddings else 0,
        shard_size=shard_size,
        dtype=dtype,
        content_hash=content_hash,
        provenance={
            "model": clip.provenance(),
            "images": images.provenance(),
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


def _layer_spec(clip: Clip, layer: Layer) -> LayerSpec:
    field_box = effective_field(clip, layer)
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
