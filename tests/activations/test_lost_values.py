"""What is no number is told, counted and ranked nowhere; what is too small is not called dead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import neurons
from neurons import Activations, ImageSet
from neurons.errors import OptionError
from neurons.recipes.unit_summary import facts_of, lead_of, summary_of
from neurons.studies.units.examples import top_examples
from neurons.studies.units.spectrum import spectrum
from tests.conftest import CONSTANT, DEAD, LAYER, RED, RESNET, build, plant, save_model
from tests.studies.probe.planted_run import PLANTED, planted_run

NAMES = ("ant", "bee")
# units of the run: one that knows the ants, one that is infinite on some of them, NaN, silent
KNOWS, INFINITE, NAN, SILENT = 0, 1, 2, 3


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Activations, ImageSet]:
    labels = np.repeat([0, 1], 20)
    values = np.random.default_rng(0).uniform(0, 1, (40, 4))
    values[:, KNOWS] += 2 * (labels == 0)
    values[:, INFINITE] += 5 * (labels == 0)
    values[[0, 4, 30], INFINITE] = [np.inf, -np.inf, np.nan]
    values[:, NAN], values[:, SILENT] = np.nan, 0
    return planted_run(
        tmp_path_factory.mktemp("lost"), values, labels.tolist(), NAMES,
        embeddings=values[:, :1], columns={"way": ["flat", "word"] * 20},
    )  # fmt: skip


def test_images_on_which_a_unit_is_not_finite_are_counted_and_never_its_top(
    planted: tuple[Activations, ImageSet],
) -> None:
    run, images = planted
    assert run.lost(PLANTED).not_finite.tolist() == [0, 3, 40, 0]
    assert len(run.known_peaks(f"{PLANTED}:{INFINITE}")) == 37
    assert np.isnan(run.peak(f"{PLANTED}:{INFINITE}")[[0, 4, 30]]).all()
    assert np.isnan(run.mean(f"{PLANTED}:{INFINITE}")).sum() == 3
    top = top_examples(run, images, f"{PLANTED}:{INFINITE}", count=40)
    assert (top.n, top.n_not_finite, top.n_skipped) == (37, 3, 0)
    assert not {0, 4, 30} & {each.index for each in (*top.top, *top.bottom)}
    assert np.isfinite([each.peak for each in top.top]).all()
    assert top.verdict().startswith(f"{PLANTED}:1 is not finite (NaN or infinity) on 3 of 40 image")
    whole = spectrum(run, images, f"{PLANTED}:{INFINITE}")
    assert whole.alive and np.isfinite([whole.mean, whole.std, whole.skewness]).all()
    assert sum(bucket.n for bucket in whole.buckets) == whole.n == 37
    assert ("not finite", "3 images") in facts_of(top, whole, 2)
    assert lead_of(top, whole, 2).startswith(f"{PLANTED}:1 is not finite")
    assert summary_of(top, whole, 2) == "not finite on 3 of 40 images"


def test_a_unit_that_is_never_finite_is_not_called_constant(
    planted: tuple[Activations, ImageSet],
) -> None:
    run, images = planted
    whole = spectrum(run, images, f"{PLANTED}:{NAN}")
    assert whole.state == "not finite" and whole.blocks() == ()
    assert "on any of 40 images" in whole.verdict() and "constant" not in whole.verdict()
    assert [name for name, _ in whole.facts()] == ["state", "images", "not finite"]
    top = top_examples(run, images, f"{PLANTED}:{NAN}")
    assert top.top == () and "any of 40" in top.verdict()
    assert spectrum(run, images, f"{PLANTED}:{SILENT}").state == "dead"


def test_no_ranking_of_units_holds_one_that_is_not_finite(
    planted: tuple[Activations, ImageSet],
) -> None:
    run, images = planted
    told = "2 units are not finite (NaN or infinity) on some images, the first planted:1, and"
    table = neurons.unit_table(run, images, PLANTED)
    assert [each.state for each in table.units] == ["alive", "not finite", "not finite", "dead"]
    assert [each.top_class for each in table.units] == ["ant", "", "", ""]
    found = neurons.find_units(run, images, "ant", count=4, n_permutations=20)
    assert [each.neuron for each in found.units] == [f"{PLANTED}:{KNOWS}", f"{PLANTED}:{SILENT}"]
    first = neurons.units_of_image(run, images, 1)
    assert first.neurons() == (f"{PLANTED}:{KNOWS}",)
    counted = neurons.census(run, images, PLANTED, by="way", among=("flat", "word"))
    assert counted.tops.T.tolist() == [[0, 0], [-1, -1], [-1, -1], [-1, -1]]
    assert counted.n_dead == 1
    for result in (table, found, first, counted):
        assert result.verdict().startswith(told), result.verdict()
    with pytest.raises(OptionError, match=r"2 of 4 units of 'planted' .*first planted:1 on 3:"):
        run.pooled(PLANTED, "mean")


def test_a_unit_too_small_for_float16_is_not_called_dead(tmp_path: Path) -> None:
    values = np.zeros((8, 3))
    # alive, but below what float16 holds; silent; both
    values[:, 0] = np.arange(1, 9) * 1e-10
    values[:4, 2] = 1e-10
    values[4:, 2] = [0, 0, 1, 2]
    run, images = planted_run(tmp_path, values, [0, 1] * 4, NAMES, dtype="float16")
    assert run.lost(PLANTED).rounded.tolist() == [8, 0, 4]
    small, dead, some = (spectrum(run, images, f"{PLANTED}:{unit}") for unit in range(3))
    assert (small.state, dead.state, some.state) == ("rounded to 0", "dead", "alive")
    assert small.verdict().startswith(f"{PLANTED}:0 is not dead: on 8 of 8 images its peak is not")
    assert (small.sparsity, dead.sparsity, some.sparsity) == (0, 1, 0.25)
    assert "on 4 of 8 images" in some.verdict()
    rows = neurons.unit_table(run, images, PLANTED).units
    assert [row.state for row in rows] == ["rounded to 0", "dead", "alive"]
    assert [row.sparsity for row in rows] == [0, 1, 0.25]


def test_a_scan_tells_what_is_no_number_and_a_finished_one_tells_it_again(
    pictures: Path, tmp_path: Path
) -> None:
    network = plant(build(RESNET))
    with torch.no_grad():
        bias = getattr(network.visual.layer4[0].downsample, "1").bias
        bias[CONSTANT], bias[DEAD] = torch.nan, 1e-10
    clip = neurons.load(save_model(tmp_path / "broken", RESNET, network), device="cpu")
    images, run = neurons.images(pictures), tmp_path / "run"
    for _ in range(2):
        summary = neurons.scan(clip, images, [LAYER], run, dtype="float16", shard_size=16)
        told = {each.neuron: (each.not_finite, each.rounded) for each in summary.lost}
        assert told == {f"{LAYER}:{CONSTANT}": (40, 0), f"{LAYER}:{DEAD}": (0, 40)}
        assert summary.verdict().startswith(f"NaN or infinity came from 1 unit of {LAYER}: these")
        assert f"float16 stored peaks of 1 unit of {LAYER} as 0" in summary.verdict()
        assert summary.blocks()[-1].rows[0] == (f"{LAYER}:{DEAD}", "0", "40")
    opened = Activations.open(run)
    assert spectrum(opened, images, f"{LAYER}:{DEAD}").state == "rounded to 0"
    assert spectrum(opened, images, f"{LAYER}:{CONSTANT}").state == "not finite"
    assert spectrum(opened, images, f"{LAYER}:{RED}").alive


def test_a_run_of_version_0_1_is_looked_through(planted: tuple[Activations, ImageSet]) -> None:
    run, _ = planted
    (kept,) = (run.path / "lost").iterdir()
    content = kept.read_bytes()
    kept.unlink()
    kept.parent.rmdir()
    try:
        assert run.lost(PLANTED).not_finite.tolist() == [0, 3, 40, 0]
    finally:
        kept.parent.mkdir()
        kept.write_bytes(content)
