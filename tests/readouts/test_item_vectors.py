"""Items lie where the model puts them, whichever way it was asked; written words are centred."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

import neurons
from neurons import Clip, Lettering
from neurons.errors import OptionError
from neurons.readouts.item_sets import Pictures, Words, WrittenWords
from neurons.readouts.item_vectors import Place, item_vectors, written_words
from tests.conftest import LAYER, RED

# of one size: none is searched for
LETTERS = Lettering(size_px=10, places=(0.5, 0.5))


def test_each_side_gets_its_own_vectors_in_its_own_order(planted: Clip, pictures: Path) -> None:
    shown = neurons.images(pictures)
    sides = [
        WrittenWords("w", ("love", "war")),
        Pictures("p", shown, (3, 1)),
        Words("t", ("love", "war", "peace")),
        Pictures("q", shown, (7,)),
    ]
    written, first, text, second = item_vectors(
        planted, sides, Place(templates=("{}",), lettering=LETTERS)
    )
    assert [len(each) for each in (written, first, text, second)] == [2, 2, 3, 1]
    batch = torch.stack([_pixels(planted, shown, row) for row in (3, 1, 7)])
    theirs = functional.normalize(planted.embed_images(batch), dim=1).numpy()
    np.testing.assert_allclose(np.concatenate([first, second]), theirs, atol=1e-5)
    alone = functional.normalize(planted.embed_texts(["love", "war", "peace"]), dim=1).numpy()
    np.testing.assert_allclose(text, alone, atol=1e-5)


def _pixels(clip: Clip, images, row: int) -> torch.Tensor:
    from neurons.data.prepared import prepare

    return prepare(clip.preprocess, images, rows=[row]).pixels[0]


def test_written_words_look_alike_until_the_mean_of_others_is_off() -> None:
    clip = neurons.load("miniature", device="cpu")
    words = ("love", "war", "peace", "jail", "gift", "rose")
    (vectors,) = item_vectors(clip, [WrittenWords("w", words)], Place(lettering=LETTERS))
    drawn = written_words((96, 96), words, LETTERS)[:, 0]
    plain = functional.normalize(clip.embed_images(drawn), dim=1).numpy()
    assert cosines(plain) > cosines(vectors) + 0.15
    assert abs(cosines(vectors)) < 0.4


def cosines(vectors: np.ndarray) -> float:
    """Mean cosine of each vector with each other."""
    ways = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return float((ways @ ways.T)[np.triu_indices(len(ways), 1)].mean())


def test_a_layer_gives_its_units_peaks_minus_the_centre(planted: Clip, pictures: Path) -> None:
    shown = neurons.images(pictures)
    rows = {kind: [i for i, each in enumerate(shown.ids) if kind in each] for kind in
            ("red", "plain")}  # fmt: skip
    red, plain = (Pictures(kind, shown, tuple(rows[kind])) for kind in rows)
    whole = item_vectors(planted, [red, plain], Place(LAYER))
    assert whole[0][:, RED].min() > whole[1][:, RED].max()
    centre = whole[1].mean(0)
    taken = item_vectors(planted, [red, plain], Place(LAYER, centre=centre))
    np.testing.assert_allclose(taken[1], whole[1] - centre, atol=1e-6)


def test_text_in_a_layer_and_words_without_letters_are_refused(planted: Clip) -> None:
    with pytest.raises(OptionError, match="reads no text: write the words"):
        item_vectors(planted, [Words("w", ("love",))], Place(LAYER))
    long = "a sentence that is far too long to be written on a picture of this size " * 3
    with pytest.raises(OptionError, match="1 of 2 words of 'w' cannot be written"):
        item_vectors(planted, [WrittenWords("w", ("love", long))], Place(lettering=LETTERS))


def test_a_picture_under_two_names_is_refused(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    for i, name in enumerate(("a", "b")):
        (tmp_path / f"{name}.png").write_bytes((pictures / "red" / "00.png").read_bytes())
        assert i < 2
    shown = neurons.images(tmp_path)
    sides = [Pictures("x", shown, (0,)), Pictures("y", shown, (1,))]
    with pytest.raises(OptionError, match=r"'a.png' and 'b.png' are the same"):
        item_vectors(planted, sides, Place())
