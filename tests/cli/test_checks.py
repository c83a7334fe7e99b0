"""What the command line refuses early, the library would refuse in the same words."""

from __future__ import annotations

from pathlib import Path

import pytest

import neurons
from neurons.address import Neuron
from neurons.cli.checks import (
    check_images,
    check_layers,
    check_model,
    check_probe,
    check_run,
    read_neuron,
    read_neurons,
)
from neurons.errors import (
    AddressError,
    ImagesNotFoundError,
    LayerNotFoundError,
    ModelNotFoundError,
    ResultNotFoundError,
    RunNotFoundError,
)


class Word:
    """A word of the command line, as the parser hands it over."""

    def __init__(self, value: str) -> None:
        self.value = value


def test_images_are_refused_in_the_librarys_words(tmp_path: Path) -> None:
    for parts in ([str(tmp_path / "no")], [str(tmp_path / "a.png"), str(tmp_path / "b.png")]):
        with pytest.raises(ImagesNotFoundError) as early:
            check_images(parts)
        with pytest.raises(ImagesNotFoundError) as late:
            neurons.images(parts[0] if len(parts) == 1 else parts)
        assert str(early.value) == str(late.value)


def test_what_may_be_there_is_left_to_the_library(pictures: Path) -> None:
    files = [str(path) for path in sorted(pictures.glob("red/*.png"))]
    for parts in ((), ("miniature",), ("hf:OWNER/NAME:SPLIT",), (str(pictures),), files):
        check_images(parts)


def test_a_run_is_refused_in_the_librarys_words(tmp_path: Path, scanned: Path) -> None:
    check_run(None, scanned)
    check_run(None, None)
    with pytest.raises(RunNotFoundError) as early:
        check_run(None, tmp_path)
    with pytest.raises(RunNotFoundError) as late:
        neurons.Activations.open(tmp_path)
    assert str(early.value) == str(late.value)


def test_what_is_no_probe_is_told_by_what_it_is(tmp_path: Path, scanned: Path) -> None:
    check_probe(None, None)
    with pytest.raises(ResultNotFoundError, match="no probe at .*; `neurons probe` makes one"):
        check_probe(None, tmp_path / "nowhere")
    with pytest.raises(ResultNotFoundError, match="holds a run, not a probe"):
        check_probe(None, scanned)
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "probe.json").write_text("{}")
    with pytest.raises(ResultNotFoundError, match="is not finished"):
        check_probe(None, tmp_path / "begun")
    with pytest.raises(ResultNotFoundError, match=r"did you mean '.*begun'\?"):
        check_probe(None, tmp_path / "begum")


def test_several_folders_of_images_are_told_to_be_none_of_files(tmp_path: Path) -> None:
    with pytest.raises(ImagesNotFoundError, match="a list of files, and .* is none"):
        check_images([str(tmp_path), str(tmp_path)])
    with pytest.raises(ImagesNotFoundError, match="no images were named"):
        check_images([""])
    (tmp_path / "photos").mkdir()
    with pytest.raises(ImagesNotFoundError, match=r"did you mean '.*photos'\?"):
        check_images([str(tmp_path / "phtos")])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "no model was named; give MODEL/TAG such as RN50/openai"),
        ("miniture", "did you mean 'miniature'?"),
        ("./nowhere", "is a path, and no model's name; no folder is there"),
    ],
)
def test_a_models_name_that_cannot_be_one_is_told_at_once(name: str, told: str) -> None:
    with pytest.raises(ModelNotFoundError) as raised:
        check_model(None, name)
    assert told in str(raised.value)


def test_a_folder_for_a_model_is_offered_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=f"did you mean local-dir:{tmp_path}"):
        check_model(None, str(tmp_path))
    for name in ("RN50/openai", f"local-dir:{tmp_path}", "hf-hub:a/b", "miniature", None):
        check_model(None, name)


def test_a_scan_of_no_layer_is_refused() -> None:
    for texts in (("",), (" , ",)):
        with pytest.raises(LayerNotFoundError, match="no layer was named"):
            check_layers(None, texts)
    check_layers(None, ())
    check_layers(None, ("a,b", ""))


def test_addresses_are_read() -> None:
    assert read_neuron(Neuron, [Word("visual.layer4:3")]) == Neuron("visual.layer4", 3)
    assert read_neurons(tuple, [Word("a:1"), Word("b:2")]) == (Neuron("a", 1), Neuron("b", 2))
    with pytest.raises(AddressError, match="LAYER:UNIT"):
        read_neurons(tuple, [Word("a:1"), Word("b")])
