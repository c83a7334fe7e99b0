"""A run holds a dictionary's features to the number, keeps it, and has its control."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import neurons
from neurons import Activations, Clip, Neuron
from neurons.activations.dictionary_figures import refitted
from neurons.activations.dictionary_run import clip_of, with_run_dictionaries
from neurons.activations.dictionary_told import file_of
from neurons.errors import MismatchError, OptionError
from neurons.network.dictionary import Dictionary
from neurons.network.dictionary_files import read_dictionary, write_dictionary
from tests.conftest import LAYER, RED, STRIPE

FEATURES, CONTROL = f"{LAYER}.dictionary", f"{LAYER}.dictionary_random"
UNITS = 256


def mixed() -> Dictionary:
    """Four known mixtures of planted units, and one feature that needs more than there is."""
    encoder, bias = torch.zeros(UNITS, 5), torch.zeros(5)
    encoder[RED, 0] = 2.0
    encoder[RED, 1] = encoder[STRIPE, 1] = 1.0
    encoder[STRIPE, 2], bias[2] = 3.0, -0.25
    encoder[RED, 3], encoder[STRIPE, 3] = 1.0, -1.0
    bias[4] = -1e6
    return Dictionary(encoder, bias, "relu", decoder=encoder.T.contiguous() / 10)


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dictionary") / "mixed.safetensors"
    write_dictionary(mixed(), path)
    return path


@pytest.fixture(scope="module")
def run(planted: Clip, pictures: Path, file: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("dictionaries") / "run"
    summary = neurons.scan(
        planted, neurons.images(pictures), [LAYER], out, dictionaries={LAYER: file}, shard_size=16
    )
    return Activations.open(out), summary


def planted_maps(clip: Clip, pictures: Path) -> Tensor:
    from PIL import Image

    from neurons.network.hooks import watch
    from neurons.network.pooling import copy

    names = neurons.images(pictures).ids
    pixels = [clip.preprocess.pixels(Image.open(pictures / name)) for name in names]
    batch = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)
    with watch(clip.network, [LAYER], reduce=copy) as seen:
        clip.embed_images(batch)
    return seen[LAYER]


def test_the_features_of_a_known_mixture_are_read_to_the_number(run, planted, pictures) -> None:
    opened, _ = run
    maps = planted_maps(planted, pictures)
    red, stripe = maps[:, RED], maps[:, STRIPE]
    told = [2 * red, red + stripe, 3 * stripe - 0.25, red - stripe, red * 0]
    for feature, each in enumerate(told):
        flat = each.clamp(min=0).flatten(1)
        neuron = Neuron(FEATURES, feature)
        assert np.allclose(opened.peak(neuron), flat.amax(1).numpy(), atol=1e-4)
        assert np.allclose(opened.mean(neuron), flat.mean(1).numpy(), atol=1e-4)
    assert [layer.units for layer in opened.layers] == [UNITS, 5, 5]


def test_a_scan_with_a_dictionary_has_the_other_layers_bytes(run, planted, pictures, tmp_path):
    opened, _ = run
    neurons.scan(planted, neurons.images(pictures), [LAYER], tmp_path / "plain", shard_size=16)
    mine, other = hashes(opened.path / "layers" / LAYER), hashes(tmp_path / "plain/layers" / LAYER)
    assert mine == other
    assert opened.layer(FEATURES).field == opened.layer(LAYER).field


def test_the_same_scan_goes_on_with_the_same_control(run, planted, pictures, file) -> None:
    opened, _ = run
    before = hashes(opened.path)
    again = neurons.scan(
        planted,
        neurons.images(pictures),
        [LAYER],
        opened.path,
        dictionaries={LAYER: file},
        shard_size=16,
    )
    assert again.n_scanned == 0
    assert hashes(opened.path) == before
    assert again.dictionaries == run[1].dictionaries


def test_the_run_gives_its_model_with_the_dictionary(run, planted) -> None:
    opened, _ = run
    clip = clip_of(opened, device="cpu")
    opened.check_clip(clip)
    opened.check_clip(planted)
    assert {layer.path for layer in neurons.layers(clip)} > {FEATURES, CONTROL}
    with neurons.edit(clip.network, {f"{FEATURES}:0": 0.0}):
        pass
    others = {FEATURES: Dictionary(torch.ones(UNITS, 5), torch.zeros(5), "relu")}
    with pytest.raises(MismatchError, match="another dictionary at"):
        opened.check_clip(neurons.with_dictionaries(planted, others))


def test_a_dictionary_in_the_run_that_was_changed_is_refused(
    run, planted, pictures, file, tmp_path
) -> None:
    neurons.scan(
        planted,
        neurons.images(pictures).first(8),
        [],
        tmp_path / "run",
        dictionaries={LAYER: file},
        control=False,
    )
    opened = Activations.open(tmp_path / "run")
    assert [layer.path for layer in opened.layers] == [FEATURES]
    one = read_dictionary(file_of(opened.path, FEATURES))
    one.bias[0] += 1
    write_dictionary(one, file_of(opened.path, FEATURES))
    with pytest.raises(MismatchError, match="is not the dictionary"):
        with_run_dictionaries(planted, opened)


def test_the_figures_stand_beside_those_of_random_directions(run) -> None:
    mine, control = run[1].dictionaries
    assert (mine.path, control.path) == (FEATURES, CONTROL)
    # one needs a million, and no picture is redder than it is striped
    assert mine.n_silent == 2
    # as sparse, to the number, on the places that were looked at
    assert mine.per_place == control.per_place
    # red and striped pictures are classes; random mixtures of hundreds of units know them less
    assert mine.one_class > control.one_class
    assert control.explained is None
    (table,) = [block for block in run[1].blocks() if block.title.startswith("Features of")]
    assert "random directions" in table.columns


def test_a_fitted_decoder_is_measured_on_places_that_it_was_not_fitted_on() -> None:
    drawn = torch.Generator().manual_seed(0)
    features = torch.randn(200, 400, generator=drawn)
    # more features than places would explain anything that they were fitted on
    assert refitted(torch.randn(200, 5, generator=drawn), features) < 0.3
    assert refitted(features[:, :5] @ torch.randn(5, 5, generator=drawn), features[:, :9]) > 0.95


def test_the_command_takes_a_dictionary_and_every_study_its_features(
    command, planted_name, pictures, file, tmp_path
) -> None:
    made = command(
        "scan", "-m", planted_name, "-i", pictures, "-l", LAYER, "--dictionary", file,
        "-o", tmp_path / "run", "--device", "cpu",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert "random directions" in made.out
    for study in (
        ("find", tmp_path / "run", "red", "--layer", FEATURES),
        ("units", tmp_path / "run", FEATURES),
        ("examples", tmp_path / "run", f"{FEATURES}:1", "-o", tmp_path / "examples.html"),
        ("report", tmp_path / "run", f"{FEATURES}:1", "-o", tmp_path / "report"),
    ):
        asked = command(*study)
        assert asked.code == 0, asked.err


def test_a_dictionary_for_one_of_several_layers_is_named(command, planted_name, pictures, file):
    layers = f"{LAYER},visual.layer3"
    rest = ("-m", planted_name, "-i", pictures, "-l", layers, "-o", "nowhere")
    asked = command("scan", *rest, "--dictionary", file)
    assert asked.code != 0
    assert f"Write LAYER={file}" in asked.err
    asked = command("scan", *rest, "--dictionary", f"visual.layer3={file}")
    assert "reads 256 units, and 'visual.layer3' has 128" in asked.err


def test_a_missing_or_pickled_file_is_refused_before_anything_is_loaded(
    command, planted_name, pictures, tmp_path
) -> None:
    rest = ("-m", planted_name, "-i", pictures, "-l", LAYER, "-o", "nowhere")
    assert "no dictionary at" in command("scan", *rest, "--dictionary", tmp_path / "none").err
    torch.save({}, tmp_path / "it.pt")
    assert "pickled" in command("scan", *rest, "--dictionary", tmp_path / "it.pt").err
    with pytest.raises(OptionError, match="pickled"):
        read_dictionary(tmp_path / "it.pt")
