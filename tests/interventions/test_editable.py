"""An eye sees what the model sees, with units silenced too, and leaves the model alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import neurons
from neurons import Clip, ImageSet, Neuron
from neurons.address import EMBEDDING
from neurons.data.prepared import prepare
from neurons.errors import ImagesNotFoundError, LayerNotFoundError, NeuronNotFoundError, OptionError
from neurons.interventions.editable import open_editable
from neurons.network.hooks import peak, watch
from neurons.network.layers import last_block, stages
from tests.conftest import LAYER, RED, STRIPE

BATCH = torch.randint(
    0, 256, (7, 3, 96, 96), dtype=torch.uint8, generator=torch.Generator().manual_seed(3)
)


def gap(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@pytest.mark.parametrize("edits", [{}, {Neuron(LAYER, RED): 0.0, Neuron("visual.layer2", 4): 1.5}])
def test_an_eye_sees_what_the_edited_model_sees(planted: Clip, edits: dict) -> None:
    with neurons.edit(planted.network, edits), watch(planted.network, [LAYER], reduce=peak) as seen:
        embedded = planted.embed_images(BATCH).numpy()
    with open_editable(planted, [LAYER, "visual.layer2"], batch_size=4) as eye:
        found = eye.respond(BATCH, edits=edits)
        assert gap(found.embeddings, embedded) <= 1e-5
        assert gap(found.peaks[LAYER], seen[LAYER].value.numpy()) <= 1e-5
        assert gap(found.means[LAYER], seen[LAYER].mean.numpy()) <= 1e-5
        if edits:
            assert not found.peaks[LAYER][:, RED].any()
        # no image depends on its neighbours, to the bit
        alone = eye.respond(BATCH[5:6], edits=edits)
        assert np.array_equal(alone.embeddings[0], found.embeddings[5])
    assert not any(module._forward_hooks for module in planted.network.modules())


@pytest.mark.parametrize(("layer", "pooling"), [(LAYER, "peak"), (LAYER, "mean"), (EMBEDDING, "")])
def test_a_readout_sees_what_a_probe_was_fitted_on(
    planted: Clip, pictures: Path, tmp_path: Path, layer: str, pooling: str
) -> None:
    shown = neurons.images(pictures)
    neurons.scan(planted, shown, [LAYER], tmp_path / "run")
    fitted_on, _ = neurons.Activations.open(tmp_path / "run").pooled(layer, pooling)
    with open_editable(planted, [LAYER]) as eye:
        seen = eye.respond(prepare(planted.preprocess, shown).pixels).units(layer, pooling)
    np.testing.assert_allclose(seen, fitted_on, rtol=1e-4, atol=1e-5)


def test_what_an_eye_cannot_do_is_told(planted: Clip) -> None:
    with (
        pytest.raises(OptionError, match="compiled"),
        open_editable(planted, precision=neurons.compiled),
    ):
        pass
    with pytest.raises(LayerNotFoundError), open_editable(planted, ["visual.layer9"]):
        pass
    with open_editable(planted, [LAYER]) as eye:
        with pytest.raises(NeuronNotFoundError, match="units 0 to 255"):
            eye.respond(BATCH, edits={Neuron(LAYER, 256): 0.0})
        with pytest.raises(NeuronNotFoundError, match="no visual.layer1:0 to edit here"):
            eye.respond(BATCH, edits={Neuron("visual.layer1", 0): 0.0})
        with pytest.raises(OptionError, match="no pooling 'median'"):
            eye.respond(BATCH).units(LAYER, "median")


def test_images_are_prepared_once_and_bad_ones_counted(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    images = neurons.images(pictures)
    ready = prepare(planted.preprocess, images, n=10, seed=1)
    assert len(ready) == 10 == len(set(ready.rows)) and list(ready.rows) == sorted(ready.rows)
    row = planted.preprocess.pixels(_pil(images, ready.rows[3]))
    assert np.array_equal(ready.pixels[3].permute(1, 2, 0).numpy(), row)
    assert ready.labels()[0] == images.class_names[images.require_labels()[ready.rows[0]]]
    first, second = ready.halves(0)
    assert sorted((*first.rows, *second.rows)) == list(ready.rows)
    assert set(prepare(planted.preprocess, images, n=5, rows=range(4)).rows) == set(range(4))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").write_bytes(b"\xff\xd8 no jpeg")
    with pytest.raises(ImagesNotFoundError, match="none of 1 images"):
        prepare(planted.preprocess, neurons.images(tmp_path / "bad"))
    with pytest.raises(OptionError, match="at least 1"):
        prepare(planted.preprocess, images, n=0)


def _pil(images: ImageSet, row: int):
    from PIL import Image

    return Image.fromarray(images.pixels(row))


def test_blocks_over_the_depth(planted: Clip, vit: Clip) -> None:
    assert stages(planted) == tuple(f"visual.layer{i}" for i in (1, 2, 3, 4))
    assert last_block(planted) == LAYER
    found = stages(vit)
    assert found and all(path.startswith("visual.transformer") for path in found)
    with open_editable(vit, found) as eye:
        seen = eye.respond(BATCH, edits={Neuron(found[0], STRIPE): 0.0})
    assert not seen.peaks[found[0]][:, STRIPE].any()
