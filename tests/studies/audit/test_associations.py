"""A wired association is found and its unit named; none is found where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import neurons
from neurons import Activations, Clip, ImageSet, Words
from neurons.drawn_world.scenes import TEMPLATES
from neurons.errors import OptionError
from neurons.miniature.hats import draw_hats
from neurons.readouts.item_sets import AssociationTest, PairedTest, Pictures
from neurons.readouts.named_tests import pictures_of_class
from neurons.readouts.readout import ZeroShot
from neurons.studies.audit.association_carriers import AssociationCarriers, association_carriers
from neurons.studies.audit.associations import Associations, associations
from tests.conftest import LAYER, RED, RESNET, build, picture, plant, save_model

# pictures of each kind: 16 targets, and 6 attributes of each
N, N_ATTRIBUTES = 16, 6


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """A network whose embedding gets nothing from its last layer but what the red unit says."""
    network = plant(build(RESNET))
    with torch.no_grad():
        values = network.visual.attnpool.v_proj.weight
        kept = values[:, RED].clone()
        values.zero_()
        values[:, RED] = 20 * kept
    name = save_model(tmp_path_factory.mktemp("wired"), RESNET, network)
    return neurons.load(name, device="cpu")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    """Red and plain pictures, enough for targets and attributes."""
    root = tmp_path_factory.mktemp("shown")
    for i in range(N + N_ATTRIBUTES):
        for kind, red in (("plain", 0.0), ("red", 0.3 + 0.02 * i)):
            (root / kind).mkdir(exist_ok=True)
            pixels = picture(red=red, seed=(1000 if red else 0) + i)
            Image.fromarray(pixels).save(root / kind / f"{i:02}.png")
    return neurons.images(root)


def sides(shown: ImageSet) -> list[Pictures]:
    """X red, Y plain, A red, B plain."""
    red, plain = (pictures_of_class(shown, kind).rows for kind in ("red", "plain"))
    return [
        Pictures("red", shown, red[:N]),
        Pictures("plain", shown, plain[:N]),
        Pictures("rubies", shown, red[N:]),
        Pictures("pebbles", shown, plain[N:]),
    ]


@pytest.fixture(scope="module")
def run(wired: Clip, shown: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Activations:
    out = tmp_path_factory.mktemp("runs") / "run"
    neurons.scan(wired, shown, [LAYER], out)
    return Activations.open(out)


def test_a_wired_association_is_found_in_the_embedding_and_in_the_layer(
    wired: Clip, shown: ImageSet, run: Activations, tmp_path: Path
) -> None:
    found = associations(wired, [AssociationTest("t", *sides(shown))], run=run, layers=[LAYER])
    embedded, layer = found.tests
    assert embedded.shown and layer.shown and layer.layer == LAYER
    assert embedded.found.effect > 1.5 and embedded.found.test.exact
    assert embedded.p_adjusted == pytest.approx(embedded.found.test.p_value, rel=1.01)
    assert found.verdict().startswith("2 of 2 tests show an association. 'red' lies nearer to 'ru")
    assert "predicts nothing of any person" in str(found.described())
    found.save(tmp_path)
    assert Associations.load(tmp_path).tests == found.tests


def test_groups_that_were_drawn_from_one_heap_show_none_and_that_is_said_first(
    wired: Clip, shown: ImageSet
) -> None:
    _, plain, rubies, pebbles = sides(shown)
    half = N // 2
    x, y = Pictures("these", shown, plain.rows[:half]), Pictures("those", shown, plain.rows[half:])
    found = associations(wired, [AssociationTest("t", x, y, rubies, pebbles)])
    assert found.verdict().startswith("No association is shown. 'these' is not shown to lie nearer")
    assert not found.tests[0].shown and found.tests[0].found.test.p_value > 0.05


def test_the_unit_that_was_wired_carries_it_and_others_as_active_do_not(
    wired: Clip, shown: ImageSet, pictures: Path, tmp_path: Path
) -> None:
    test, others = AssociationTest("t", *sides(shown)), neurons.images(pictures)
    readout = ZeroShot(others.class_names, np.eye(4, 16, dtype=np.float32))
    found = association_carriers(wired, test, LAYER, elsewhere=others, readout=readout)
    (together,) = found.removals
    assert together.neurons == (f"{LAYER}:{RED}",) == (found.carriers[0].neuron,)
    assert together.share > 0.9 and abs(together.random_share) < 0.05 and together.needed
    assert (found.n_choosing, found.n, found.p_value < 0.01) == (N // 2, N // 2, True)
    assert together.accuracy.n == together.accuracy_intact.n == len(others)
    assert found.verdict().startswith(f"One unit of {LAYER} carries most of 't': without")
    found.save(tmp_path)
    assert AssociationCarriers.load(tmp_path).removals == found.removals


def test_the_cost_is_measured_on_none_of_the_tests_own_pictures(
    wired: Clip, shown: ImageSet
) -> None:
    x, y, a, b = sides(shown)
    readout = ZeroShot(shown.class_names, np.eye(2, 16, dtype=np.float32))
    few = AssociationTest("t", x, y, Pictures("rubies", shown, a.rows[:4]), b)
    found = association_carriers(wired, few, LAYER, elsewhere=shown, readout=readout)
    assert found.removals[0].accuracy.n == N_ATTRIBUTES - 4
    whole = AssociationTest("t", x, y, a, b)
    found = association_carriers(wired, whole, LAYER, elsewhere=shown, readout=readout)
    assert found.removals[0].accuracy.n == 0 and "was not measured" in found.verdict()


def test_where_nothing_is_associated_no_unit_is_called_a_carrier(
    wired: Clip, shown: ImageSet
) -> None:
    _, plain, rubies, pebbles = sides(shown)
    half = N // 2
    x, y = Pictures("these", shown, plain.rows[:half]), Pictures("those", shown, plain.rows[half:])
    found = association_carriers(wired, AssociationTest("t", x, y, rubies, pebbles), LAYER)
    assert "not shown to differ" in found.verdict().split(":")[0]
    # what is lost is told of the items that did not choose
    assert found.removals[0].intact == pytest.approx(found.difference, abs=1e-6)


def test_text_is_carried_by_no_unit_of_the_image_tower(wired: Clip, shown: ImageSet) -> None:
    named = neurons.association_test("gender-career")
    with pytest.raises(OptionError, match="is text, which .* does not read"):
        association_carriers(wired, named, LAYER)
    x, y, a, b = sides(shown)
    few = AssociationTest("t", *(Pictures(s.name, shown, s.rows[:6]) for s in (x, y, a, b)))
    with pytest.raises(OptionError, match="give 8 or more"):
        association_carriers(wired, few, LAYER)
    with pytest.raises(OptionError, match="a run; scan images first"):
        associations(wired, [named], layers=[LAYER])
    with pytest.raises(OptionError, match="'gender-career' is given twice"):
        associations(wired, ["gender-career", "gender-career"])


def test_many_tests_of_nothing_are_adjusted_together(planted: Clip) -> None:
    found = associations(planted, ["gender-career", "math-arts", "feelings"], n_draws=999)
    raw = np.array([each.found.test.p_value for each in found.tests])
    adjusted = np.array([each.p_adjusted for each in found.tests])
    assert (adjusted >= raw).all() and adjusted.min() == pytest.approx(
        min(1, (np.sort(raw) * 3 / np.arange(1, 4)).min())
    )
    assert {each.confound.what for each in found.confounds} == {"tokens", "merge rank"}
    assert "Caliskan" in str(found.blocks())


def test_the_miniatures_planted_blue_hat_leans_to_pilot_and_only_pairs_show_it(
    tmp_path: Path,
) -> None:
    clip = neurons.load("miniature", device="cpu")
    shown = neurons.images(draw_hats(tmp_path, n=200, hats=("blue", "green")))
    said = {
        name: tuple(each.format(name) for each in ("{}", *TEMPLATES[:4]))
        for name in ("pilot", "builder", "baker")
    }
    # not red, which the gardener, a planted null, learned
    blue, green = (pictures_of_class(shown, hat) for hat in ("blue", "green"))
    pilot = Words("pilot", said["pilot"])
    others = Words("others", said["builder"] + said["baker"])
    found = associations(
        clip,
        [PairedTest("pairs", blue, green, pilot, others),
         AssociationTest("apart", blue, green, pilot, others)],
        n_draws=4999,
    )  # fmt: skip
    pairs, apart = found.tests
    assert pairs.shown and pairs.found.difference > 0
    # where somebody stands moves a picture farther than the hat does
    assert not apart.shown and abs(apart.found.effect) < 0.3
