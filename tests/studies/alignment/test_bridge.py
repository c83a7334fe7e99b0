"""A bridge of a turned copy carries every class, and one of an unrelated system none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations, Bridges, ImageSet
from neurons.address import EMBEDDING
from neurons.alignment.assignment import rotation
from neurons.errors import MismatchError, OptionError, StaleActivationsError
from neurons.readouts.readout import ZeroShot
from neurons.recipes.write_result import write_result
from tests.studies.alignment.planted import CLASSES, run_of
from tests.studies.probe.planted_run import PLANTED

N, WIDTH = 120, 12
_random = np.random.default_rng(0)
LABELS = np.arange(N) % len(CLASSES)
TEXTS = rotation(WIDTH, _random)[: len(CLASSES)]
TARGET = TEXTS[LABELS] + 0.35 * _random.normal(size=(N, WIDTH))
TARGET /= np.linalg.norm(TARGET, axis=1, keepdims=True)
TURN = rotation(WIDTH, _random)
ANSWERS = ZeroShot(CLASSES, TEXTS.astype(np.float32))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Activations, ImageSet]]:
    folder, random = tmp_path_factory.mktemp("bridge"), np.random.default_rng(1)
    values = {
        "target": TARGET,
        "turned": TARGET @ TURN,
        "third": TARGET @ rotation(WIDTH, random) + 0.05 * random.normal(size=(N, WIDTH)),
        "unrelated": random.normal(size=(N, WIDTH)),
    }
    return {name: run_of(folder / name, v, labels=LABELS, name=name) for name, v in values.items()}


@pytest.fixture(scope="module")
def found(runs) -> Bridges:
    source, images = runs["turned"]
    return neurons.bridge(
        source, runs["target"][0], through=[runs["third"][0]], readout=ANSWERS, images=images
    )


def test_a_turned_copy_carries_every_class_by_every_map(found: Bridges) -> None:
    assert [each.method for each in found.outcomes] == [
        "procrustes",
        "ridge",
        "hyperalignment",
        "random projection",
    ]
    assert 0.8 < found.own.value <= 1 and found.own.n == found.n_testing == N // 2
    for each in found.outcomes[:3]:
        assert each.right.successes == found.own.successes and each.r2 > 0.95
        assert each.p_right == pytest.approx(1 / 21) == each.p_r2
        # permuted images give what guessing among four gives
        assert np.mean(each.right_permuted) == pytest.approx(0.25, abs=0.08)
        assert each.r2_permuted < 0.05
    assert found.outcomes[3].r2 < 0.95
    assert "turned can be read by target's readout" in found.verdict()


def test_a_bridge_maps_runs_and_lends_the_readout(found: Bridges, runs, tmp_path: Path) -> None:
    found.save(tmp_path / "kept")
    again = Bridges.load(tmp_path / "kept")
    assert again.verdict() == found.verdict()
    rows = again.rows_of(runs["turned"][0], "procrustes")
    assert np.allclose(rows, TARGET, atol=0.05) and rows.dtype == np.float32
    lent = again.readout(ANSWERS)
    assert (lent.layer, lent.class_names) == (EMBEDDING, CLASSES)
    right = (lent.decision((TARGET @ TURN).astype(np.float32)).argmax(1) == LABELS).mean()
    assert right > 0.8
    with pytest.raises(MismatchError, match="their weights differ"):
        again.rows_of(runs["third"][0])
    with pytest.raises(OptionError, match="no bridge by 'magic'; there are: procrustes"):
        again.outcome("magic")


def test_an_unrelated_system_is_at_its_null_and_this_is_said(runs) -> None:
    source, images = runs["unrelated"]
    found = neurons.bridge(source, runs["target"][0], readout=ANSWERS, images=images)
    # of two systems hyperalignment is Procrustes
    assert [each.method for each in found.outcomes] == ["procrustes", "ridge", "random projection"]
    for each in found.outcomes:
        low, high = np.min(each.right_permuted), np.max(each.right_permuted)
        assert low - 0.05 <= each.right.value <= high + 0.05 and each.r2 < 0.05
    assert found.verdict().startswith("The bridge carries next to none of the classes")
    alone = neurons.bridge(source, runs["target"][0])
    assert alone.verdict().startswith("The bridge carries nothing") and not alone.class_counts
    assert "right" not in alone.rows()[0]


def test_a_target_that_knows_no_class_judges_no_bridge(runs) -> None:
    source, images = runs["turned"]
    wrong = ZeroShot(CLASSES, -TEXTS.astype(np.float32))
    found = neurons.bridge(source, runs["target"][0], readout=wrong, images=images)
    assert found.verdict().startswith("This bridge cannot be judged by classes")


def test_only_images_whose_class_the_readout_knows_are_asked_about(runs) -> None:
    source, images = runs["turned"]
    two = ZeroShot(("dog", "ant"), TEXTS[[3, 0]].astype(np.float32))
    found = neurons.bridge(source, runs["target"][0], readout=two, images=images)
    assert found.own.n == found.outcomes[1].right.n == sum(found.class_counts) == 30
    assert found.outcomes[1].right.value > 0.8


def test_layers_of_other_widths_cross_too_and_pages_are_written(runs, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    wide, images = run_of(
        tmp_path / "wide", TARGET @ random.normal(size=(WIDTH, 30)), labels=LABELS, name="wide"
    )
    found = neurons.bridge(
        wide, runs["target"][0], PLANTED, target_layer=EMBEDDING, readout=ANSWERS, images=images
    )
    assert found.n_units == (30, WIDTH) and found.pooling == "peak" and found.width == 6
    assert found.outcome("ridge").right.successes >= found.own.successes - 3
    assert found.lossless > 1000 and "Johnson-Lindenstrauss" in found.blocks()[-1].text
    page = write_result(tmp_path / "pages", found)
    assert "target itself" in next(page.parent.glob("Bridge*.html")).read_text(encoding="utf-8")


def test_wrong_asking_is_refused_before_anything_is_read(runs) -> None:
    source, images = runs["turned"]
    target = runs["target"][0]
    with pytest.raises(MismatchError, match="reads 'embedding', and the bridge leads to 'planted'"):
        neurons.bridge(source, target, PLANTED, readout=ANSWERS, images=images)
    others = ZeroShot(("x", "y"), TEXTS[:2].astype(np.float32))
    with pytest.raises(MismatchError, match="knows none of the images' classes"):
        neurons.bridge(source, target, readout=others, images=images)
    with pytest.raises(OptionError, match="give the source's images"):
        neurons.bridge(source, target, readout=ANSWERS)
    brain = neurons.responses({PLANTED: TARGET}, ids=source.ids(), name="brain")
    with pytest.raises(OptionError, match="the first system is responses: give a run first"):
        neurons.bridge(brain, target, PLANTED, images=images)
    with pytest.raises(StaleActivationsError):
        neurons.bridge(source, target, images=images.sample(5))
    with pytest.raises(OptionError, match="20 or more"):
        neurons.bridge(source, target, n_permutations=3)
    with pytest.raises(MismatchError, match="agrees; give another run"):
        neurons.bridge(source, source)
