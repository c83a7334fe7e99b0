"""The engine gives what the model gives, and no image's numbers depend on the others."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
import torch

from neurons import Clip, Neuron
from neurons.errors import NeuronNotFoundError, OptionError
from neurons.network.engine import open_engine
from neurons.network.hooks import watch
from neurons.network.inference import Precision, compiled, exact, fast
from neurons.network.layers import find_layers
from neurons.network.pooling import peak

PATHS = {
    # a convolution's own output, which folding would change, and what follows
    "planted": ["visual.layer4", "visual.layer2.0.conv2", "visual.layer2.0.bn2", "visual.attnpool"],
    "vit": ["visual.transformer.resblocks.1", "visual.transformer.resblocks.0.mlp.gelu"],
}
GENERATOR = torch.Generator().manual_seed(0)
BATCH = torch.randint(0, 256, (8, 3, 96, 96), dtype=torch.uint8, generator=GENERATOR)


def largest_gap(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@pytest.fixture(params=PATHS)
def clip(request: pytest.FixtureRequest) -> Clip:
    found: Clip = request.getfixturevalue(request.param)
    return found


def paths_of(clip: Clip) -> list[str]:
    return PATHS["planted" if hasattr(clip.network.visual, "layer4") else "vit"]


def test_exact_is_within_1e_5_and_the_model_stays_as_it_was(clip: Clip) -> None:
    before = {name: value.clone() for name, value in clip.network.state_dict().items()}
    kinds = [type(module) for module in clip.network.modules()]
    layers = find_layers(clip, paths_of(clip))
    with watch(clip.network, paths_of(clip), reduce=torch.clone) as seen:
        embeddings = clip.embed_images(BATCH).numpy()
    with open_engine(clip, layers, precision=exact, batch_size=8) as engine:
        reading = engine.read(BATCH)
    assert largest_gap(reading.embeddings, embeddings) <= 1e-5
    for layer in layers:
        expected = peak(layer.layout.maps(seen[layer.path]))
        found = reading.layers[layer.path]
        assert largest_gap(found.peak, expected.value.numpy()) <= 1e-5, layer.path
        assert largest_gap(found.mean, expected.mean.numpy()) <= 1e-5, layer.path
    assert [type(module) for module in clip.network.modules()] == kinds
    after = clip.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(module._forward_hooks for module in clip.network.modules())


@pytest.mark.parametrize("precision", [exact, fast], ids=["exact", "fast"])
def test_the_other_images_and_the_place_do_not_matter_to_the_bit(
    clip: Clip, precision: Precision
) -> None:
    layers = find_layers(clip, paths_of(clip))
    moved = torch.zeros_like(BATCH)
    moved[5] = BATCH[0]
    with open_engine(clip, layers, precision=precision, batch_size=8) as engine:
        one, two = engine.read(BATCH), engine.read(moved)
    assert one.embeddings[0].tobytes() == two.embeddings[5].tobytes()
    for path in one.layers:
        for name in ("peak", "mean", "position"):
            left, right = (getattr(r.layers[path], name) for r in (one, two))
            assert left[0].tobytes() == right[5].tobytes(), (path, name)


def test_threads_share_the_weights_and_do_not_mix_their_answers(planted: Clip) -> None:
    layers = find_layers(planted, ["visual.layer4"])
    others = torch.flip(BATCH, dims=[0])
    with open_engine(planted, layers, lanes=1, batch_size=8) as engine:
        expected = [engine.read(batch).layers["visual.layer4"].peak for batch in (BATCH, others)]
    wrong: list[int] = []
    with open_engine(planted, layers, lanes=2, batch_size=8) as engine:

        def work(i: int, batch: torch.Tensor) -> None:
            for _ in range(20):
                found = engine.read(batch).layers["visual.layer4"].peak
                if largest_gap(found, expected[i]) > 1e-6:
                    wrong.append(i)

        threads = [threading.Thread(target=work, args=pair) for pair in enumerate((BATCH, others))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_fast_is_bf16_near_exact(clip: Clip) -> None:
    layers = find_layers(clip, paths_of(clip))
    with open_engine(clip, layers, precision=exact, batch_size=8) as engine:
        slow = engine.read(BATCH)
    with open_engine(clip, layers, precision=fast, batch_size=8) as engine:
        quick = engine.read(BATCH)
    gap = largest_gap(quick.embeddings, slow.embeddings)
    assert 1e-5 < gap < 0.1


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile on a CPU needs g++")
def test_compiled_says_what_fast_says(planted: Clip) -> None:
    layers = find_layers(planted, ["visual.layer4"])
    with open_engine(planted, layers, precision=fast, batch_size=8) as engine:
        quick = engine.read(BATCH)
    with open_engine(planted, layers, precision=compiled, batch_size=8) as engine:
        built = engine.read(BATCH)
    path = "visual.layer4"
    assert largest_gap(built.embeddings, quick.embeddings) < 0.05
    assert largest_gap(built.layers[path].peak, quick.layers[path].peak) < 0.05
    # the positions come from the same maps, so they agree but for near ties
    assert (built.layers[path].position == quick.layers[path].position).mean() > 0.8


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_exact_on_a_gpu_is_within_1e_5(planted_name: str, planted: Clip) -> None:
    import neurons

    on_gpu = neurons.load(planted_name, device="cuda")
    path = ["visual.layer4"]
    with open_engine(planted, find_layers(planted, path), batch_size=8) as engine:
        expected = engine.read(BATCH)
    with open_engine(on_gpu, find_layers(on_gpu, path), batch_size=8) as engine:
        found = engine.read(BATCH)
    assert largest_gap(found.embeddings, expected.embeddings) <= 1e-5
    assert largest_gap(found.layers[path[0]].peak, expected.layers[path[0]].peak) <= 1e-5


def test_a_network_that_is_watched_or_edited_is_not_scanned(planted: Clip) -> None:
    from neurons import edit

    layers = find_layers(planted, ["visual.layer4"])
    with (
        edit(planted.network, {Neuron("visual.layer4", 3): 0.0}),
        pytest.raises(OptionError, match="watched or edited"),
        open_engine(planted, layers),
    ):
        pass


@pytest.mark.parametrize("precision", [exact, fast], ids=["exact", "fast"])
def test_a_short_batch_is_padded_and_gives_the_same_bits(clip: Clip, precision: Precision) -> None:
    layers = find_layers(clip, paths_of(clip))
    with open_engine(clip, layers, precision=precision, batch_size=8) as engine:
        whole, short = engine.read(BATCH), engine.read(BATCH[:3])
        with pytest.raises(OptionError, match="9 images in a batch of 8"):
            engine.read(BATCH[[0, *range(8)]])
    assert short.embeddings.tobytes() == whole.embeddings[:3].tobytes()
    for path, layer in short.layers.items():
        assert layer.peak.tobytes() == whole.layers[path].peak[:3].tobytes()
        assert layer.position.tobytes() == whole.layers[path].position[:3].tobytes()


def test_peaks_of_many_images_are_those_of_each_batch(planted: Clip) -> None:
    layers = find_layers(planted, ["visual.layer4"])
    with open_engine(planted, layers, batch_size=3) as engine:
        found = engine.peaks(BATCH)["visual.layer4"]
        parts = [engine.read(BATCH[i : i + 3]).layers["visual.layer4"].peak for i in (0, 3, 6)]
    assert found.tobytes() == np.concatenate(parts).tobytes()


def test_an_edit_is_read_back_and_ends_with_its_batch(planted: Clip) -> None:
    layers = find_layers(planted, ["visual.layer4"])
    unit = Neuron("visual.layer4", 3)
    with open_engine(planted, layers, batch_size=8) as engine:
        before = engine.read(BATCH)
        edited = engine.run(BATCH, {unit: 7.5})
        after = engine.read(BATCH)
        with pytest.raises(NeuronNotFoundError, match="units 0 to 255"):
            engine.run(BATCH, {Neuron("visual.layer4", 256): 0.0})
        # a convolution that was folded is not what the model calls by its name
        with pytest.raises(NeuronNotFoundError, match=r"no visual\.layer1:0 to edit here"):
            engine.run(BATCH, {Neuron("visual.layer1", 0): 0.0})
    assert (edited.layers["visual.layer4"].peak.value[:, 3] == 7.5).all()
    assert not np.allclose(edited.embeddings.numpy(), before.embeddings)
    assert after.embeddings.tobytes() == before.embeddings.tobytes()


def test_without_embeddings_nothing_runs_after_the_last_layer(planted: Clip) -> None:
    layers = find_layers(planted, ["visual.layer2"])
    with open_engine(planted, layers, batch_size=8) as engine:
        whole = engine.read(BATCH)
    with open_engine(planted, layers, batch_size=8, embeddings=False) as engine:
        cut = engine.read(BATCH)
    assert cut.embeddings is None
    assert (
        cut.layers["visual.layer2"].peak.tobytes() == whole.layers["visual.layer2"].peak.tobytes()
    )


def test_a_tower_as_a_whole_is_a_layer_also_without_embeddings(clip: Clip) -> None:
    whole = find_layers(clip, ["visual"])
    with open_engine(clip, whole, batch_size=8, embeddings=False) as engine:
        found = engine.read(BATCH).layers["visual"].peak
    assert largest_gap(found, clip.embed_images(BATCH).numpy()) <= 1e-5
