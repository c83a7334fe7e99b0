"""What does a user see of how linear a readout is?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurons import Linearity
from neurons.errors import OptionError
from tests.conftest import LAYER


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("words") / "words.txt"
    file.write_text("red\nstripe\nplain\nnoise\nwall\n", encoding="utf-8")
    return file


def test_the_form_to_use_is_named_and_kept(
    command, refused, scanned: Path, words: Path, tmp_path: Path
) -> None:
    out = tmp_path / "readout"
    done = command("linearize", "--run", scanned, "--texts", words, "--out", out)
    assert done.code == 0, done.err
    assert done.out.startswith(("Use ", "No linear form of"))
    assert "mean attention" in done.out and "weights only" in done.out
    found = Linearity.load(out / "result")
    assert found.exact_error < 1e-5 and (found.n_fitted, found.n_held_out) == (20, 20)
    # the form that explains most comes first, and its directions are those that are kept
    assert found.forms[0].r2 >= found.forms[1].r2
    known = found.directions()
    assert known.level == found.forms[0].name
    np.testing.assert_array_equal(known.vectors, found.forms[0].vectors)
    with pytest.raises(OptionError, match="no linear form 'exact' of visual.layer4; there are: "):
        found.directions("exact")
    # the same again writes the same; another question does not write over it
    assert command("linearize", "--run", scanned, "--texts", words, "--out", out).code == 0
    told = refused("linearize", "--run", scanned, "--texts", words, "--n", 30, "--out", out)
    assert "n: the answer has 1000, asked is 30" in told


def test_what_cannot_be_measured_is_refused_in_one_line(
    refused, scanned: Path, words: Path
) -> None:
    assert "a run by --run, or a model" in refused("linearize", "miniature")
    told = refused("linearize", "--run", scanned, "--layer", "visual.layer3", "--texts", words)
    assert "reads visual.layer4, not 'visual.layer3'" in told
    assert "19 images" in refused("linearize", "--run", scanned, "--n", 19, "--texts", words)


def test_a_folder_that_holds_no_readout_is_refused(
    refused, scanned: Path, words: Path, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothere"
    told = refused("texts", scanned, f"{LAYER}:3", "--words", words, "--readout", nothing)
    assert "is no folder that `neurons linearize --out` wrote" in told
