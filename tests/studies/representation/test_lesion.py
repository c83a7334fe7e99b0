"""Lesions of a wired network cost what is wired through them, and what means nothing says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Clip, ImageSet, LesionPlan, Lesions
from neurons.errors import LabelsMissingError, LayerNotFoundError, OptionError
from neurons.interventions.lesion_effects import Asked
from neurons.interventions.lesion_records import record_of
from neurons.interventions.lesion_series import choosing_half
from neurons.interventions.lesioned_images import lesioned_images
from neurons.interventions.lesions import Lesion
from neurons.interventions.module_lesions import module_lesions
from neurons.readouts.readout import ZeroShot
from neurons.results.blocks import Heat
from tests.conftest import LAYER
from tests.studies.representation.wired import reads_of, shown_rows

LAST = "visual.attnpool.c_proj"
MODULES = "visual.layer4.*conv*,visual.attnpool.?_proj"
SHORT = LesionPlan(MODULES, curves=False, n_orders=2, greedy_steps=2)


@pytest.fixture(scope="module")
def labelled(pictures: Path) -> ImageSet:
    return neurons.images(pictures)


@pytest.fixture(scope="module")
def readout(planted: Clip, labelled: ImageSet) -> ZeroShot:
    return reads_of(planted, labelled)


@pytest.fixture(scope="module")
def found(planted: Clip, labelled: ImageSet, readout: ZeroShot) -> Lesions:
    return neurons.lesion(planted, labelled, readout=readout, plan=SHORT, n=40, top_k=5)


def test_each_module_is_changed_alone_and_the_projection_of_all_costs_all(found: Lesions) -> None:
    assert [each.path for each in found.modules] == [e.lesions[0].module for e in found.single]
    assert found.intact.accuracy.value > 0.8 and found.chance == 0.25
    last = found.at(LAST)[0]
    # a projection of zeros gives embeddings of no length: no answer, which is wrong
    assert last.accuracy.successes == 0 and last.n_unanswered == 40
    assert "visual.attnpool.c_proj, which leaves 0.000" in found.verdict()
    # the images are those of the set, evenly over the classes
    assert found.rows_of_images == tuple(range(40))


def test_numbers_are_those_of_the_engine(
    found: Lesions, planted: Clip, labelled: ImageSet, readout: ZeroShot
) -> None:
    pixels = shown_rows(planted, labelled, found.rows_of_images)
    with lesioned_images(planted, pixels, watched=[LAYER]) as shown:
        asked = Asked(readout, np.array(found.intact.truth))
        for path in ("visual.layer4.0.conv1", LAST):
            answer = shown.answer([Lesion(path, "zero")])
            effect = record_of(shown.intact, answer, asked, LAYER, 5)
            mine = found.at(path)[0]
            assert mine.accuracy == effect.accuracy
            # counted plainly: embeddings of no length are not right
            has = (answer.embeddings != 0).any(1)
            best = (answer.embeddings @ readout.directions.T).argmax(1)
            assert mine.accuracy.successes == int((has & (best == asked.truth)).sum())
            assert mine.n_unanswered == effect.n_unanswered
            assert mine.cosine == pytest.approx(effect.cosine, abs=1e-5, nan_ok=True)
            np.testing.assert_array_equal(mine.overlaps, effect.overlaps)


def test_what_chooses_an_order_is_not_what_is_told_of_it(found: Lesions) -> None:
    choosing = choosing_half(found.intact.truth)
    truth = np.array(found.intact.truth)
    # half of each class
    assert [int((truth[choosing] == i).sum()) for i in range(4)] == [5] * 4
    greedy = found.orders[-1]
    assert greedy.greedy and len(greedy.steps) <= 2
    for order in found.orders:
        for i, step in enumerate(order.steps, 1):
            assert (step.choosing.n, step.held.n) == (20, 20)
            modules = [each.module for each in order.steps[:i]]
            assert len(set(modules)) == i
    first = greedy.steps[0]
    alone = found.at(first.module)[0]
    held = np.setdiff1d(np.arange(40), choosing)
    assert first.held == alone.accuracy_of(held) and first.choosing == alone.accuracy_of(choosing)
    assert first.choosing.value == max(e.accuracy_of(choosing).value for e in found.single)


def test_what_was_kept_is_not_measured_again_and_gives_the_same(
    planted: Clip, labelled: ImageSet, readout: ZeroShot, found: Lesions, tmp_path: Path
) -> None:
    def again() -> Lesions:
        return neurons.lesion(
            planted, labelled, readout=readout, plan=SHORT, n=40, top_k=5, kept=tmp_path
        )

    first = again()
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(files) > len(found.single)
    assert repr(again().rows()) == repr(first.rows()) == repr(found.rows())
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files


def test_curves_begin_intact_and_end_at_chance(
    planted: Clip, labelled: ImageSet, readout: ZeroShot
) -> None:
    plan = LesionPlan("visual.*", ("shuffle",), n_orders=0)
    one = replace(plan, modules="visual.conv1")
    noise, scale = neurons.lesion(
        planted, labelled, readout=readout, plan=one, recalibrate=True, n=12, top_k=2
    ).curves
    intact = noise.records[0]
    assert noise.amounts[0] == 0 and intact.lesions == ()
    assert scale.records[scale.amounts.index(1.0)] == intact
    assert noise.n_modules == 1 and len(noise.records) == len(noise.amounts)
    # a convolution before a BatchNorm may be as small as it likes, if the norm is measured anew
    tenth = scale.records[scale.amounts.index(0.1)]
    again, before = tenth.recalibrated_accuracy, intact.recalibrated_accuracy
    assert again is not None and before is not None and again.value == pytest.approx(before.value)


def test_blocks_and_heads_of_a_vit_are_skipped_on_a_map_of_their_own(
    vit: Clip, labelled: ImageSet
) -> None:
    plan = LesionPlan("visual.transformer.resblocks.*", ("skip", "mean"), n_orders=1)
    found = neurons.lesion(
        vit, labelled, readout=reads_of(vit, labelled), plan=plan, watch="", n=8, top_k=2
    )
    skipped = [each.lesions[0].module.removeprefix("visual.transformer.") for each in
               found.of("skip")]  # fmt: skip
    assert {"resblocks.0", "resblocks.1", "resblocks.0.attn.head.1"} <= set(skipped)
    # no weights were changed: there are no curves, and no units were watched
    assert found.curves == () and all(each.overlaps == () for each in found.single)
    first, second, *_ = (block for block in found.blocks() if isinstance(block, Heat))
    assert "skipped" in first.title and "mean over images" in second.title
    assert "modules, each skipped, " in found.verdict()
    page = module_lesions(found, "visual.transformer.resblocks.0", thumbnail=lambda row: b"",
                          ids=[str(i) for i in range(100)])  # fmt: skip
    assert page.verdict().startswith("With it skipped, ")
    opened = [title for row in first.opens for title in row if title]
    assert sorted(opened) == sorted(each.lesions[0].module for each in found.of("skip"))


def test_one_answer_for_all_is_chance_too(
    planted: Clip, labelled: ImageSet, readout: ZeroShot
) -> None:
    plan = LesionPlan(LAST, curves=False, n_orders=0)
    # ten of one kind and three of another: one answer for all is right on 10 of 13
    found = neurons.lesion(planted, labelled.first(13), readout=readout, plan=plan, n=13, top_k=2)
    assert found.chance == pytest.approx(10 / 13)


def test_that_numbers_mean_little_is_said_first(
    planted: Clip, labelled: ImageSet, readout: ZeroShot
) -> None:
    plan = LesionPlan("visual.layer4.0.conv1", curves=False, n_orders=0)
    mixed = replace(readout, class_names=tuple(readout.class_names[i] for i in (1, 2, 3, 0)))
    blind = neurons.lesion(planted, labelled, readout=mixed, plan=plan, n=40, top_k=2)
    assert blind.verdict().startswith("Near chance:")
    few = neurons.lesion(planted, labelled, readout=readout, plan=plan, n=12, top_k=2)
    assert few.verdict().startswith("Few images: of 12, a lesion must lose six or more")


def test_mistakes_are_told_before_the_work(
    planted: Clip, labelled: ImageSet, readout: ZeroShot, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match="no lesion 'burn'"):
        LesionPlan(hows=("burn",))
    with pytest.raises(OptionError, match="an amount is of noise, shrink, enlarge, not of zero"):
        LesionPlan(amount=0.5)
    with pytest.raises(OptionError, match="each once"):
        LesionPlan(hows=("zero", "zero"))
    with pytest.raises(LayerNotFoundError, match=r"matches 'visual\.layer9\.\*'"):
        neurons.lesion(planted, labelled, readout=readout, plan=LesionPlan("visual.layer9.*"))
    with pytest.raises(LayerNotFoundError):
        neurons.lesion(planted, labelled, readout=readout, watch="visual.nothing")
    with pytest.raises(OptionError, match="at most half"):
        neurons.lesion(planted, labelled, readout=readout, n=10, top_k=6)
    other = replace(readout, class_names=("a", "b", "c", "d"))
    with pytest.raises(OptionError, match="shows a class of the readout"):
        neurons.lesion(planted, labelled, readout=other)
    Image.fromarray(labelled.pixels(0)).save(tmp_path / "a.png")
    with pytest.raises(LabelsMissingError):
        neurons.lesion(planted, neurons.images(tmp_path), readout=readout)
