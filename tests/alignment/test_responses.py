import numpy as np
import pytest

from neurons.alignment.calibration import calibrated, calibrated_table
from neurons.alignment.cka import Cka
from neurons.alignment.measure import measured
from neurons.alignment.measures import EVERY_MEASURE, MEASURES
from neurons.alignment.responses import Responses, check, check_all
from neurons.errors import MismatchError, NeuronsError, OptionError

GOOD = np.random.default_rng(0).normal(size=(30, 5))


def spoiled(rows: slice, value: float) -> np.ndarray:
    values = GOOD.copy()
    values[rows, 1] = value
    return values


NOT_FINITE = "has values that are not finite"
BAD = {
    f"{NOT_FINITE}.* in 2 of 30 images, the first in row 6": spoiled(slice(6, 8), np.nan),
    f"{NOT_FINITE}.* in 1 of 30 images, the first in row 29": spoiled(slice(29, 30), np.inf),
    "has 3 images; alignment needs at least 4": GOOD[:3],
    "gives every image the same values": np.ones((30, 5)),
    r"has shape \(30,\); give a table": GOOD[:, 0],
    r"has shape \(30, 0\); give a table": GOOD[:, :0],
}


@pytest.mark.parametrize("why", BAD)
def test_a_bad_table_is_refused_in_one_line_that_names_it(why: str) -> None:
    for measure in EVERY_MEASURE:
        with pytest.raises(OptionError, match=f"the first table {why}") as error:
            measured(measure, BAD[why], GOOD[: len(BAD[why])])
        assert "\n" not in str(error.value)
    with pytest.raises(OptionError, match=f"layer 3 {why}"):
        check(Responses("layer 3", BAD[why]))


def test_tables_of_other_images_are_refused() -> None:
    with pytest.raises(MismatchError, match="first table has 30 images and the second table 29"):
        calibrated(Cka(), GOOD, GOOD[1:])
    with pytest.raises(OptionError, match="no table of responses was given"):
        check_all([Responses("a", GOOD)], [])


def test_constant_units_are_counted_and_change_nothing() -> None:
    padded = np.hstack([GOOD, np.full((30, 3), 1 / 3)])
    assert check(Responses("padded", padded)) == 3
    other = GOOD[:, :2] + np.random.default_rng(1).normal(size=(30, 2))
    for measure in MEASURES:
        if measure.name == "rsa":
            # a correlation over units counts every unit
            continue
        expected = measured(measure, other, GOOD).value
        assert measured(measure, other, padded).value == pytest.approx(expected, abs=1e-9)


def test_more_units_than_images_are_measured_by_every_measure() -> None:
    random = np.random.default_rng(2)
    wide = random.normal(size=(30, 300))
    for measure in EVERY_MEASURE:
        found = calibrated(measure, wide, wide[:, ::-1], n_permutations=19, n_resamples=20)
        assert found.p_value == 1 / 20
        assert found.excess > 0.1
        apart = calibrated(measure, wide, random.normal(size=(30, 300)), n_permutations=19)
        assert apart.p_value > 0.05


def test_a_table_that_is_not_an_array_is_read_by_slices_alone() -> None:
    from tests.alignment.test_cka import OnDisk

    other = GOOD[:, ::-1] + np.random.default_rng(1).normal(size=(30, 5))
    tables = [Responses("a", OnDisk(GOOD))], [Responses("b", OnDisk(other))]
    for measure in MEASURES:
        found = calibrated_table(measure, *tables, n_permutations=3, most_images=20)
        plain = calibrated(measure, GOOD, other, n_permutations=3, most_images=20)
        assert found.at(0, 0) == plain
        assert found.n == 20


def test_names_are_told_apart() -> None:
    assert [each.name for each in MEASURES] == ["cka", "rsa", "ridge", "procrustes", "knn"]
    assert len({each.name for each in EVERY_MEASURE}) == len(EVERY_MEASURE)
    assert issubclass(OptionError, NeuronsError)
