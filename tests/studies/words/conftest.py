"""A run of a network in which two known units carry a text, and where its units point."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

import neurons
from neurons import Activations, Clip, ImageSet
from neurons.data.prepared import prepare
from neurons.readouts.reference_words import reference_words
from neurons.readouts.resnet_readout import ResNetReadout, resnet_readout
from neurons.readouts.text_candidates import TextCandidates
from neurons.readouts.unit_directions import UnitDirections
from tests.conftest import LAYER
from tests.readouts.wired_text import wired_to_text


@dataclass(frozen=True)
class Wired:
    clip: Clip
    run: Activations
    images: ImageSet
    readout: ResNetReadout
    directions: UnitDirections
    words: TextCandidates


@pytest.fixture(scope="session")
def wired(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Wired:
    folder = tmp_path_factory.mktemp("wired-text")
    clip, images = wired_to_text(folder), neurons.images(pictures)
    neurons.scan(clip, images, [LAYER], folder / "run")
    readout = resnet_readout(clip)
    fitting = readout.fitting()
    fitting.add(readout.read(prepare(clip.preprocess, images).pixels))
    level = fitting.levels()[0]
    directions = UnitDirections(LAYER, level.vectors.numpy(), level.name, "nothing", 0.9, True)
    run = Activations.open(folder / "run")
    return Wired(clip, run, images, readout, directions, reference_words(clip))
