"""The fast copy says what the model says, and an image's neighbours never speak."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
import torch

from neurons import Clip
from neurons.errors import OptionError
from neurons.network.hooks import peak, watch
from neurons.network.inference import compiled, exact, fast, parse_precision, reader
from neurons.network.layers import find_layers

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
    with reader(clip, layers, precision=exact) as read:
        reading = read(BATCH)
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
def test_neighbours_and_slots_do_not_matter_to_the_bit(clip: Clip, precision: object) -> None:
    layers = find_layers(clip, paths_of(clip))
    moved = torch.zeros_like(BATCH)
    moved[5] = BATCH[0]
    with reader(clip, layers, precision=precision) as read:
        one, two = read(BATCH), read(moved)
    assert one.embeddings[0].tobytes() == two.embeddings[5].tobytes()
    for path in one.layers:
        for name in ("peak", "mean", "position"):
            left, right = (getattr(r.layers[path], name) for r in (one, two))
            assert left[0].tobytes() == right[5].tobytes(), (path, name)


def test_threads_share_the_weights_and_do_not_mix_their_answers(planted: Clip) -> None:
    layers = find_layers(planted, ["visual.layer4"])
    others = torch.flip(BATCH, dims=[0])
    with reader(planted, layers, lanes=1) as read:
        expected = [read(batch).layers["visual.layer4"].peak for batch in (BATCH, others)]
    wrong: list[int] = []
    with reader(planted, layers, lanes=2) as read:

        def work(i: int, batch: torch.Tensor) -> None:
            for _ in range(20):
                found = read(batch).layers["visual.layer4"].peak
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
    with reader(clip, layers, precision=exact) as read:
        slow = read(BATCH)
    with reader(clip, layers, precision=fast) as read:
        quick = read(BATCH)
    gap = largest_gap(quick.embeddings, slow.embeddings)
    assert 1e-5 < gap < 0.1


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile on a CPU needs g++")
def test_compiled_says_what_fast_says(planted: Clip) -> None:
    layers = find_layers(planted, ["visual.layer4"])
    with reader(planted, layers, precision=fast) as read:
        quick = read(BATCH)
    with reader(planted, layers, precision=compiled) as read:
        built = read(BATCH)
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
    with reader(planted, find_layers(planted, path)) as read:
        expected = read(BATCH)
    with reader(on_gpu, find_layers(on_gpu, path)) as read:
        found = read(BATCH)
    assert largest_gap(found.embeddings, expected.embeddings) <= 1e-5
    assert largest_gap(found.layers[path[0]].peak, expected.layers[path[0]].peak) <= 1e-5


def test_a_network_that_is_watched_or_edited_is_not_scanned(planted: Clip) -> None:
    from neurons import Neuron, edit

    layers = find_layers(planted, ["visual.layer4"])
    with (
        edit(planted.network, {Neuron("visual.layer4", 3): 0.0}),
        pytest.raises(OptionError, match="watched or edited"),
        reader(planted, layers),
    ):
        pass


def test_an_unknown_precision_names_those_that_exist() -> None:
    assert parse_precision("exact") is exact
    with pytest.raises(OptionError, match="exact, fast, compiled"):
        parse_precision("quick")
