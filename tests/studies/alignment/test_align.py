"""Layers that share what they see are found, whatever their width and the order of the images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Activations, Alignment, ArraySystem, Clip
from neurons.activations.aligned_layers import aligned_layers
from neurons.activations.alignment_blocks import matches_table
from neurons.alignment.predictivity import Ridge
from neurons.alignment.responses import Responses
from neurons.errors import LayerNotFoundError, MismatchError, OptionError
from neurons.recipes.write_result import write_result
from tests.activations.stores import run_of
from tests.conftest import LAYER

N = 120
IDS = tuple(f"image-{i:03}.png" for i in range(N))


def seen(seed: int, n_units: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(N, n_units))


def rotated(values: np.ndarray, seed: int, *, noise: float = 0.3) -> np.ndarray:
    random = np.random.default_rng(seed)
    turned = values @ np.linalg.qr(random.normal(size=(values.shape[1],) * 2))[0]
    return 3 * turned + 1 + noise * random.normal(size=values.shape)


def system(name: str, layers: dict[str, np.ndarray], *, seed: int | None = None) -> ArraySystem:
    """Keep layers as arrays, the images in another order where a seed is given."""
    order = np.arange(N) if seed is None else np.random.default_rng(seed).permutation(N)
    arrays = {layer: values[order] for layer, values in layers.items()}
    return neurons.responses(arrays, ids=[IDS[i] for i in order], name=name)


@pytest.fixture(scope="module")
def model() -> ArraySystem:
    return system("model", {"early": seen(1, 8), "late": seen(2, 8)})


@pytest.fixture(scope="module")
def other() -> ArraySystem:
    """Two of three layers are rotations of the model's, and the third is wide and unrelated."""
    layers = {"x": rotated(seen(2, 8), 3), "wide": seen(4, 400), "y": rotated(seen(1, 8), 5)}
    return system("other", layers, seed=6)


@pytest.fixture(scope="module")
def found(model: ArraySystem, other: ArraySystem) -> Alignment:
    return neurons.align(model, other, n_permutations=40)


def test_every_measure_finds_the_layer_that_is_a_rotation(found: Alignment) -> None:
    (pair,) = found.pairs
    names = [each.measure for each in pair.tables]
    assert names == ["cka", "rsa", "ridge", "ridge back", "procrustes", "knn"]
    for table in pair.tables:
        assert [match.other for match in table.matches] == ["y", "x"], table.measure
        assert [match.other for match in table.back][::2] == ["late", "early"], table.measure
        smallest = 1 / (1 + table.n_permutations)
        assert all(each.p_value == pytest.approx(smallest) for each in table.matches)
        assert all(each.interval.low < each.value < each.interval.high for each in table.matches), (
            table.measure
        )
        # width alone is no closeness
        assert np.abs(table.excess[:, 1]).max() < 0.5 * table.excess[0, 2]
    assert pair.tables[0].back[1].p_value > 0.05
    assert found.n == N and pair.tables[0].matches[0].value > 0.9


def test_ridge_tells_r2_of_both_ways_beside_r(found: Alignment) -> None:
    tables = {each.measure: each for each in found.pairs[0].tables}
    assert [name for name, each in tables.items() if each.r2 is not None] == ["ridge", "ridge back"]
    for name, to in (("ridge", "x"), ("ridge back", "wide")):
        told = tables[name].told_r2("late", to)
        rows = [each for each in found.rows() if each["measure"] == name]
        (row,) = [each for each in rows if (each["layer"], each["other_layer"]) == ("late", to)]
        assert told.startswith(f"R2 {row['r2']:.2f} (")
        assert row["r2_low"] < row["r2"] < row["r2_high"]
    ridge, back = (tables[name].r2.values for name in ("ridge", "ridge back"))
    # rotations are predicted both ways; 400 unrelated units neither predict nor are predicted
    assert ridge[1, 0] > 0.8 and back[1, 0] > 0.8
    assert max(ridge[1, 1], back[1, 1]) < 0.05
    (table,) = [
        e for e in found.blocks() if getattr(e, "title", "").startswith("The layer of other")
    ]
    assert "20 groups of images left out in turn" in table.note
    assert ", R2 0.9" in table.rows[1][3] and "R2" not in table.rows[1][1]


def test_intervals_of_ridge_that_leave_the_fits_as_they_are_are_narrower_and_say_so() -> None:
    tables = [Responses("x", seen(2, 8))], [Responses("y", rotated(seen(2, 8), 3, noise=1))]
    refitted, plain = (
        aligned_layers(*tables, [Ridge()], n_permutations=2, most_refitted=most)[0]
        for most in (8, 7)
    )
    told = [matches_table([each], "a", "b", back=False).note for each in (refitted, plain)]
    assert "are too narrow" in told[1] and "left out in turn" in told[0]
    assert (refitted.refitted, plain.refitted) == (True, False)
    assert refitted.values == plain.values
    assert (refitted.high - refitted.low) > 1.2 * (plain.high - plain.low)
    wide, narrow = (each.r2.high - each.r2.low for each in (refitted, plain))
    assert wide > 1.1 * narrow


def test_the_verdict_names_the_closest_layers_with_their_number_and_null(found: Alignment) -> None:
    told = found.verdict()
    assert told.startswith(("early of model and y of other are", "late of model and x of other"))
    assert "n = 120" in told and "with shuffled images (p = 0.024)" in told
    assert "2 of 2 layers of model have a match above shuffled images" in told
    # responses without repeats
    assert "model, other: one response per image, so there is no noise ceiling" in found.told()


def test_systems_that_share_nothing_say_so_first_and_the_search_is_repeated() -> None:
    p_values, pair_p = [], []
    for seed in range(8):
        # correlated layers of eight units: many chances for one pair to look alike
        layers = {f"l{i}": seen(100 * seed + i, 6) for i in range(6)}
        others = {f"k{i}": seen(100 * seed + 50 + i, 6) for i in range(6)}
        found = neurons.align(
            system("one", layers), system("two", others), measures=["cka"], n_permutations=39
        )
        table = found.pairs[0].tables[0]
        p_values.append(table.closest.p_value)
        pair_p.append(table.p_values.min())
        if not found.pairs[0].found:
            assert found.verdict().startswith("No layer of two is closer to one of one than")
    # one of 36 pairs alone looks like a discovery every time; the closest of all does not
    assert max(pair_p) <= 0.1 and np.mean(np.array(p_values) <= 0.05) <= 0.25
    assert np.median(p_values) > 0.15


def test_of_many_unrelated_layers_none_is_counted_as_above_shuffled_images() -> None:
    counted = []
    for seed in range(4):
        layers = {f"l{i}": seen(100 * seed + i, 6) for i in range(20)}
        other = system("other", {"k": rotated(layers["l3"], seed)})
        found = neurons.align(system("one", layers), other, measures=["cka"], n_permutations=39)
        (table,) = found.pairs[0].tables
        counted.append(int((table.p_values_of_table <= 0.05).sum()))
        told = f"{counted[-1]} of 20 layers of one have a match above shuffled images"
        assert found.verdict().startswith("l3 of one and k of other") and told in found.verdict()
        rows = found.to_pandas().set_index("layer")
        assert rows.p_of_all["l3"] == pytest.approx(1 / 40)
        assert (rows.p_of_all >= rows.p_of_closest).all()
    # the planted one; each of 19 others alone would be counted once in 20 times
    assert min(counted) == 1 and sum(counted) <= 5


def test_the_interval_is_of_200_resamples_as_the_table_tells(found: Alignment) -> None:
    assert {table.n_resamples for table in found.pairs[0].tables} == {200}
    told = [
        each.note for each in found.blocks() if "is closest to each" in getattr(each, "title", "")
    ]
    assert len(told) == 2
    assert all("95 % interval (of 200 resamples of the images)" in each for each in told)


def test_rows_count_every_pair_and_a_saved_answer_is_the_same(
    found: Alignment, tmp_path: Path
) -> None:
    table = found.to_pandas()
    assert len(table) == 6 * 2 * 3
    best = table[(table.measure == "cka") & table.closest].set_index("layer").other_layer
    assert best.to_dict() == {"early": "y", "late": "x"}
    assert set(found.columns_about()) <= set(table.columns)
    index = write_result(tmp_path / "pages", found)
    again = Alignment.load(tmp_path / "pages" / "result")
    assert again.verdict() == found.verdict() and again.to_pandas().equals(table)
    pages = "".join(each.read_text(encoding="utf-8") for each in index.parent.glob("*.html"))
    assert 'class="heat"' in pages and 'class="plane"' in pages


def test_several_systems_are_on_one_map_and_what_is_not_alike_is_told_first(
    model: ArraySystem, other: ArraySystem
) -> None:
    random = system("noise", {"x": seen(17, 8), "z": seen(18, 8)})
    found = neurons.align(model, other, random, measures=["cka"], n_permutations=40)
    assert found.verdict().startswith("No layer of noise is closer to one of model")
    assert "x of other are closest" in found.verdict()
    places = found.places
    assert places.systems == ("model",) * 2 + ("other",) * 3 + ("noise",) * 2
    d = places.distances
    assert d[0, 4] < 0.2 < d[0, 2] and np.all(
        d[:, None] + d[None] >= d[:, :, None].swapaxes(1, 2) - 1e-9
    )
    assert (found.title, found.systems[2]) == ("model beside other, noise", "noise")


def test_trials_give_a_ceiling_and_what_is_reached_of_it(model: ArraySystem) -> None:
    truth = rotated(seen(1, 8), 9, noise=0.0)
    truth = (truth - truth.mean(0)) / truth.std(0)
    random = np.random.default_rng(10)
    trials = truth[:, None] + random.normal(size=(N, 4, 8))
    brain = neurons.responses({"v4": trials}, ids=IDS, name="brain")
    found = neurons.align(model, brain, measures=["ridge", "rsa"], n_permutations=19)
    (ceiling,) = found.pairs[0].ceilings
    # variance of the signal 1, of the noise 1 / 4
    assert ceiling.r == pytest.approx(np.sqrt(0.8), abs=0.03)
    assert (ceiling.predicted_by, ceiling.n_repeats, ceiling.n) == ("early", 4, N)
    assert ceiling.corrected == pytest.approx(1, abs=0.05)
    assert 0 < ceiling.rsa_low < ceiling.rsa_high < 1
    (table,) = [
        each for each in found.blocks() if str(getattr(each, "title", "")).startswith("What")
    ]
    assert "is no bound for the RSA shown" in table.note
    assert "did best on the same images; the interval leaves this search out" in table.note
    assert "model: one response per image" in found.told() and "brain" not in found.told()
    # whichever stands first
    turned = neurons.align(brain, model, measures=["ridge", "rsa"], n_permutations=19)
    (again,) = turned.pairs[0].ceilings_of_first
    assert (again.predicted_by, again.corrected) == ("early", pytest.approx(ceiling.corrected))
    assert turned.pairs[0].no_ceiling == (False, True)
    titles = [getattr(each, "title", "") for each in turned.blocks()]
    assert "What noise allows in brain, and how much of it model predicts" in titles
    # averaged before, and first
    averaged = system("averaged", {"v4": trials.mean(1)})
    told = neurons.align(averaged, brain, measures=["rsa"], n_permutations=19).told()
    assert "averaged: one response per image, so there is no noise ceiling" in told


def test_one_model_beside_itself_is_no_finding(model: ArraySystem) -> None:
    found = neurons.align(model, model, measures=["cka"], n_permutations=19)
    assert found.verdict().startswith(
        "model (1) and model (2) are the same model on the same images"
    )


def test_copies_of_an_image_count_once(planted: Clip, pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    for i, file in enumerate(sorted(pictures.rglob("*.png"))[:8]):
        for k in range(1 + (i < 3)):
            (folder / f"{i}-{k}.png").write_bytes(file.read_bytes())
    neurons.scan(planted, neurons.images(folder), [LAYER], tmp_path / "run")
    run = Activations.open(tmp_path / "run")
    array = neurons.responses(np.random.default_rng(0).normal(size=(11, 5)), ids=run.ids())
    found = neurons.align(run, array, layers=[LAYER], measures=["cka"], n_permutations=19)
    assert found.n == 8 and "3 copies of other images are left out" in found.told()
    assert found.verdict().startswith("8 images are few")


def test_pictures_show_the_image_that_two_systems_place_differently(
    pictures: Path, tmp_path: Path
) -> None:
    images = neurons.images(pictures)
    labels = images.require_labels()
    random = np.random.default_rng(0)
    values = np.eye(4)[labels] @ random.normal(size=(4, 9)) * 4 + random.normal(size=(40, 9))
    moved = values.copy()
    moved[7] = values[23] + 0.1
    run = run_of(tmp_path / "run", images, values)
    found = neurons.align(
        run, neurons.responses(moved, ids=images.ids), measures=["cka"], images=images,
        n_permutations=19,
    )  # fmt: skip
    differing = found.pairs[0].differing
    assert differing.pictures[0].shown.image_id == images.ids[7]
    assert differing.pictures[0].difference > 3 * differing.median
    assert differing.pictures[0].nearest[0].label == images[7].label != images[23].label
    assert images[23].id in [each.image_id for each in differing.pictures[0].nearest_other]


def test_units_that_never_change_and_few_images_are_told(model: ArraySystem) -> None:
    wide = rotated(seen(1, 8), 5) @ np.random.default_rng(0).normal(size=(8, 150))
    wide[:, :3] = 1.5
    found = neurons.align(
        model, system("wide", {"x": wide}), measures=["procrustes"], n_permutations=19
    )
    assert "count nothing: 3 of 150 units of wide x" in found.told()
    assert found.pairs[0].tables[0].matches[0].p_value == pytest.approx(0.05)
    few = neurons.align(
        system("a", {"x": seen(3, 300)}), system("b", {"y": seen(4, 300)}),
        measures=["procrustes"], n_permutations=19,
    )  # fmt: skip
    assert "procrustes: 120 images are few for a rotation of 300 and 300 units" in few.told()


def test_what_cannot_be_compared_is_refused_in_one_line(
    model: ArraySystem, other: ArraySystem
) -> None:
    with pytest.raises(OptionError, match="no measure 'cca'; there are: cka, rsa"):
        neurons.align(model, other, measures=["cca"])
    with pytest.raises(OptionError, match="compared with nothing"):
        neurons.align(model)
    with pytest.raises(OptionError, match="19 shuffles or more"):
        neurons.align(model, other, n_permutations=10)
    with pytest.raises(LayerNotFoundError, match="they hold: early, late"):
        neurons.align(model, other, layers=["x"])
    with pytest.raises(LayerNotFoundError, match="they hold: x, wide, y"):
        neurons.align(model, other, other_layers=["early"])
    constant = system("flat", {"x": np.ones((N, 3))})
    with pytest.raises(OptionError, match="x gives every image the same values"):
        neurons.align(model, constant)
    single = system("one unit", {"x": seen(3, 1)})
    with pytest.raises(OptionError, match="rsa cannot be taken: x has 120 .* leave out this"):
        neurons.align(model, single, measures=["rsa"])
    nothing = system("nothing", {"x": np.full((N, 3), np.nan)})
    with pytest.raises(MismatchError, match="'nothing' knows 0 of 120 images"):
        neurons.align(model, nothing)
    strange = neurons.responses(seen(0, 3), ids=[f"{i}.jpg" for i in range(N)], name="strange")
    with pytest.raises(MismatchError, match=r"0 images are in common by id"):
        neurons.align(model, strange)
