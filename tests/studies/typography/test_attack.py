"""A planted reader falls for its glyph and for no control; successes are counted as they are."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import neurons
from neurons import Clip, ImageSet, Sample
from neurons.attacks.conditions import AttackTarget
from neurons.attacks.doubts import MeaninglessWarning
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES
from neurons.errors import LayerNotFoundError, NeuronNotFoundError, OptionError
from neurons.lettering.lettering import Lettering
from neurons.readouts.readout import zero_shot
from neurons.results.table import as_arrow
from neurons.stats import Share
from neurons.studies.typography.attack import Attack, attack
from tests.conftest import shared
from tests.glyphs import BANK, GLYPHS, LETTERS, glyph_reader, plain_pictures, probe_of, zero_shot_of


@pytest.fixture(scope="module")
def reader(planted: Clip) -> Clip:
    return glyph_reader(planted)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return plain_pictures(tmp_path_factory.mktemp("plain") / "pictures")


def test_the_glyph_takes_the_images_over_and_no_control_does(reader: Clip, shown: ImageSet) -> None:
    readouts = {"zero-shot": zero_shot_of("#A"), "probe": probe_of("#")}
    found = attack(
        reader, shown, [AttackTarget("the #", "#")], readouts=readouts, lettering=LETTERS, n_shown=2
    )
    for name in readouts:
        assert found.outcome("#", readout=name).success == Share(12, 12)
        for control in ("blank", "no class"):
            assert found.outcome("#", control, readout=name).success == Share(0, 12)
        # eight of twelve pictures are labelled with a class that the readouts have
        assert found.outcome("#", "clean", readout=name).accuracy == Share(8, 8)
        assert found.outcome("#", readout=name).accuracy == Share(0, 8)
    # one letter has no other order
    with pytest.raises(OptionError, match="no 'shuffled' of '#'"):
        found.outcome("#", "shuffled")
    assert found.moved[0].neuron == f"{BANK}:{GLYPHS.index('#')}"
    assert [each.after[0][0] for each in found.shown] == ["the #", "the #"]
    assert 0 < found.outcome("#").coverage < 0.1


def test_a_silenced_network_does_not_fall(reader: Clip, shown: ImageSet) -> None:
    silenced = {f"{BANK}:{GLYPHS.index('#')}": 0.0}
    found = attack(
        reader,
        shown,
        [AttackTarget("the #", "#")],
        readouts={"zero-shot": zero_shot_of("#A")},
        lettering=LETTERS,
        edits=silenced,
    )
    assert found.outcome("#").success == Share(0, 12)
    # that nothing was found is said first
    assert found.verdict().startswith(
        "Read by zero-shot, the words do not clearly beat the control “blank”. “#”"
    )
    assert found.provenance["edits"] == {f"{BANK}:0": 0.0}


def test_mistakes_are_told_before_anything_is_read(reader: Clip, shown: ImageSet) -> None:
    readouts = {"zero-shot": zero_shot_of("#")}
    with pytest.raises(OptionError, match="no class 'iPod'; the readout's are: thing, the #"):
        attack(reader, shown, [AttackTarget.parse("iPod")], readouts=readouts)
    with pytest.raises(OptionError, match="0 targets"):
        attack(reader, shown, [], readouts=readouts)
    with pytest.raises(OptionError, match="1 targets, 0 readouts"):
        attack(reader, shown, [AttackTarget("the #", "#")], readouts={})
    with pytest.raises(OptionError, match="no room for one copy"):
        attack(
            reader, shown, [AttackTarget("the #", "#" * 99)], readouts=readouts, lettering=LETTERS
        )
    with pytest.raises(NeuronNotFoundError):
        attack(
            reader, shown, [AttackTarget("the #", "#")], readouts=readouts, lettering=LETTERS,
            edits={f"{BANK}:999": 0.0},
        )  # fmt: skip


def test_a_layer_or_unit_that_is_not_there_is_told_before_an_image_is_read(
    reader: Clip, tmp_path: Path
) -> None:
    # a file that is no picture: to read it first would be another error
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_bytes(b"no picture")
    asked = {"readouts": {"zero-shot": zero_shot_of("#")}, "lettering": LETTERS}
    images, targets = neurons.images(tmp_path), [AttackTarget("the #", "#")]
    with pytest.raises(LayerNotFoundError):
        attack(reader, images, targets, layer="visual.bnak", **asked)
    with pytest.raises(NeuronNotFoundError):
        attack(reader, images, targets, edits={f"{BANK}:999": 0.0}, **asked)


def test_where_every_image_is_the_class_there_is_nothing_to_attack(
    reader: Clip, tmp_path: Path
) -> None:
    (tmp_path / "all" / "the #").mkdir(parents=True)
    for file in sorted(Path(plain_pictures(tmp_path / "plain", 24).name).rglob("*.png")):
        shutil.copy(file, tmp_path / "all" / "the #")
    with (
        pytest.warns(MeaninglessWarning, match="cannot tell these classes apart"),
        pytest.raises(OptionError, match="all 24 images show 'the #' or are read as it already"),
    ):
        attack(
            reader, neurons.images(tmp_path / "all"), [AttackTarget("the #", "#")],
            readouts={"zero-shot": zero_shot_of("#")}, lettering=LETTERS,
        )  # fmt: skip


def test_a_model_that_sees_nothing_is_told_first_of_all(reader: Clip, tmp_path: Path) -> None:
    shown = plain_pictures(tmp_path, 36)
    # the pictures' classes, exchanged: things are read as what they are not
    blind = replace(zero_shot_of("#"), class_names=("the #", "thing"))
    with pytest.warns(MeaninglessWarning, match="cannot tell these classes apart"):
        found = attack(
            reader, shown, [AttackTarget("thing", "#")], readouts={"zero-shot": blind},
            lettering=LETTERS, n_shown=0,
        )  # fmt: skip
    assert found.verdict().startswith("Read by zero-shot, the model cannot tell these classes")
    # things cannot become things: the other twelve are attacked
    assert found.outcome("#").success == Share(12, 12)
    assert found.outcome("#", "clean").success == Share(24, 36)
    assert "24 of 36 images are not counted" in found.verdict()


def test_an_attack_reloads_as_it_was(reader: Clip, shown: ImageSet, tmp_path: Path) -> None:
    readouts = {"zero-shot": zero_shot_of("#")}
    targets = [AttackTarget("the #", "#")]
    found = attack(reader, shown, targets, readouts=readouts, lettering=LETTERS)
    found.save(tmp_path)
    again = Attack.load(tmp_path)
    assert (again.outcomes, again.classes, again.shown) == (
        found.outcomes,
        found.classes,
        found.shown,
    )
    same = attack(reader, shown, targets, readouts=readouts, lettering=LETTERS)
    assert same.outcomes == found.outcomes
    assert found.verdict().startswith("“#” makes the # of 1.000 (0.758 to 1.000, n = 12) of images")
    assert "Written: one copy in the middle, letters of 32 px." in found.verdict()
    assert found.title == "Attack: #"
    assert repr(found).startswith(
        "<Attack Attack: #: images 12, success 1.000, written one copy in"
    )
    table = as_arrow(found.rows()).to_pylist()
    assert [row["condition"] for row in table] == ["clean", "word", "blank", "no class"]
    assert table[1]["success.value"] == 1 and table[2]["success.interval.high"] < 0.3
    told = " ".join(str(block) for block in found.described())
    assert "1.000 (0.758 to 1.000, n = 12)" in told


def test_on_the_miniature_words_work_and_their_controls_do_not() -> None:
    clip, images = neurons.load("miniature", device="cpu"), neurons.images("miniature")
    things = [name for name, each in concepts().items() if each.family in THINGS]
    readout = zero_shot(
        clip, {name: concepts()[name].words for name in things}, templates=("{}", *TEMPLATES)
    )
    ways, names = images.column("rendition"), images.class_names
    rows = [
        i
        for i, label in enumerate(images.require_labels())
        if names[label] in things and ways[i] in ("flat", "photo")
    ]
    found = attack(
        clip,
        images,
        [AttackTarget("piggy bank", "$$$"), AttackTarget("guitar", "guitar")],
        readouts={"zero-shot": readout},
        lettering=Lettering(places="random", area=0.05),
        sample=Sample(n=48, rows=rows),
        n_shown=0,
    )
    # nothing but an area, or letters of no word, is worth more than a few images
    for text in ("$$$", "guitar"):
        assert found.outcome(text, "blank").success.interval.high < 0.15
        assert found.outcome(text, "no class").success.interval.high < 0.15
    assert found.outcome("guitar", "shuffled").success.interval.high < 0.15
    assert found.outcome("guitar").success.interval.low > 0.8
    assert found.outcome("$$$").success.interval.low > 0.25
    assert found.outcome("$$$", "clean").accuracy.value > 0.95


# families whose members are things that can be photographed, as ImageNet's classes are
THINGS = {
    "animals", "brands", "buildings", "fruit", "nature", "plants", "professions", "sky", "things",
    "vehicles", "compositional",
}  # fmt: skip


def test_on_a_real_clip_words_work_and_their_controls_do_not() -> None:
    clip = neurons.load(f"local-dir:{shared('models/tinyimagenet-clip')}", device="cpu")
    images = neurons.images(shared("data/tiny-imagenet/validation.parquet"))
    found = attack(
        clip,
        images,
        [AttackTarget("goldfish", "goldfish"), AttackTarget("teapot", "teapot")],
        readouts={"zero-shot": zero_shot(clip, images.class_names)},
        lettering=Lettering(places="random", area=0.05),
        sample=Sample(n=32),
        n_shown=0,
    )
    # measured on 100 images and three words: 0.70, and at most 0.01 for any control
    assert found.pooled().interval.low > 0.5
    for control in ("blank", "shuffled", "no class"):
        assert found.pooled(control).interval.high < 0.2, control
