"""Units that carry words and no pictures come first, and silencing them is what mends the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Clip, Sample
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES
from neurons.errors import LabelsMissingError, LayerNotFoundError, OptionError
from neurons.interventions.saved_edits import save_edit
from neurons.lettering.lettering import Lettering
from neurons.readouts.readout import ZeroShot, zero_shot
from neurons.results.table import as_arrow
from neurons.stats import Share
from neurons.studies.typography.defence import Defence, defend
from tests.conftest import picture
from tests.glyphs import BANK, GLYPHS, LETTERS, glyph_reader, plain_pictures, two_halves

# a planted reader's classes are called by their glyphs, so that their names are what is written
NAMED = ZeroShot(("thing", *GLYPHS), np.eye(1 + len(GLYPHS), dtype=np.float32), scale=10.0)


def test_the_units_that_read_are_silenced_and_no_others(planted: Clip, tmp_path: Path) -> None:
    images = plain_pictures(tmp_path / "pictures", n=24)
    found = defend(
        glyph_reader(planted),
        images,
        readout=NAMED,
        words=list(GLYPHS),
        layers=[BANK],
        wanted=0.0,
        lettering=LETTERS,
        sample=Sample(n=14),
        n_random=1,
    )
    # eight of the 24 show a class that the readout has not: the others are what is drawn from
    assert (found.n, found.n_choosing) == (7, 7)
    assert found.reached
    # only the readers of the words that chose vary with those words and never with the picture
    readers = {GLYPHS.index(word) for word in GLYPHS if word not in found.words}
    assert set(found.units) == readers and len(readers) == 4
    chosen = [point for point in found.choosing if point.size >= 4]
    assert all(point.success.value == 0 for point in chosen)
    assert found.intact().success.value == 1 and found.intact().attacked_accuracy.value == 0
    assert found.intact().accuracy.value == found.defended().accuracy.value == 1
    # every glyph has a unit of its own here, so other words are read as before: it is told
    assert found.defended().success.value == 1
    assert found.verdict().startswith("4 units of visual.bank set to zero: attack success 1.000")
    # that what was wanted was not reached is said first
    unreached = replace(found, reached=False)
    assert unreached.verdict().startswith(
        "No set that was tried came to 0 at a cost of 0.02 or less"
    )
    assert found.title == "Defence" and found.facts()[0] == ("units silenced", "4")
    rows = as_arrow(found.rows()).to_pylist()
    assert len(rows) == len(found.choosing) + len(found.frontier) + 1
    assert {row["measured"] for row in rows} == {"choosing", "frontier", "random"}
    assert rows[-1]["success.n"] == 7 and rows[-1]["size"] == 4
    found.save(tmp_path / "result")
    again = Defence.load(tmp_path / "result")
    assert again.edits() == found.edits() and again.frontier == found.frontier


def test_the_miniature_is_mended_and_random_units_do_not_mend_it() -> None:
    clip, images = neurons.load("miniature", device="cpu"), neurons.images("miniature")
    ways = images.column("rendition")
    found = defend(
        clip,
        images,
        readout=zero_shot(
            clip, {n: c.words for n, c in concepts().items()}, templates=("{}", *TEMPLATES)
        ),
        layers=["visual.layer3"],
        wanted=0.4,
        lettering=Lettering(places="random", area=0.05),
        sample=Sample(n=80, rows=[i for i, way in enumerate(ways) if way in ("flat", "photo")]),
        n_random=3,
    )
    whole, mended = found.intact(), found.defended()
    assert found.reached and len(found.units) < 128
    assert whole.success.interval.low > 0.8
    assert mended.success.interval.high < whole.success.value - 0.2
    assert mended.accuracy.value >= whole.accuracy.value - 0.05
    assert mended.success.value < min(point.success.value for point in found.random) - 0.1


def test_a_defence_is_measured_on_images_that_chose_nothing(planted: Clip, tmp_path: Path) -> None:
    # plain pictures all, but only those that choose are called what they are read as
    grey = (120, 120, 120)
    images = two_halves(tmp_path / "halves", (grey, "thing"), (grey, "A"))
    found = defend(
        glyph_reader(planted), images, readout=NAMED, words=list(GLYPHS), layers=[BANK],
        wanted=0.0, lettering=LETTERS, sample=Sample(n=12), n_random=1,
    )  # fmt: skip
    assert all(point.accuracy == Share(6, 6) for point in found.choosing if point.size == 0)
    assert found.intact().accuracy == Share(0, 6)


def test_a_defence_that_helps_nothing_says_so_and_keeps_no_edit(
    planted: Clip, tmp_path: Path
) -> None:
    reader, images = glyph_reader(planted), plain_pictures(tmp_path / "pictures", n=24)
    asked = {"words": list(GLYPHS), "layers": [BANK], "lettering": LETTERS, "n_random": 1}
    # words are written so that nothing is seen of them: there is nothing to defend against
    faint = {**asked, "lettering": replace(LETTERS, opacity=0.01)}
    found = defend(reader, images, readout=NAMED, sample=Sample(n=14), **faint)
    assert found.empty and found.edits() == {} and found.random == ()
    assert found.verdict().startswith("There is nothing to defend against")
    with pytest.raises(OptionError, match="no unit is set"):
        save_edit(tmp_path / "edit.json", found.edits(), clip=reader)
    assert not (tmp_path / "edit.json").exists()
    # pages and tables are whole without an edit
    assert found.blocks() and found.rows() and found.facts()[0] == ("units silenced", "0")
    unhelped = replace(found, reached=False)
    assert unhelped.verdict().startswith("Nothing that was tried helps: of ")


def test_a_layer_that_is_not_there_is_told_before_an_image_is_read(
    planted: Clip, tmp_path: Path
) -> None:
    (tmp_path / "thing").mkdir()
    for name in "ab":
        (tmp_path / "thing" / f"{name}.png").write_bytes(b"no picture")
    with pytest.raises(LayerNotFoundError):
        defend(
            planted, neurons.images(tmp_path), readout=NAMED, words=list(GLYPHS),
            layers=["visual.nothing"], lettering=LETTERS,
        )  # fmt: skip


def test_mistakes_are_told(planted: Clip, tmp_path: Path) -> None:
    images = plain_pictures(tmp_path / "pictures")
    with pytest.raises(OptionError, match="wanted 1.5"):
        defend(planted, images, readout=NAMED, wanted=1.5)
    with pytest.raises(OptionError, match="1 words that are classes"):
        defend(planted, images, readout=NAMED, words=["A"], lettering=LETTERS)
    with pytest.raises(OptionError, match="0 words that are classes"):
        defend(planted, images, readout=NAMED, words=[], lettering=LETTERS)
    with pytest.raises(OptionError, match="no class 'pig'"):
        defend(planted, images, readout=NAMED, words=["A", "pig"], lettering=LETTERS)
    for i in range(2):
        (tmp_path / "flat").mkdir(exist_ok=True)
        Image.fromarray(picture(seed=i)).save(tmp_path / "flat" / f"{i}.png")
    with pytest.raises(LabelsMissingError):
        defend(planted, neurons.images(tmp_path / "flat"), readout=NAMED)
    (tmp_path / "others" / "pig").mkdir(parents=True)
    Image.fromarray(picture()).save(tmp_path / "others" / "pig" / "a.png")
    with pytest.raises(OptionError, match="0 images of .* show a class of the readout"):
        defend(planted, neurons.images(tmp_path / "others"), readout=NAMED, lettering=LETTERS)
