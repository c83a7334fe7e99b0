"""A dictionary's numbers are those of plain formulas, and its place in a network is exact."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from neurons import Clip, Neuron
from neurons.errors import LayerNotFoundError, MismatchError, OptionError
from neurons.network.dictionary import Dictionary, largest
from neurons.network.dictionary_attach import dictionaries_of, with_dictionaries
from neurons.network.dictionary_files import read_dictionary, write_dictionary
from neurons.network.dictionary_random import random_dictionary
from neurons.network.engine import open_engine
from neurons.network.hooks import edit, tap, watch
from neurons.network.inference import exact, fast
from neurons.network.layers import find_layers
from neurons.network.pooling import copy
from tests.conftest import LAYER

WIDTH, FEATURES = 6, 10
PATH = f"{LAYER}.dictionary"


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def tensors(width: int = WIDTH, features: int = FEATURES) -> dict[str, Tensor]:
    return {
        "W_enc": drawn(width, features, seed=1),
        "b_enc": 0.1 * drawn(features, seed=2),
        "W_dec": drawn(features, width, seed=3),
        "b_dec": 0.1 * drawn(width, seed=4),
    }


def written(folder: Path, named: dict[str, Tensor], **settings: object) -> Path:
    path = folder / "sae_weights.safetensors"
    save_file({name: each.contiguous() for name, each in named.items()}, path)
    if settings:
        (folder / "cfg.json").write_text(json.dumps(settings))
    return path


def plain(vectors: Tensor, named: dict[str, Tensor], *, centred: bool = True) -> np.ndarray:
    """What a feature adds up to before its activation function, one number at a time."""
    shift = named["b_dec"] if centred else torch.zeros(vectors.shape[1])
    rows = [
        [
            sum(float(row[i] - shift[i]) * float(named["W_enc"][i, j]) for i in range(len(row)))
            + float(named["b_enc"][j])
            for j in range(named["W_enc"].shape[1])
        ]
        for row in vectors
    ]
    return np.array(rows)


def close(found: Tensor, expected: np.ndarray) -> None:
    assert np.allclose(found.numpy(), expected, atol=1e-5)


def test_relu_is_the_plain_formula(tmp_path: Path) -> None:
    named, vectors = tensors(), drawn(5, WIDTH)
    found = read_dictionary(written(tmp_path, named, architecture="standard"))
    close(found.encode(vectors), np.maximum(plain(vectors, named), 0))


def test_a_file_may_say_that_nothing_is_subtracted(tmp_path: Path) -> None:
    named, vectors = tensors(), drawn(5, WIDTH)
    file = written(tmp_path, named, architecture="standard", apply_b_dec_to_input=False)
    expected = np.maximum(plain(vectors, named, centred=False), 0)
    close(read_dictionary(file).encode(vectors), expected)


@pytest.mark.parametrize(
    "settings",
    [
        {"architecture": "topk", "k": 3},
        {"architecture": "standard", "activation_fn_str": "topk", "activation_fn_kwargs": {"k": 3}},
    ],
    ids=["SAELens", "Prisma"],
)
def test_topk_keeps_the_k_largest_that_are_above_zero(tmp_path: Path, settings: dict) -> None:
    named, vectors = tensors(), drawn(5, WIDTH)
    found = read_dictionary(written(tmp_path, named, **settings)).encode(vectors)
    told = plain(vectors, named)
    expected = np.zeros_like(told)
    for row, values in enumerate(told):
        for feature in np.argsort(-values)[:3]:
            expected[row, feature] = max(values[feature], 0)
    close(found, expected)


def test_of_equal_features_those_of_lower_number_are_kept() -> None:
    values = torch.tensor([[1.0, 2.0, 1.0, 3.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    kept = largest(values, 3)
    assert kept.tolist() == [[True, True, False, True, False], [True, True, True, False, False]]


def test_jumprelu_leaves_what_is_above_its_threshold_as_it_is(tmp_path: Path) -> None:
    named, vectors = tensors(), drawn(50, WIDTH)
    named["threshold"] = drawn(FEATURES, seed=9)
    found = read_dictionary(written(tmp_path, named)).encode(vectors)
    told, limit = plain(vectors, named), named["threshold"].numpy().clip(min=0)
    close(found, np.where(told > limit, told, 0))


def test_a_value_equal_to_its_threshold_is_not_above_it() -> None:
    identity = torch.eye(3)
    of = Dictionary(identity, torch.zeros(3), "jumprelu", threshold=torch.tensor([1.0, 2.0, 0.0]))
    assert of.encode(torch.tensor([1.0, 2.5, -1.0])).tolist() == [0.0, 2.5, 0.0]


def test_a_batchtopk_dictionary_without_its_threshold_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, tensors(), architecture="batchtopk", k=3)
    with pytest.raises(OptionError, match="would depend on others"):
        read_dictionary(file)
    file = written(tmp_path, tensors(), architecture="batchtopk", k=3, threshold=0.5)
    told = plain(drawn(4, WIDTH), tensors())
    close(read_dictionary(file).encode(drawn(4, WIDTH)), np.where(told > 0.5, told, 0))


def test_overcompletes_layout_is_read_with_its_norm(tmp_path: Path) -> None:
    named, vectors = tensors(), drawn(7, WIDTH)
    linear = torch.nn.Linear(WIDTH, FEATURES)
    norm = torch.nn.BatchNorm1d(FEATURES)
    with torch.no_grad():
        norm(linear(drawn(30, WIDTH, seed=7)))
        norm.weight.copy_(drawn(FEATURES, seed=8))
    module = torch.nn.Sequential(linear, norm).eval()
    state = {f"encoder.final_block.{name}": each for name, each in module.state_dict().items()}
    state |= {"dictionary._weights": named["W_dec"], "thresholds": drawn(FEATURES, seed=9)}
    found = read_dictionary(written(tmp_path, state))
    with torch.no_grad():
        told = module(vectors).numpy()
    close(found.encode(vectors), np.where(told > state["thresholds"].exp().numpy(), told, 0))
    assert found.decoder is not None
    assert torch.equal(found.decoder, named["W_dec"])


@pytest.mark.parametrize("scaling", ["layer_norm", "constant_norm_rescale"])
def test_a_dictionary_of_scaled_inputs_gives_back_what_it_reads(scaling: str) -> None:
    # the decoder undoes the encoder, so that the reconstruction is the vector itself
    matrix, vectors = drawn(WIDTH, WIDTH), drawn(5, WIDTH) + 2
    both = torch.cat([matrix, -matrix], dim=1)
    inverse = torch.linalg.inv(matrix)
    found = Dictionary(
        both,
        torch.zeros(2 * WIDTH),
        "relu",
        decoder=torch.cat([inverse, -inverse]),
        centre=drawn(WIDTH, seed=5),
        centred=True,
        scaling=scaling,  # type: ignore[arg-type]
    )
    assert torch.allclose(found.reconstruction(vectors), vectors, atol=1e-3)


@pytest.mark.parametrize(
    ("settings", "named", "told"),
    [
        ({}, tensors(), "does not say its activation"),
        ({"architecture": "topk"}, tensors(), "write k"),
        ({"architecture": "gated"}, {**tensors(), "b_gate": torch.zeros(3)}, "gated"),
        ({"activation": "tanh-relu"}, tensors(), "tanhrelu"),
        (
            {"activation": "relu"},
            {"weight": torch.zeros(3)},
            "is no dictionary",
        ),
        (
            {"activation": "relu", "normalize_activations": "expected_average_only_in"},
            tensors(),
            "fold it into W_enc",
        ),
    ],
)
def test_what_would_be_read_wrongly_is_refused(
    tmp_path: Path, settings: dict, named: dict, told: str
) -> None:
    with pytest.raises(OptionError, match=told):
        read_dictionary(written(tmp_path, named, **settings))


def test_pickled_weights_are_refused_and_nothing_of_them_is_run(tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    torch.save({"W_enc": torch.zeros(2, 2)}, file)
    with pytest.raises(OptionError, match="pickled"):
        read_dictionary(file)
    renamed = tmp_path / "weights.safetensors"
    file.rename(renamed)
    with pytest.raises(OptionError, match="no safetensors file"):
        read_dictionary(renamed)


def test_tensors_of_other_shapes_are_refused(tmp_path: Path) -> None:
    named = {**tensors(), "W_dec": torch.zeros(WIDTH, FEATURES)}
    with pytest.raises(MismatchError, match="W_dec is 6 x 10, and W_enc .* asks for 10 x 6"):
        read_dictionary(written(tmp_path, named, activation="relu"))


def test_a_dictionary_is_written_and_read_to_the_bit(tmp_path: Path) -> None:
    found = read_dictionary(written(tmp_path, tensors(), architecture="topk", k=2))
    write_dictionary(found, tmp_path / "own" / "it.safetensors")
    again = read_dictionary(tmp_path / "own" / "it.safetensors")
    assert again.sha256 == found.sha256
    assert again.settings == found.settings
    others = read_dictionary(written(tmp_path, tensors(), architecture="topk", k=3))
    assert others.sha256 != found.sha256


def test_random_directions_are_active_as_often_feature_by_feature() -> None:
    named, vectors = tensors(features=700), drawn(300, WIDTH)
    of = Dictionary(named["W_enc"], named["b_enc"] - 3, "relu", decoder=named["W_dec"])
    control = random_dictionary(of, vectors, seed=1)
    mine, others = ((each.encode(vectors) > 0).sum(0) for each in (of, control))
    assert torch.equal(mine, others)
    assert (mine == 0).any()
    assert (mine > 5).any()
    # and point elsewhere
    cosine = torch.nn.functional.cosine_similarity(of.encoder, control.encoder, dim=0)
    assert abs(float(cosine.mean())) < 0.1


def layer_dictionary(clip: Clip, path: str = LAYER, *, decoder: bool = True) -> Dictionary:
    (layer,) = find_layers(clip, [path])
    named = tensors(layer.units, 24)
    return Dictionary(
        named["W_enc"], named["b_enc"], "topk", k=4, decoder=named["W_dec"] if decoder else None
    )


@pytest.mark.parametrize(
    ("which", "host"),
    [
        ("planted", LAYER),
        ("planted", "visual.layer1.0.conv1"),
        ("planted", "visual.attnpool"),
        ("vit", "visual.transformer.resblocks.1"),
        ("vit", "visual.transformer.resblocks.0.mlp.gelu"),
    ],
)
@pytest.mark.parametrize("precision", [exact, fast], ids=["exact", "fast"])
def test_features_are_read_behind_any_layer(which, host, precision, request) -> None:
    clip: Clip = request.getfixturevalue(which)
    of = layer_dictionary(clip, host)
    dressed = with_dictionaries(clip, {f"{host}.dictionary": of})
    (layer,) = find_layers(dressed, [f"{host}.dictionary"])
    batch = torch.randint(0, 256, (3, 3, 96, 96), generator=torch.Generator().manual_seed(0))
    with open_engine(dressed, [layer], precision=precision, batch_size=3) as engine:
        found = engine.read(batch.to(torch.uint8)).layers[layer.path]
    with watch(clip.network, [host], reduce=copy) as seen:
        clip.embed_images(batch.to(torch.uint8))
    axis = layer.layout.axes.index("c")
    told = of.encode(seen[host].movedim(axis, -1)).movedim(-1, axis)
    expected = layer.layout.maps(told).flatten(2).amax(2).numpy()
    tolerance = 1e-4 if precision is exact else 0.1
    assert np.abs(found.peak - expected).mean() <= tolerance * np.abs(expected).max()
    assert layer.units == 24
    assert not layer.is_block


def test_a_dictionary_that_is_not_asked_changes_no_bit(planted: Clip) -> None:
    dressed = with_dictionaries(planted, {PATH: layer_dictionary(planted)})
    batch = torch.full((2, 3, 96, 96), 90, dtype=torch.uint8)
    before = planted.embed_images(batch)
    assert torch.equal(dressed.embed_images(batch), before)
    with watch(dressed.network, [PATH], reduce=copy):
        assert torch.equal(dressed.embed_images(batch), before)
    assert dressed.provenance() == planted.provenance()
    assert not dictionaries_of(planted)
    with pytest.raises(LayerNotFoundError, match="no dictionary 'dictionary' behind"):
        find_layers(planted, [PATH])


def test_a_feature_that_is_set_is_written_through_the_decoder(planted: Clip) -> None:
    of = layer_dictionary(planted)
    dressed = with_dictionaries(planted, {PATH: of})
    batch = torch.full((1, 3, 96, 96), 90, dtype=torch.uint8)
    with watch(planted.network, [LAYER], reduce=copy) as seen:
        planted.embed_images(batch)
    maps = seen[LAYER].movedim(1, -1)
    features = of.encode(maps)
    changed = maps + (5.0 - features[..., 7:8]) * of.decoder[7]
    with edit(dressed.network, {Neuron(PATH, 7): 5.0}):
        found = dressed.embed_images(batch)
    # the layer replaced by hand, the whole of it
    by_hand = {Neuron(LAYER, i): changed[..., i] for i in range(changed.shape[-1])}
    with edit(planted.network, by_hand):
        expected = planted.embed_images(batch)
    assert torch.allclose(found, expected, atol=1e-5)
    assert not torch.allclose(found, planted.embed_images(batch), atol=1e-3)


def test_features_are_read_after_the_layer_was_edited(planted: Clip) -> None:
    of = layer_dictionary(planted)
    dressed = with_dictionaries(planted, {PATH: of})
    batch = torch.full((1, 3, 96, 96), 90, dtype=torch.uint8)
    with (
        edit(dressed.network, {Neuron(LAYER, 3): 9.0}),
        watch(dressed.network, [LAYER, PATH], reduce=copy) as seen,
    ):
        dressed.embed_images(batch)
    assert torch.allclose(seen[PATH], of.encode(seen[LAYER].movedim(1, -1)).movedim(-1, 1))
    assert bool((seen[LAYER][:, 3] == 9).all())


def test_the_gradient_of_a_feature_is_its_row_of_the_decoder(planted: Clip) -> None:
    of = layer_dictionary(planted)
    dressed = with_dictionaries(planted, {PATH: of})
    batch = torch.zeros(1, 3, 96, 96)
    with torch.enable_grad(), tap(dressed.network, [PATH]) as seen:
        embedded = seen.run(lambda: dressed.network.encode_image(batch.requires_grad_()))
        (by_feature,) = torch.autograd.grad(embedded.sum(), seen.outputs[PATH])
    with torch.enable_grad(), tap(planted.network, [LAYER]) as seen:
        embedded = seen.run(lambda: planted.network.encode_image(batch))
        (by_unit,) = torch.autograd.grad(embedded.sum(), seen.outputs[LAYER])
    expected = torch.einsum("bchw,fc->bfhw", by_unit, of.decoder)
    assert torch.allclose(by_feature, expected, atol=1e-5)


def test_without_a_decoder_features_are_read_and_not_set(planted: Clip) -> None:
    dressed = with_dictionaries(planted, {PATH: layer_dictionary(planted, decoder=False)})
    batch = torch.full((1, 3, 96, 96), 90, dtype=torch.uint8)
    with watch(dressed.network, [PATH], reduce=copy) as seen:
        dressed.embed_images(batch)
    assert seen[PATH].shape[1] == 24
    with (
        edit(dressed.network, {Neuron(PATH, 7): 5.0}),
        pytest.raises(MismatchError, match="no decoder"),
    ):
        dressed.embed_images(batch)


def test_a_dictionary_of_another_width_is_refused_in_one_line(planted: Clip) -> None:
    narrow = Dictionary(drawn(6, 10), torch.zeros(10), "relu")
    with pytest.raises(MismatchError, match=r"reads 6 units, and 'visual.layer4' has 256"):
        with_dictionaries(planted, {PATH: narrow})
