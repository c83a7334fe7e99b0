"""A neuron's page holds what every study found of it, under the title and facts of its results."""

from __future__ import annotations

from pathlib import Path

import pytest

import neurons
from neurons import Activations, Clip, ImageSet, Neuron, Series, Settings
from neurons.errors import (
    AlbumNotFoundError,
    MismatchError,
    NeuronNotFoundError,
    OptionError,
    OutputExistsError,
    StaleActivationsError,
)
from neurons.readouts.probe import Probe
from neurons.recipes.neuron_report import gallery, read_strings
from tests.conftest import DEAD, LAYER, RED, STRIPE


def test_a_page_takes_title_and_facts_from_its_results(
    run: Activations, image_set: ImageSet, tmp_path: Path
) -> None:
    red = Neuron(LAYER, RED)
    index = neurons.report(run, [red], tmp_path, image_set=image_set, count=4)
    text = (tmp_path / f"{LAYER}-{RED}.html").read_text()
    whole = neurons.spectrum(run, image_set, red)
    assert f"<h1>{whole.title}</h1>" in text
    for name, value in whole.facts():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in text
    assert f"unit {RED} of 256, 3 × 3 places" in text
    assert "planted0</h1>" in index.read_text().replace("\n", "")


def test_what_else_is_known_stands_above_the_top_images(
    run: Activations, image_set: ImageSet, probe: Probe, planted: Clip, tmp_path: Path
) -> None:
    unit = probe.units_of("red")[0].unit
    neuron = Neuron(LAYER, unit)
    read = read_strings(planted, [str(neuron), neuron], ["red", "stop"])
    assert list(read) == [neuron]
    neurons.report(run, [neuron], tmp_path, image_set=image_set, probe=probe, further=read)
    text = (tmp_path / f"{LAYER}-{unit}.html").read_text()
    titles = [block.title for block in read[neuron].blocks() if hasattr(block, "title")]
    top = neurons.top_examples(run, image_set, neuron)
    first = next(block.title for block in top.blocks() if hasattr(block, "title"))
    assert 0 < text.index(titles[0]) < text.index(f"<h2>{first}</h2>")
    assert "What each class loses without it" in text


def test_a_dead_unit_has_a_page_that_says_so_and_no_pictures(
    run: Activations, image_set: ImageSet, tmp_path: Path
) -> None:
    neurons.report(run, [f"{LAYER}:{DEAD}"], tmp_path, image_set=image_set)
    text = (tmp_path / f"{LAYER}-{DEAD}.html").read_text()
    assert "<dt>state</dt><dd>dead</dd>" in text
    assert "<img" not in text


def test_an_address_is_read_and_one_that_comes_twice_has_one_page(
    run: Activations, image_set: ImageSet, tmp_path: Path
) -> None:
    pages = []
    wanted = [f"{LAYER}:{RED}", Neuron(LAYER, RED), f"{LAYER}:{STRIPE}"]
    neurons.report(run, wanted, tmp_path, image_set=image_set, count=2, done=pages.append)
    assert [page.title for page in pages] == [f"{LAYER}:{RED}", f"{LAYER}:{STRIPE}"]


@pytest.mark.parametrize(
    ("wanted", "album", "error", "said"),
    [
        ([], None, OptionError, "no neuron to report; name some, such as"),
        ([f"{LAYER}:{RED}", f"{LAYER}:256"], None, NeuronNotFoundError, "256"),
        ([f"{LAYER}:{RED}"], "none", AlbumNotFoundError, "no album"),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(
    run: Activations, image_set: ImageSet, tmp_path: Path, wanted, album, error, said: str
) -> None:
    pictures = None if album is None else tmp_path / album
    with pytest.raises(error, match=said):
        neurons.report(run, wanted, tmp_path / "out", image_set=image_set, pictures=pictures)
    assert not (tmp_path / "out").exists()


def test_a_gallery_is_one_file_with_its_pictures_inside(
    run: Activations, image_set: ImageSet, tmp_path: Path
) -> None:
    path, top = gallery(
        tmp_path / "new" / "red.html", run, f"{LAYER}:{RED}", image_set=image_set, count=3
    )
    text = path.read_text()
    assert text.count('src="data:image/') >= 6
    assert "assets/" not in text
    for name, value in top.facts():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in text


def test_a_report_lists_the_pages_of_all_calls_and_tells_what_is_written_again(
    run: Activations, image_set: ImageSet, tmp_path: Path
) -> None:
    told: list[str] = []
    for unit in (RED, STRIPE, RED):
        index = neurons.report(
            run, [f"{LAYER}:{unit}"], tmp_path, image_set=image_set, count=2, per_bucket=1,
            told=told.append,
        )  # fmt: skip
    assert index.read_text().count('<th scope="row">') == 2
    assert told == [f"1 page was there already and is written again: {LAYER}:{RED}"]


def test_what_is_of_another_run_is_refused_in_a_line_and_nothing_is_replaced(
    run: Activations, image_set: ImageSet, probe: Probe, planted: Clip, pictures: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    few = neurons.images(sorted((pictures / "red").iterdir()))
    neurons.scan(planted, few, [LAYER], tmp_path / "other")
    other = Activations.open(tmp_path / "other")
    out, wanted = tmp_path / "report", [f"{LAYER}:{RED}"]
    neurons.report(run, wanted, out, image_set=image_set, count=2, per_bucket=1)
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    with pytest.raises(OutputExistsError, match=r"images\.n: the report has 40, asked is 10"):
        neurons.report(other, wanted, out, image_set=few)
    with pytest.raises(StaleActivationsError, match="was not made of this"):
        neurons.report(other, wanted, tmp_path / "new", image_set=few, probe=probe)
    settings = Settings(steps=1, batch=1)
    neurons.visualize_to(planted, wanted, tmp_path / "album", settings=settings,
                         series=Series(n_seeds=1), run=run)  # fmt: skip
    with pytest.raises(MismatchError, match="does not belong to run") as raised:
        neurons.report(other, wanted, tmp_path / "new", image_set=few, pictures=tmp_path / "album")
    assert "images.n" in str(raised.value) and "\n" not in str(raised.value)
    assert {file: file.read_bytes() for file in before} == before
    assert not (tmp_path / "new").exists()
    # and with its own run the pictures stand beside the images that excite the unit most
    neurons.report(run, wanted, out, image_set=image_set, pictures=tmp_path / "album")
    text = (out / f"{LAYER}-{RED}.html").read_text()
    assert text.index("Pictures made to excite it") < text.index("Images that excite it most")
    assert 'class="whole large"' in text


def test_the_whole_report_can_be_one_file(
    run: Activations, image_set: ImageSet, tmp_path: Path
) -> None:
    wanted, single = [f"{LAYER}:{RED}", f"{LAYER}:{STRIPE}"], tmp_path / "one.html"
    neurons.report(run, wanted, tmp_path / "r", image_set=image_set, count=2, single=single)
    text = single.read_text()
    assert text.count("<article") == 2
    assert f'href="#{LAYER}-{STRIPE}"' in text
