"""What the command line refuses early, the library would refuse in the same words."""

from __future__ import annotations

from pathlib import Path

import pytest

import neurons
from neurons.address import Neuron
from neurons.cli.checks import check_images, check_probe, check_run, read_neuron, read_neurons
from neurons.errors import (
    AddressError,
    ImagesNotFoundError,
    NeuronsError,
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


def test_a_probe_is_refused_in_the_librarys_words(tmp_path: Path) -> None:
    check_probe(None, None)
    with pytest.raises(ResultNotFoundError) as early:
        check_probe(None, tmp_path)
    with pytest.raises(NeuronsError) as late:
        neurons.Probe.load(tmp_path)
    assert str(early.value) == str(late.value)


def test_addresses_are_read() -> None:
    assert read_neuron(Neuron, [Word("visual.layer4:3")]) == Neuron("visual.layer4", 3)
    assert read_neurons(tuple, [Word("a:1"), Word("b:2")]) == (Neuron("a", 1), Neuron("b", 2))
    with pytest.raises(AddressError, match="LAYER:UNIT"):
        read_neurons(tuple, [Word("a:1"), Word("b")])
