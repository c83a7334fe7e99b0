from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import neurons
from neurons import Clip
from neurons.attacks import set_scores
from neurons.attacks.doubts import MeaninglessWarning
from neurons.attacks.published_sets import labelled, rta100
from neurons.attacks.synthetic_set import synthetic
from neurons.errors import ImagesNotFoundError, OptionError
from neurons.lettering.lettering import Lettering
from neurons.results.blocks import Bars, Gallery, Note, Table
from neurons.results.table import as_arrow
from neurons.studies.typography.bench import TypographyBench, bench
from tests.conftest import shared


@pytest.fixture
def reader(planted: Clip, monkeypatch: pytest.MonkeyPatch) -> Clip:
    """A model that answers by redness: grey is ``dull``, red ``red``, and deep red ``blood``."""
    axes = torch.nn.functional.one_hot(torch.arange(3), 16).float()
    angle = {name: i for i, name in enumerate(("dull", "red", "blood"))}

    class Texts:
        def __call__(self, texts: Sequence[str]) -> torch.Tensor:
            return torch.tensor([[angle[text.split()[-1].rstrip(".")]] for text in texts])

    network = torch.nn.Module()
    network.visual = planted.network.visual  # type: ignore[assignment]

    def encode_image(inputs: torch.Tensor) -> torch.Tensor:
        red = (inputs[:, 0] - inputs[:, 1]).mean((1, 2))
        return axes[torch.bucketize(red, torch.tensor([0.1, 0.9]))]

    network.encode_image = encode_image  # type: ignore[assignment]
    network.encode_text = lambda tokens: axes[tokens[:, 0]]  # type: ignore[assignment]
    clip = replace(planted, network=network)
    object.__setattr__(clip, "tokenizer", Texts())

    class EditableNetwork:
        def respond(self, pixels: torch.Tensor) -> object:
            found = clip.embed_images(pixels).numpy()
            return type("Seen", (), {"embeddings": found})

    class Opened:
        def __init__(self, *_: object, **__: object) -> None: ...
        def __enter__(self) -> EditableNetwork:
            return EditableNetwork()

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(set_scores, "open_editable", Opened)
    return clip


def paint_square(root: Path, name: str, red: int) -> None:
    pixels = np.full((96, 96, 3), 90, np.uint8)
    pixels[:, :, 0] = red
    Image.fromarray(pixels).save(root / name)


def test_accuracies_are_counts_of_what_the_model_answers(reader: Clip, tmp_path: Path) -> None:
    # three are answered with what they show, one with the word
    for name, red in (
        ("label=dull_text=red.png", 90),
        ("label=red_text=dull.png", 160),
        ("label=blood_text=dull.png", 250),
        ("label=dull_text=blood.png", 250),
    ):
        paint_square(tmp_path, name, red)
    opened = rta100(tmp_path)
    found = bench(reader, opened)
    (part,) = found.parts
    assert (part.two_way.successes, part.two_way.n) == (3, 4)
    assert (part.all_way.successes, part.all_way.n) == (3, 4)
    assert (part.reads.successes, part.reads.n) == (1, 4)
    (fooled,) = found.fooled
    assert (fooled.true, fooled.written) == ("dull", "blood")
    assert found.class_names == ("blood", "dull", "red")
    assert found.published == () and found.n_skipped == 0


def test_two_way_looks_at_two_and_all_way_at_all(reader: Clip, tmp_path: Path) -> None:
    # shown dull, written red, answered blood: neither of the two is nearer
    paint_square(tmp_path, "label=dull_text=red.png", 250)
    paint_square(tmp_path, "label=blood_text=red.png", 250)
    part = bench(reader, rta100(tmp_path)).part("attacked")
    # equal scores are no success for what is shown
    assert part.two_way.successes == 1
    assert part.all_way.successes == 1
    assert part.reads.successes == 0


def test_an_image_with_several_wrong_answers_counts_once_among_all(
    reader: Clip, tmp_path: Path
) -> None:
    for name in ("dull-red.jpg", "dull-blood.jpg", "dull-blank.jpg"):
        paint_square(tmp_path, name, 90)
    found = bench(reader, labelled(tmp_path))
    blank = found.part("blank")
    assert blank.two_way.n == 2 and blank.all_way.n == 1 and blank.reads.n == 0
    assert found.part("labelled").reads.n == 2
    with pytest.raises(OptionError, match="it has: blank, labelled"):
        found.part("SCAM")


def test_bad_images_are_left_out_and_counted(reader: Clip, tmp_path: Path) -> None:
    paint_square(tmp_path, "label=dull_text=red.png", 90)
    (tmp_path / "label=red_text=dull.jpg").write_bytes(b"no image")
    found = bench(reader, rta100(tmp_path))
    assert found.n_skipped == 1 and found.part("attacked").two_way.n == 1
    assert "1 images could not be decoded" in found.blocks()[0].note
    (tmp_path / "label=dull_text=red.png").unlink()
    with pytest.raises(ImagesNotFoundError, match="no image of"):
        bench(reader, rta100(tmp_path))


def test_what_makes_no_sense_is_told(reader: Clip, tmp_path: Path) -> None:
    paint_square(tmp_path, "label=dull_text=red.png", 90)
    with pytest.raises(OptionError, match="at least 1"):
        bench(reader, rta100(tmp_path), n=0)
    with pytest.raises(OptionError, match="where the class goes"):
        bench(reader, rta100(tmp_path), templates=["a photo"])


def test_it_describes_itself_beside_published_figures_and_reloads(
    reader: Clip, tmp_path: Path
) -> None:
    paint_square(tmp_path, "label=dull_text=red.png", 160)
    famous = replace(reader, name="ViT-L-14/openai")
    object.__setattr__(famous, "tokenizer", reader.tokenizer)
    found = bench(famous, rta100(tmp_path))
    table, bars, gallery, note = found.blocks()
    assert isinstance(table, Table) and isinstance(bars, Bars)
    assert isinstance(gallery, Gallery) and isinstance(note, Note)
    assert table.rows[0][3] == "0.440" and "ViT-L-14 openai" in table.note
    assert "0.000 (0.000 to" in table.rows[0][2] and "n = 1" in table.rows[0][2]
    assert "attacked 0.000" in found.verdict() and found.title == "Benchmark: rta100"
    (row,) = as_arrow(found.rows()).to_pylist()
    assert row["published_two_way"] == 0.44 and row["two_way.n"] == 1
    assert found.facts() == (("attacked", "0.000"),)
    found.save(tmp_path / "result")
    again = TypographyBench.load(tmp_path / "result")
    assert again.parts == found.parts and again.published == found.published
    assert again.fooled == found.fooled


def test_the_miniature_believes_a_word_that_is_written_on_its_pictures() -> None:
    clip = neurons.load("miniature", device="cpu")
    pictures = neurons.images("miniature")
    flat = [i for i, kind in enumerate(pictures.column("rendition")) if kind == "flat"]
    opened = synthetic(pictures, Lettering(places="random", area=0.08))
    kept = set(flat[:: len(flat) // 60])
    few = replace(opened, trials=tuple(t for t in opened.trials if t.index in kept))
    found = bench(clip, few)
    clean, written = found.part("clean"), found.part("written")
    assert clean.two_way.interval.low > 0.85
    assert written.two_way.interval.high < clean.two_way.interval.low - 0.2
    assert written.reads.interval.low > 0.2 and clean.reads.n == 0


def test_a_real_clip_sees_and_reads() -> None:
    clip = neurons.load(f"local-dir:{shared('models/tinyimagenet-clip')}", device="cpu")
    photos = neurons.images(shared("data/tiny-imagenet/validation.parquet"))
    found = bench(clip, synthetic(photos, Lettering(places="random", area=0.05)), n=80)
    assert found.part("clean").two_way.value > 0.85
    assert found.part("written").two_way.value < 0.3


def test_a_model_that_is_wrong_without_a_word_is_told_first_of_all(
    reader: Clip, tmp_path: Path
) -> None:
    # each picture is called by the other one's name
    for i in range(24):
        name, red = ("dull", 160) if i % 2 else ("red", 90)
        (tmp_path / name).mkdir(exist_ok=True)
        paint_square(tmp_path / name, f"{i:02}.png", red)
    asked = synthetic(neurons.images(tmp_path), Lettering(places="random"))
    told: list[tuple[int, int]] = []
    with pytest.warns(MeaninglessWarning, match="cannot tell these classes apart"):
        found = bench(reader, asked, progress=lambda done, total: told.append((done, total)))
    assert found.verdict().startswith("Read by zero-shot on clean, the model cannot tell these")
    assert "Written: one copy at a random place, 7 % of the pixels." in found.verdict()
    assert "one copy at a random place" in found.blocks()[0].title
    # the images without a word are read first, and each once
    assert told[-1] == (48, 48) and told == sorted(told)
    # a model that is right is not doubted
    for name in ("dull", "red"):
        (tmp_path / name).rename(tmp_path / f"{name}-")
    for name, other in (("dull-", "red"), ("red-", "dull")):
        (tmp_path / name).rename(tmp_path / other)
    right = bench(reader, synthetic(neurons.images(tmp_path), Lettering(places="random")))
    assert right.doubts == ()
