import numpy as np
import pytest

from neurons.alignment.cka import Cka, biased_cka
from neurons.alignment.measure import measured
from neurons.alignment.minibatch_cka import minibatch_cka, minibatch_table
from neurons.errors import MismatchError, OptionError
from tests.alignment.test_cka import plain, related, song


def test_mini_batches_give_the_number_of_all_images() -> None:
    x, y = related(3200, 200, 200, noise=8)
    batches = [(x[i : i + 16], y[i : i + 16]) for i in range(0, 3200, 16)]
    found = minibatch_cka(batches)
    assert found.n == 3200
    assert found.value == pytest.approx(measured(Cka(), x, y).value, abs=0.03)
    averaged = np.mean([biased_cka(*batch).value for batch in batches])
    assert abs(averaged - found.value) > 0.1


def test_no_batches_are_refused() -> None:
    with pytest.raises(OptionError, match="no mini-batch"):
        minibatch_cka([])


def test_a_table_of_layers_is_the_ratio_of_averaged_hsic_of_each_pair() -> None:
    x, y = related(40, 7, 5)
    layers = [x, x[:, :3]], [y, y[:, 2:], x[:, 3:]]
    parts = [slice(0, 10), slice(10, 25), slice(25, 40)]
    table, n = minibatch_table(
        ([each[part] for each in layers[0]], [each[part] for each in layers[1]]) for part in parts
    )
    assert n == 40
    sizes = np.array([10, 15, 15])
    for i, a in enumerate(layers[0]):
        for j, b in enumerate(layers[1]):
            ab, aa, bb = (
                sizes @ [song(one[part], other[part]) for part in parts]
                for one, other in ((a, b), (a, a), (b, b))
            )
            assert table[i, j] == pytest.approx(ab / np.sqrt(aa * bb), abs=1e-10)
    whole, _ = minibatch_table([layers])
    assert whole[1, 0] == pytest.approx(plain(x[:, :3], y), abs=1e-10)


def test_a_bad_batch_is_refused() -> None:
    x, y = related(20)
    with pytest.raises(MismatchError, match="20 images and .* 19"):
        minibatch_cka([(x, y[1:])])
    y[3, 0] = np.nan
    with pytest.raises(OptionError, match="not finite.* row 3"):
        minibatch_cka([(x, y)])
    with pytest.raises(OptionError, match="has 3 images"):
        minibatch_cka([(x[:3], y[:3])])
