from __future__ import annotations

import subprocess
import sys

import pytest

from neurons.errors import OptionError
from neurons.lettering.lettering import Lettering


@pytest.mark.parametrize(
    "wrong",
    [
        {"font": "Arial"},
        {"size_px": None, "area": None},
        {"size_px": 0},
        {"area": 0.0},
        {"area": 1.5},
        {"opacity": 0.0},
        {"stroke_px": -1},
        {"colour": (0, 0, 256)},
        {"plate": (0, 0)},
        {"places": "everywhere"},
        {"places": (0.5, 1.5)},
    ],
)
def test_settings_that_make_no_sense_are_told(wrong: dict) -> None:
    with pytest.raises(OptionError):
        Lettering(**wrong)


def test_provenance_tells_equal_letterings_from_others() -> None:
    assert Lettering().provenance() == Lettering().provenance()
    others = [
        Lettering(size_px=12), Lettering(area=0.1), Lettering(places="random"),
        Lettering(colour=(9, 9, 9)), Lettering(rotation_deg=5), Lettering(plate=(1, 2, 3)),
        Lettering("Intuitive"), Lettering(opacity=0.5), Lettering(stroke_px=2),
    ]  # fmt: skip
    seen = [str(each.provenance()) for each in (Lettering(), *others)]
    assert len(set(seen)) == len(seen)
    # where a size is given the area is not looked at
    assert Lettering(size_px=9).provenance() == Lettering(size_px=9, area=0.3).provenance()


def test_options_are_read_before_torch_is_loaded() -> None:
    asked = (
        "import sys; from neurons.lettering.lettering import Lettering; "
        "Lettering(places='random', repeats=True); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("lettering", "copies"),
    [
        (Lettering(), 8),
        (Lettering(places="random"), 1),
        (Lettering(places="random", repeats=True), 8),
        (Lettering(places=(0.5, 0.5)), 1),
        (Lettering(places=(0.5, 0.5), repeats=True), 8),
    ],
)
def test_the_article_and_repeats_write_eight_copies_all_else_one(
    lettering: Lettering, copies: int
) -> None:
    assert lettering.copies == copies
