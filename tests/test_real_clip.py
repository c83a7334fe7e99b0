"""On a real small CLIP, a run's numbers are open_clip's and its embeddings know what they see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

import neurons
from neurons import Activations, Clip, Neuron
from tests.conftest import LAYER, shared


@pytest.fixture(scope="module")
def clip() -> Clip:
    return neurons.load(f"local-dir:{shared('models/tinyimagenet-clip')}", device="cpu")


def test_a_runs_embeddings_classify_as_well_as_the_model_is_known_to(
    clip: Clip, tmp_path: Path
) -> None:
    images = neurons.images(shared("data/tiny-imagenet/validation.parquet"))
    summary = neurons.scan(clip, images, [LAYER], tmp_path / "run")
    assert (summary.n_scanned, summary.n_skipped) == (2000, 0)
    run = Activations.open(tmp_path / "run", clip=clip, images=images)
    texts = clip.embed_texts([f"a photo of a {name}" for name in images.class_names]).numpy()
    scores = run.embeddings[:] @ (texts / np.linalg.norm(texts, axis=1, keepdims=True)).T
    accuracy = (scores.argmax(1) == images.require_labels()).mean()
    # 0.40 is what its makers measured; chance is 0.005
    assert accuracy == pytest.approx(0.40, abs=0.03)


def test_exact_numbers_from_photographs_are_open_clips(clip: Clip, tmp_path: Path) -> None:
    folder = shared("data/imagenet-samples")
    paths = sorted(folder.glob("*.jpg"))[:48]
    neurons.scan(clip, neurons.images(paths), [LAYER], tmp_path / "run")
    network, _, transform = open_clip.create_model_and_transforms(clip.name)
    kept: list[torch.Tensor] = []
    network.eval().visual.layer4.register_forward_hook(lambda m, i, o: kept.append(o.clone()))
    with torch.inference_mode():
        embedded = network.encode_image(torch.stack([transform(Image.open(p)) for p in paths]))
    run = Activations.open(tmp_path / "run")
    for found, expected in (
        (run.array(LAYER, "peak")[:], kept[0].amax((2, 3)).numpy()),
        (run.array(LAYER, "mean")[:], kept[0].mean((2, 3)).numpy()),
        (run.embeddings[:], embedded.numpy()),
    ):
        assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
    assert run.peak(Neuron(LAYER, 89)).shape == (48,)
