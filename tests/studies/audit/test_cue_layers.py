"""Is it told which cue wins in a layer, and which units see it?"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from PIL import Image

import neurons
from neurons import Activations, Clip, CueLayers
from neurons.data.cue_images import CueImages, cue_images
from neurons.errors import OptionError, StaleActivationsError
from tests.conftest import LAYER, RED, STRIPE
from tests.studies.audit.conftest import drawn


@pytest.fixture(scope="module")
def run(wired: Clip, tmp_path_factory: pytest.TempPathFactory) -> tuple[Activations, Path]:
    """Things without a conflict, scanned by a network that knows red and stripes only."""
    root = tmp_path_factory.mktemp("layers")
    for name in ("post", "wall", "field"):
        (root / "pictures" / name).mkdir(parents=True)
        for i in range(12):
            path = root / "pictures" / name / f"{i}.png"
            Image.fromarray(drawn(name, name, 50 + i)).save(path)
    neurons.scan(wired, neurons.images(root / "pictures"), [LAYER], root / "run")
    return Activations.open(root / "run"), root / "pictures"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> CueImages:
    """Conflicts of posts with walls and fields, which look alike, and of these two."""
    root = tmp_path_factory.mktemp("three")
    for shape, colour in itertools.permutations(("post", "wall", "field"), 2):
        (root / shape).mkdir(exist_ok=True)
        for i in range(8):
            image = Image.fromarray(drawn(shape, colour, i))
            image.save(root / shape / f"{shape}{i + 1}-{colour}{i + 1}.png")
    return cue_images(root)


def test_planted_units_follow_colour_and_outline(
    wired: Clip, run: tuple[Activations, Path], three: CueImages, tmp_path: Path
) -> None:
    opened, pictures = run
    found = neurons.cue_layers(wired, opened, neurons.images(pictures), three)
    # posts are known, and the two others guessed
    assert 0.6 < found.layers[0].right.value < 0.9
    units = {each.neuron: each for each in found.units}
    red, stripe = units[f"{LAYER}:{RED}"], units[f"{LAYER}:{STRIPE}"]
    assert red.class_name == stripe.class_name == "post"
    assert stripe.auc["shape"] == 1.0 and red.auc["texture"] == 1.0
    assert (stripe.follows, red.follows) == (("shape",), ("texture",))
    assert found.by_chance[LAYER] == {"shape": 0, "texture": 0}
    assert found.title == "Where does shape win?"
    found.save(tmp_path)
    assert CueLayers.load(tmp_path).verdict() == found.verdict()


def test_a_run_of_another_model_is_refused(
    planted: Clip, run: tuple[Activations, Path], posts_and_walls: CueImages
) -> None:
    opened, pictures = run
    with pytest.raises(StaleActivationsError):
        neurons.cue_layers(planted, opened, neurons.images(pictures), posts_and_walls)


def test_images_that_lack_a_class_are_named(
    wired: Clip, run: tuple[Activations, Path], posts_and_walls: CueImages, tmp_path: Path
) -> None:
    for name in ("post", "fence"):
        (tmp_path / "p" / name).mkdir(parents=True)
        Image.fromarray(drawn("post", "post", 1)).save(tmp_path / "p" / name / "1.png")
    images = neurons.images(tmp_path / "p")
    neurons.scan(wired, images, [LAYER], tmp_path / "run")
    with pytest.raises(OptionError, match="no class 'wall'.*their classes: fence, post"):
        neurons.cue_layers(wired, Activations.open(tmp_path / "run"), images, posts_and_walls)


def test_units_that_cannot_be_tested_are_counted(
    wired: Clip, run: tuple[Activations, Path], posts_and_walls: CueImages
) -> None:
    # of two classes, every conflict has something of either
    opened, pictures = run
    found = neurons.cue_layers(wired, opened, neurons.images(pictures), posts_and_walls)
    assert all(not each.tested for each in found.units)
    assert f"{len(found.units)} of them could not be tested" in found.verdict()
