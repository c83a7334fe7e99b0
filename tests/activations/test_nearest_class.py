"""Is the nearest class found, whatever a unit's scale?"""

from __future__ import annotations

import numpy as np

from neurons.activations.nearest_class import nearest_class


def test_planted_classes_are_found_and_a_loud_unit_does_not_hide_them() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    units = rng.standard_normal((300, 6)).astype(np.float32) * 0.3
    units[np.arange(300), labels] += 2
    # a unit that is a thousand times louder and knows nothing, and one that never changes
    units[:, 4] *= 1000
    units[:, 5] = 7
    read = nearest_class(units[:150], labels[:150], 3)
    assert (read.answers(units[150:]) == labels[150:]).mean() > 0.98
    assert read.tops()[:3].tolist() == [0, 1, 2]
    assert not read.deviations(units)[:, 5].any()
