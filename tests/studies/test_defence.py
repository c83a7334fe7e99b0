"""Units that carry words and no pictures come first, and silencing them is what mends the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Clip
from neurons.errors import LabelsMissingError, OptionError
from neurons.lettering import Lettering
from neurons.miniature.concepts import concepts
from neurons.miniature.scenes import TEMPLATES
from neurons.studies.defence import Defence, defend
from neurons.zeroshot import ZeroShot, zero_shot
from tests.conftest import picture
from tests.glyphs import BANK, GLYPHS, LETTERS, glyph_reader, plain_pictures

# a planted reader's classes are called by their glyphs, so that their names are what is written
NAMED = ZeroShot(("thing", *GLYPHS), np.eye(1 + len(GLYPHS), dtype=np.float32), scale=10.0)


def test_the_units_that_read_are_silenced_and_no_others(planted: Clip, tmp_path: Path) -> None:
    images = plain_pictures(tmp_path / "pictures", n=30)
    found = defend(
        glyph_reader(planted),
        images,
        readout=NAMED,
        words=list(GLYPHS),
        layers=[BANK],
        wanted=0.0,
        lettering=LETTERS,
    )
    assert found.reached
    # only the readers vary with the word and never with the picture
    assert set(found.units) <= set(range(len(GLYPHS)))
    assert found.intact().success.value == 1 and found.intact().attacked_accuracy.value == 0
    assert found.intact().accuracy.value == found.defended().accuracy.value == 1
    # fewer units were chosen with half of the glyphs; the other half tests them
    assert min(point.success.value for point in found.random) > 0.5
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
        n=120,
        rows=[i for i, way in enumerate(ways) if way in ("flat", "photo")],
        n_random=5,
    )
    whole, mended = found.intact(), found.defended()
    assert found.reached and len(found.units) < 128
    assert whole.success.interval.low > 0.8
    assert mended.success.interval.high < whole.success.value - 0.2
    assert mended.accuracy.value >= whole.accuracy.value - 0.05
    assert mended.success.value < min(point.success.value for point in found.random) - 0.1


def test_what_cannot_be_reached_is_told(planted: Clip, tmp_path: Path) -> None:
    images = plain_pictures(tmp_path / "pictures")
    # silencing one in ten of the readers leaves most of them
    found = defend(
        glyph_reader(planted), images, readout=NAMED, words=list(GLYPHS), layers=["visual"],
        wanted=0.0, lettering=LETTERS,
    )  # fmt: skip
    assert not found.reached or found.defended().success.value <= 1
    with pytest.raises(OptionError, match="wanted 1.5"):
        defend(planted, images, readout=NAMED, wanted=1.5)
    with pytest.raises(OptionError, match="1 words that are classes"):
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
