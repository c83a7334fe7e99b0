"""Several noisy turned copies agree in a common space, also on other images."""

from __future__ import annotations

import numpy as np
import pytest

from neurons.alignment.assignment import rotation
from neurons.alignment.bridges import explained, procrustes
from neurons.alignment.hyperalignment import agreement, hyperalign
from neurons.errors import OptionError


def copies(n: int = 8, noise: float = 0.6, widths: tuple[int, ...] = (20,)) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    base = random.normal(size=(120, 20)) * np.arange(1, 21) ** -0.5
    found = []
    for i in range(n):
        width = widths[i % len(widths)]
        turn = rotation(max(width, 20), random)[:20, :width]
        found.append((1 + i) * base @ turn + noise * (1 + i) * random.normal(size=(120, width)) + i)
    return found


def test_turned_copies_agree_exactly_whatever_their_scale_and_width() -> None:
    tables = copies(4, noise=0.0, widths=(20, 30))
    space = hyperalign([each[:60] for each in tables])
    assert space.agreement == pytest.approx(1)
    assert np.allclose(agreement(space, [each[60:] for each in tables]), 1)
    bridge = space.between(0, 1, tables[0][:60], tables[1][:60])
    assert explained(tables[1][60:], bridge(tables[0][60:])) > 0.999


def test_several_agree_better_on_other_images_than_two_by_two() -> None:
    tables = [each - each[60:].mean(0) for each in copies(noise=0.3)]
    fit, test = [each[:60] for each in tables], [each[60:] for each in tables]
    space = hyperalign(fit)
    off = ~np.eye(8, dtype=bool)
    together = agreement(space, test)[off].mean()
    two_by_two = []
    for i, j in zip(*np.nonzero(off), strict=True):
        mapped = procrustes(fit[i], fit[j])(test[i])
        two_by_two.append(np.corrcoef((mapped - mapped.mean(0)).ravel(), test[j].ravel())[0, 1])
    assert together > np.mean(two_by_two) + 0.01
    # on the images that were fitted it says far more than is so
    assert space.agreement > together + 0.1


def test_each_round_makes_the_agreement_no_smaller_than_the_first_alignment() -> None:
    tables = copies()
    space = hyperalign(tables)
    unit = [each - each.mean(0) for each in tables]
    unit = [each / np.linalg.norm(each) for each in unit]
    first = [each @ np.linalg.svd(each.T @ unit[0])[0] for each in unit]
    start = np.mean([(first[i] * first[j]).sum() for i in range(8) for j in range(8) if i != j])
    assert space.agreement > start and space.n_rounds > 1


def test_permuted_images_do_not_agree_on_others() -> None:
    random, tables = np.random.default_rng(0), copies(3)
    shuffled = [each[random.permutation(120)] for each in tables]
    space = hyperalign([each[:60] for each in shuffled])
    found = agreement(space, [each[60:] for each in shuffled])
    assert np.abs(found[np.triu_indices(3, 1)]).max() < 0.1 < space.agreement


def test_what_cannot_be_aligned_is_refused() -> None:
    tables = copies(2)
    with pytest.raises(OptionError, match="give 2 or more"):
        hyperalign(tables[:1])
    with pytest.raises(OptionError, match="table 2 of 2 says the same"):
        hyperalign([tables[0], np.ones((120, 3))])
