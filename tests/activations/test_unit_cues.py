"""Is a unit told to follow the cue that excites it, and no other?"""

from __future__ import annotations

import numpy as np

from neurons.activations.unit_cues import unit_cues

CLASSES = [f"class {i}" for i in range(12)]


def test_planted_units_follow_their_cue_and_noise_follows_none() -> None:
    rng = np.random.default_rng(0)
    triples = [rng.choice(CLASSES, 3, replace=False).tolist() for _ in range(600)]
    cues = {cue: [row[i] for row in triples] for i, cue in enumerate(("shape", "texture", "word"))}
    # half of the pictures have no word
    cues["word"] = [word if i % 2 else "" for i, word in enumerate(cues["word"])]
    values = rng.standard_normal((600, 60))
    wanted = [CLASSES[i % 12] for i in range(60)]
    planted = {0: "shape", 1: "texture", 2: "word"}
    for unit, cue in planted.items():
        values[np.array(cues[cue]) == wanted[unit], unit] += 3
    # this one answers to writing, whatever it says
    values[np.array(cues["word"]) != "", 3] += 3
    found = unit_cues([f"layer:{i}" for i in range(60)], wanted, values, cues)
    assert [each.follows for each in found[:4]] == [("shape",), ("texture",), ("word",), ()]
    # of what is found, one in twenty may be false on average
    assert sum(bool(each.follows) for each in found[4:]) <= 2
    assert found[0].auc["shape"] > 0.95 and abs(found[0].auc["texture"] - 0.5) < 0.2


def test_a_cue_that_few_pictures_have_is_not_tested() -> None:
    cues = {"shape": ["a"] * 3 + ["b"] * 20, "texture": ["b"] * 3 + ["c"] * 20}
    (found,) = unit_cues(["x:0"], ["a"], np.arange(23.0)[:, None], cues)
    assert np.isnan(found.auc["shape"]) and found.follows == ()
