"""Made pictures are measured as they stand, and look like what the unit is known to be."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

import neurons
from neurons import Activations, Clip, Neuron
from neurons.drawn_world.concepts import concepts
from neurons.errors import (
    LayerNotFoundError,
    NeuronNotFoundError,
    OptionError,
    StaleActivationsError,
)
from neurons.miniature.measure import text_directions
from neurons.results.blocks import Gallery
from neurons.studies.visualization.visualize import Series, visualize, visualize_each
from neurons.visualization.objectives import channel
from neurons.visualization.ready_made import towards
from neurons.visualization.request import Settings
from neurons.visualization.result import Visualization
from tests.conftest import DEAD, LAYER, RED, STRIPE
from tests.studies.visualization.conftest import pixels

SHORT = Settings(steps=30, batch=4)


@pytest.fixture(scope="module")
def run(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Activations:
    # three copies of each: a percentile takes a hundred images
    root = tmp_path_factory.mktemp("run")
    for copy in "abc":
        shutil.copytree(pictures, root / "pictures" / copy)
    neurons.scan(planted, neurons.images(root / "pictures"), [LAYER], root / "run")
    return Activations.open(root / "run")


def test_the_evidence_is_what_a_scan_of_the_saved_pictures_says(
    planted: Clip, run: Activations, tmp_path: Path
) -> None:
    targets = [Neuron(LAYER, RED), Neuron(LAYER, STRIPE)]
    made = list(visualize_each(planted, targets, settings=SHORT, run=run))
    paths = []
    for i, shown in enumerate(p for each in made for p in each.pictures):
        paths.append(tmp_path / f"{i}.png")
        paths[-1].write_bytes(shown.image)
    neurons.scan(planted, neurons.images(paths), [LAYER], tmp_path / "again")
    again = Activations.open(tmp_path / "again").array(LAYER, "peak")[:]
    usual = np.asarray(run.array(LAYER, "peak")[:], np.float64)
    for i, shown in enumerate(p for each in made for p in each.pictures):
        neuron = targets[i // 2]
        assert shown.activation == pytest.approx(again[i, neuron.unit], rel=1e-5)
        assert shown.percentile == np.mean(run.peak(neuron) < shown.activation)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (again[i] - usual.mean(0)) / usual.std(0)
        best = shown.excited[0]
        assert best.z == pytest.approx(np.nanmax(z[np.isfinite(z)]), rel=1e-3)
        assert len(shown.excited) == 5


def test_a_picture_below_the_99th_percentile_is_marked(planted: Clip, run: Activations) -> None:
    weak = visualize(planted, Neuron(LAYER, RED), settings=Settings(steps=1, batch=2), run=run)
    assert weak.plain()[0].reaches is False and weak.reaches == 0
    gallery = next(block for block in weak.blocks() if isinstance(block, Gallery))
    assert all("FEWER than 99 %" in tile.caption for tile in gallery.tiles)
    alone = visualize(planted, Neuron(LAYER, RED), settings=Settings(steps=1, batch=2))
    assert alone.plain()[0].reaches is None and np.isnan(alone.reaches)
    assert "no run of real images" in next(b for b in alone.blocks() if isinstance(b, Gallery)).note


def test_a_larger_canvas_has_no_percentile_and_the_reason_is_told(
    planted: Clip, run: Activations
) -> None:
    large = Settings(steps=2, size_px=128, batch=1)
    made = visualize(planted, Neuron(LAYER, RED), settings=large, series=Series(1), run=run)
    assert made.plain()[0].reaches is None
    assert made.verdict().startswith("Not compared with real images: pictures of 128 x 128 px")
    assert "above images" not in dict(made.facts())


def test_a_picture_that_silences_is_judged_on_its_own_side(planted: Clip, run: Activations) -> None:
    low = -channel(Neuron(LAYER, RED))
    made = visualize(planted, low, settings=SHORT, series=Series(1), run=run)
    (shown,) = made.plain()
    real = run.peak(Neuron(LAYER, RED))
    assert shown.percentile == np.mean(real >= shown.activation)
    # it lies below most images: judged as if it were to excite, it would be worse than most
    assert shown.activation < np.median(real)
    assert f"plain pictures bring {LAYER}:{RED} as low as" in made.verdict()
    assert "made to silence" in made.blocks()[0].title


def test_a_dead_unit_gets_words_and_no_picture(planted: Clip) -> None:
    made = visualize(planted, Neuron(LAYER, DEAD), settings=SHORT)
    assert made.dead and "nothing in an image excites" in made.verdict()
    assert made.blocks() == ()


def test_it_comes_back_from_disk(planted: Clip, run: Activations, tmp_path: Path) -> None:
    made = visualize(planted, channel(Neuron(LAYER, RED)), settings=SHORT, run=run)
    made.save(tmp_path)
    assert Visualization.load(tmp_path).pictures == made.pictures


def test_wrong_questions_are_refused_before_the_first_step(
    planted: Clip, vit: Clip, run: Activations
) -> None:
    for clip, target, error in (
        (planted, Neuron(LAYER, 256), NeuronNotFoundError),
        (planted, Neuron("visual.layer3", 1), LayerNotFoundError),
        (vit, Neuron("visual.transformer.resblocks.0", 1), StaleActivationsError),
    ):
        with pytest.raises(error):
            visualize(clip, target, settings=SHORT, run=run)
    with pytest.raises(OptionError, match="both are at least 1"):
        visualize(planted, Neuron(LAYER, 1), series=Series(n_seeds=0))


def test_diverse_pictures_differ_more(planted: Clip) -> None:
    def alike(diversity: float) -> float:
        series = Series(n_seeds=3, diversity=diversity)
        settings = Settings(steps=60, batch=3)
        made = visualize(planted, Neuron(LAYER, 9), settings=settings, series=series)
        batch = np.stack([pixels(p.image) for p in made.pictures]).transpose(0, 3, 1, 2)
        with neurons.watch(planted.network, [LAYER], reduce=torch.clone) as seen:
            planted.embed_images(torch.from_numpy(batch))
        flat = seen[LAYER].flatten(2)
        grams = functional.normalize((flat @ flat.transpose(1, 2)).flatten(1), dim=1)
        return float((grams @ grams.T).triu(1).sum())

    assert alike(5.0) < alike(0.0)


def test_pictures_of_multimodal_units_are_seen_as_their_concept(
    miniature: Clip, miniature_run: Activations
) -> None:
    counted = neurons.census(miniature_run, neurons.images("miniature"), LAYER)
    agree = (counted.tops == counted.tops[0]).all(0)
    units = np.flatnonzero(agree)[::8].tolist()
    names = list(concepts())
    directions = text_directions(miniature, names)
    targets = [Neuron(LAYER, unit) for unit in units]
    settings, series = Settings(steps=128, batch=len(units)), Series(n_seeds=1)
    made = list(
        visualize_each(miniature, targets, settings=settings, series=series, run=miniature_run)
    )
    batch = np.stack([pixels(each.pictures[0].image) for each in made]).transpose(0, 3, 1, 2)
    embedded = functional.normalize(miniature.embed_images(torch.from_numpy(batch)), dim=1)
    found = (embedded @ directions.T).argmax(1).tolist()
    wanted = [counted.class_names[counted.tops[0, unit]] for unit in units]
    hits = np.mean([names[i] == name for i, name in zip(found, wanted, strict=True)])
    # chance is 1 of 79; experiments/visualize_truth.py measures all units
    assert hits >= 0.5
    assert np.mean([each.reaches for each in made]) > 0.9


def test_a_sentences_picture_is_near_the_sentence(
    miniature: Clip, miniature_run: Activations
) -> None:
    point = miniature.embed_texts(["a photo of a spider"])[0].clone()
    # after 64 steps it stands at the 99th percentile, and the number of threads decides
    settings, series = Settings(steps=112, batch=1), Series(n_seeds=1)
    made = visualize(
        miniature,
        towards(point, name="spider"),
        settings=settings,
        series=series,
        run=miniature_run,
    )
    (shown,) = made.pictures
    batch = torch.from_numpy(pixels(shown.image).copy()).permute(2, 0, 1)[None]
    cosine = functional.cosine_similarity(miniature.embed_images(batch), point[None])
    assert shown.activation == pytest.approx(100 * float(cosine), abs=0.05)
    assert shown.reaches


def test_facets_bend_the_picture_and_the_strongest_that_reaches_is_shown(
    miniature: Clip, miniature_run: Activations
) -> None:
    generator = torch.Generator().manual_seed(0)
    weights = {
        name: {"visual.layer3.1": torch.randn(256, generator=generator)} for name in ("one", "two")
    }
    series = Series(n_seeds=1, facets=weights, strengths=(0.1, 4.0))
    made = visualize(
        miniature, Neuron(LAYER, 164), settings=Settings(steps=40, batch=5), series=series,
        run=miniature_run,
    )  # fmt: skip
    assert [p.facet for p in made.pictures] == ["", "one", "one", "two", "two"]
    plain, weak, strong = (pixels(made.pictures[i].image).astype(float) for i in range(3))
    assert np.abs(strong - weak).mean() > 1
    assert len(made.facets()) == 2
    for chosen in made.facets():
        same = [p for p in made.pictures if p.facet == chosen.facet and p.reaches]
        assert chosen.strength == max(p.strength for p in same)
    titles = [block.title for block in made.blocks()]
    assert "Facet by facet" in titles and "Evidence" in titles


def test_an_address_is_as_good_as_a_neuron(planted: Clip) -> None:
    settings = Settings(steps=2, batch=2)
    named = visualize(planted, f"{LAYER}:{RED}", settings=settings)
    asked = visualize(planted, Neuron(LAYER, RED), settings=settings)
    # without a run the percentiles are nan, which equals nothing
    assert [(p.image, p.activation, p.curve) for p in named.pictures] == [
        (p.image, p.activation, p.curve) for p in asked.pictures
    ]
    assert named.title == named.unit == f"{LAYER}:{RED}"
