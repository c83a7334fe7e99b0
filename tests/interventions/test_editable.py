"""An editable copy gives what the edited model gives, and leaves the model alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import neurons
from neurons import Clip, Neuron
from neurons.address import EMBEDDING
from neurons.data.prepared import prepare
from neurons.errors import LayerNotFoundError, NeuronNotFoundError, OptionError
from neurons.interventions.editable import joined, open_editable
from neurons.network.hooks import watch
from neurons.network.pooling import peak
from tests.conftest import LAYER, RED, STRIPE

BATCH = torch.randint(
    0, 256, (7, 3, 96, 96), dtype=torch.uint8, generator=torch.Generator().manual_seed(3)
)


def gap(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@pytest.mark.parametrize("edits", [{}, {Neuron(LAYER, RED): 0.0, Neuron("visual.layer2", 4): 1.5}])
def test_the_copy_gives_what_the_edited_model_gives(planted: Clip, edits: dict) -> None:
    with neurons.edit(planted.network, edits), watch(planted.network, [LAYER], reduce=peak) as seen:
        embedded = planted.embed_images(BATCH).numpy()
    with open_editable(planted, [LAYER, "visual.layer2"], batch_size=4) as network:
        found = network.respond(BATCH, edits=edits)
        assert gap(found.embeddings, embedded) <= 1e-5
        assert gap(found.peaks[LAYER], seen[LAYER].value.numpy()) <= 1e-5
        assert gap(found.means[LAYER], seen[LAYER].mean.numpy()) <= 1e-5
        if edits:
            assert not found.peaks[LAYER][:, RED].any()
        # no image depends on the others, to the bit
        alone = network.respond(BATCH[5:6], edits=edits)
        assert np.array_equal(alone.embeddings[0], found.embeddings[5])
    assert not any(module._forward_hooks for module in planted.network.modules())


@pytest.mark.parametrize(("layer", "pooling"), [(LAYER, "peak"), (LAYER, "mean"), (EMBEDDING, "")])
def test_a_readout_gets_what_a_probe_was_fitted_on(
    planted: Clip, pictures: Path, tmp_path: Path, layer: str, pooling: str
) -> None:
    shown = neurons.images(pictures)
    neurons.scan(planted, shown, [LAYER], tmp_path / "run")
    fitted_on, _ = neurons.Activations.open(tmp_path / "run").pooled(layer, pooling)
    with open_editable(planted, [LAYER]) as network:
        seen = network.respond(prepare(planted.preprocess, shown).pixels).units(layer, pooling)
    np.testing.assert_allclose(seen, fitted_on, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_done_is_told(planted: Clip) -> None:
    with (
        pytest.raises(OptionError, match="compiled"),
        open_editable(planted, precision=neurons.compiled),
    ):
        pass
    with pytest.raises(LayerNotFoundError), open_editable(planted, ["visual.layer9"]):
        pass
    with open_editable(planted, [LAYER]) as network:
        with pytest.raises(NeuronNotFoundError, match="units 0 to 255"):
            network.respond(BATCH, edits={Neuron(LAYER, 256): 0.0})
        with pytest.raises(NeuronNotFoundError, match="no visual.layer1:0 to edit here"):
            network.respond(BATCH, edits={Neuron("visual.layer1", 0): 0.0})
        with pytest.raises(OptionError, match="no pooling 'median'"):
            network.respond(BATCH).units(LAYER, "median")


def test_a_vits_tokens_are_edited_too(vit: Clip) -> None:
    path = "visual.transformer.resblocks.0"
    with open_editable(vit, [path]) as network:
        found = network.respond(BATCH, edits={Neuron(path, 17): 0.0})
    assert not found.peaks[path][:, 17].any()


def test_many_edits_in_a_batch_give_what_each_gives_alone(planted: Clip) -> None:
    """Also where a batch holds images of several variants, and addresses are strings."""
    variants = [{f"{LAYER}:{RED}": 0.0}, {}, {f"{LAYER}:{STRIPE}": 2.5, "visual.layer2:4": 1.5}]
    with open_editable(planted, [LAYER, "visual.layer2"], batch_size=4) as network:
        together = network.respond_to_each(BATCH, variants)
        alone = joined([network.respond(BATCH, edits=edits) for edits in variants])
        silenced = network.respond_without_each(BATCH, [f"{LAYER}:{RED}", Neuron(LAYER, STRIPE)])
        again = network.respond(BATCH, edits={Neuron(LAYER, STRIPE): 0.0})
    assert together.embeddings.tobytes() == alone.embeddings.tobytes()
    for path in (LAYER, "visual.layer2"):
        assert together.peaks[path].tobytes() == alone.peaks[path].tobytes()
        assert together.means[path].tobytes() == alone.means[path].tobytes()
    assert (together.peaks[LAYER][-len(BATCH) :, STRIPE] == 2.5).all()
    assert silenced.embeddings[len(BATCH) :].tobytes() == again.embeddings.tobytes()


def test_a_batch_is_altered_with_the_places_of_its_images(planted: Clip) -> None:
    asked: list[range] = []

    def invert(batch: torch.Tensor, rows: range) -> torch.Tensor:
        asked.append(rows)
        return 255 - batch

    with open_editable(planted, [LAYER], batch_size=4) as network:
        found = network.respond(BATCH, alter=invert)
        expected = network.respond(255 - BATCH)
    assert asked == [range(4), range(4, 7)]
    assert found.embeddings.tobytes() == expected.embeddings.tobytes()


def test_units_of_the_embedding_have_length_1(planted: Clip) -> None:
    with open_editable(planted) as network:
        found = network.respond(BATCH)
    lengths = np.linalg.norm(found.units(EMBEDDING, "none"), axis=1)
    np.testing.assert_allclose(lengths, 1.0, rtol=1e-6)
    assert found.peaks == {}
