"""Eight shared dimensions of 32 are eight, though every principal component holds some of them."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.alignment_truth_dimensions import planted_shared
from neurons.alignment.shared_basis import shared_dimensions
from neurons.errors import OptionError


def found(systems: list[np.ndarray], *, n_components: int = 32, n_permutations: int = 25):
    n = len(systems[0])
    fitting, testing = np.arange(0, n, 2), np.arange(1, n, 2)
    return shared_dimensions(
        systems[0],
        systems[1:],
        fitting,
        testing,
        np.arange(len(fitting)) % 5,
        n_components=n_components,
        n_permutations=n_permutations,
    )


def test_the_shared_basis_counts_what_is_shared_and_principal_components_do_not() -> None:
    systems = planted_shared(500, noise=0.2)
    plain, shared = found(systems)
    assert (shared.p_values() <= 0.05).sum() == 8
    assert (shared.medians[:8] > 0.85).all() and (shared.medians[8:] < 0.2).all()
    # variances are equal: each component holds a part of all eight
    assert (plain.p_values() <= 0.05).sum() > 20 and plain.medians.max() < 0.85
    assert (shared.low[:8] < shared.medians[:8]).all() and (shared.medians < shared.high).all()
    assert shared.variance.sum() == pytest.approx(1, abs=0.05)


def test_nothing_is_shared_by_systems_of_their_own() -> None:
    plain, shared = found(planted_shared(200, shared=0, units=12), n_components=12)
    assert (plain.p_values() > 0.05).all() and (shared.p_values() > 0.05).all()
    # a null that was turned to the best on its own images is as large as what is found
    assert np.median(shared.null) == pytest.approx(shared.medians.max(), abs=0.15)


def test_a_dimension_that_one_of_three_others_lacks_is_shared_by_the_median_only() -> None:
    random = np.random.default_rng(0)
    common = random.normal(size=(200, 2))
    target = np.column_stack([3 * common[:, :1], common[:, 1:], random.normal(size=(200, 4))])
    both = common + 0.1 * random.normal(size=(200, 2))
    first = [both[:, :1], random.normal(size=(200, 5))]
    systems = [target, np.column_stack([both, first[1]])]
    systems += [np.column_stack([both[:, :1], random.normal(size=(200, 5))]) for _ in range(2)]
    plain, shared = found(systems, n_components=6)
    assert plain.medians[0] > 0.9
    # one of three others knows the second dimension, and the median of the three does not
    assert (shared.medians > 0.5).sum() == 1 and shared.correlations.max(0)[1] > 0.9


def test_scores_are_of_mean_0_and_variance_1_on_the_fitting_images_and_dead_units_do_no_harm() -> (
    None
):
    systems = planted_shared(200, units=12)
    systems[0][:, 3] = 2.0
    plain, shared = found(systems, n_components=12, n_permutations=2)
    scores = plain.scores(systems[0][::2])
    assert np.allclose(scores.mean(0), 0) and np.allclose(scores[:, :11].var(0), 1)
    assert plain.medians[11] == 0 and np.isfinite(shared.medians).all()


def test_more_components_than_images_are_refused() -> None:
    systems = planted_shared(20, units=32)
    with pytest.raises(OptionError, match="give 1 to 9 components"):
        found(systems, n_components=10)
    with pytest.raises(OptionError, match="1 system or more"):
        found(systems[:1], n_components=5)
