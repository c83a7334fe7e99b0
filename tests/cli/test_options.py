"""Words of a command line become option groups, and these the library's values."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import neurons
from neurons import Activations, Clip, Lettering, Sample
from neurons.address import Neuron
from neurons.cli.app import app
from neurons.cli.options import (
    ClassOptions,
    DeviceOptions,
    ImageOptions,
    LetteringOptions,
    ModelOptions,
    ReadoutOptions,
    RunImageOptions,
    SamplingOptions,
)
from neurons.errors import ImagesNotFoundError, LabelsMissingError, OptionError
from neurons.network.inference import exact, fast


def parsed(*words: object) -> dict[str, Any]:
    """Parse a command line, and give what its command would be called with."""
    _, bound, _ = app().parse_args([str(word) for word in words])
    bound.apply_defaults()
    return dict(bound.arguments)


RUN = ("attack", "run", "-m", "miniature", "--targets", "pig", "-o", "x", "-i", ".")


def test_each_word_reaches_its_group() -> None:
    asked = parsed(*RUN, "--device", "cpu", "--precision", "fast", "--label-column", "name",
                   "--n", 7, "--only", "a=b", "--seed", 3, "--classes", "pig,cow", "--prompts",
                   "plain", "--size", 20, "--colour", "red", "--repeats")  # fmt: skip
    assert asked["model"] == ModelOptions(model="miniature", device="cpu", precision="fast")
    assert asked["images"] == ImageOptions(images=(".",), label_column="name")
    assert asked["sampling"] == SamplingOptions(n=7, only="a=b", seed=3)
    assert asked["asked"] == ReadoutOptions(classes="pig,cow", prompts="plain")
    assert asked["letters"] == LetteringOptions(size=20, colour="red", repeats=True)


def test_what_is_not_given_keeps_its_default() -> None:
    asked = parsed(*RUN)
    assert asked["model"] == ModelOptions(model="miniature")
    assert asked["sampling"] == SamplingOptions() and asked["sampling"].n == 200
    assert asked["letters"] == LetteringOptions()
    search = parsed("attack", "search", "-m", "m", "--target", "pig", "-o", "x", "-i", ".",
                    "--seed", 2)  # fmt: skip
    # a search tries every string on each image, so it takes fewer
    assert (search["sampling"].n, search["sampling"].seed) == (64, 2)


def test_images_are_repeated_or_not_given(scanned: Path) -> None:
    files = [str(path) for path in sorted(Path(__file__).parent.glob("test_*.py"))[:2]]
    assert parsed(*RUN[:-2], "-i", files[0], "--images", files[1])["images"].images == tuple(files)
    assert parsed("roles", _probe_folder(scanned), "a:1")["images"] == RunImageOptions()


def _probe_folder(scanned: Path) -> Path:
    folder = scanned.parent / "as-a-probe"
    folder.mkdir(exist_ok=True)
    for name in ("probe.json", "result.json"):
        (folder / name).write_text("{}")
    return folder


def test_addresses_become_neurons_once(scanned: Path) -> None:
    asked = parsed("report", scanned, "a.b:1", "c:20", "--out", "x")
    assert asked["addresses"] == (Neuron("a.b", 1), Neuron("c", 20))
    asked = parsed("probe", scanned, "-l", "a", "-o", "x", "--without", "a:1", "--without", "a:2")
    assert asked["fit"].without == (Neuron("a", 1), Neuron("a", 2))
    assert parsed("examples", scanned, "a:3")["neuron"] == Neuron("a", 3)


def test_where_nobody_says_how_the_library_chooses_the_lettering(planted: Clip) -> None:
    assert LetteringOptions().lettering(planted) is None
    # what is asked for is laid over the default for the network's input of 96 px
    assert LetteringOptions(area=0.2).lettering(planted) == Lettering(places="random", area=0.2)
    assert LetteringOptions(place="article").lettering(planted) == Lettering()
    assert LetteringOptions().for_files() == Lettering()


def test_a_lettering_that_makes_no_sense_is_refused_before_a_model_is_there() -> None:
    for wrong in ({"colour": "reddish"}, {"place": "everywhere"}, {"opacity": 2.0}, {"size": 0.0}):
        with pytest.raises(OptionError):
            LetteringOptions(**wrong).check()


def test_every_part_of_a_lettering_can_be_asked_for(planted: Clip) -> None:
    made = LetteringOptions(
        font="SourceSerifPro-Bold", size=30, area=0.2, place="0.5,0.8", colour="red", stroke=3,
        stroke_colour="#000000", plate="white", rotation=15, opacity=0.5, repeats=True,
    ).lettering(planted)  # fmt: skip
    assert made.font == "SourceSerifPro-Bold"
    assert (
        made is not None and made.size_px == 30 and made.area == 0.2 and made.places == (0.5, 0.8)
    )
    assert made.colour == (212, 36, 36) and made.stroke_px == 3
    assert made.stroke_colour == (0, 0, 0) and made.plate == (255, 255, 255)
    assert (made.rotation_deg, made.opacity, made.repeats) == (15, 0.5, True)
    # an option that is added to the library is missed here until the command line has it
    assert len(fields(LetteringOptions)) == len(fields(Lettering))


def test_a_model_is_loaded_where_and_as_it_was_asked_for() -> None:
    clip = ModelOptions(model="miniature", device="cpu").open()
    assert (clip.name, clip.device.type) == ("miniature", "cpu")
    assert DeviceOptions(device="cpu").load("miniature").name == "miniature"
    assert ModelOptions(model="m").how() is exact
    assert ModelOptions(model="m", precision="fast").how() is fast


def test_images_are_opened_or_refused_at_once(pictures: Path, scanned: Path) -> None:
    assert len(ImageOptions(images=(str(pictures),)).open()) == 40
    files = sorted(str(path) for path in pictures.glob("red/*.png"))[:3]
    assert list(ImageOptions(images=tuple(files)).open().ids) == files
    with pytest.raises(ImagesNotFoundError, match="no images at 'nowhere'"):
        ImageOptions(images=("nowhere",))
    run = Activations.open(scanned)
    assert len(RunImageOptions().of(run)) == 40
    assert len(RunImageOptions(images=tuple(files)).of(run)) == 3


def test_rows_are_those_of_a_columns_values(drawn) -> None:
    assert SamplingOptions(n=5, seed=3).of(drawn) == Sample(5, None, 3)
    rows = SamplingOptions(only="rendition=flat,photo").of(drawn).rows
    shown = drawn.column("rendition")
    assert rows == [i for i, value in enumerate(shown) if value in ("flat", "photo")]
    with pytest.raises(OptionError, match="COLUMN=VALUE"):
        SamplingOptions(only="rendition").of(drawn)
    with pytest.raises(LabelsMissingError, match="no column 'colour'"):
        SamplingOptions(only="colour=red").of(drawn)


@pytest.fixture(scope="module")
def drawn() -> neurons.ImageSet:
    return neurons.images("miniature")


def test_classes_are_read_zero_shot_with_the_prompts_asked_for(planted: Clip) -> None:
    readout = ClassOptions(classes="red, stripe", prompts="plain").readout(planted, None)
    assert readout.class_names == ("red", "stripe")
    with pytest.raises(OptionError, match="no classes; name some"):
        ClassOptions().readout(planted, None)


def test_without_a_probe_there_is_one_readout(planted: Clip, pictures: Path) -> None:
    shown = neurons.images(pictures)
    found = ReadoutOptions(prompts="plain").readouts(planted, shown)
    assert list(found) == ["zero-shot"]
    assert found["zero-shot"].class_names == ("noisy", "plain", "red", "stripe")
