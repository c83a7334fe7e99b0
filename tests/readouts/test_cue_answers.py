"""Are answers to cue conflicts counted as they were published, and told from chance?"""

from __future__ import annotations

import numpy as np
import pytest

from neurons.data.cue_trials import CueTrials, read_trials
from neurons.readouts.cue_answers import PartOfCues, answer_counts, count_cues
from tests.conftest import shared

CLASSES = [f"class {i}" for i in range(10)]


def random_cues(n: int, seed: int = 0) -> dict[str, list[str]]:
    rng = np.random.default_rng(seed)
    pairs = [rng.choice(CLASSES, 2, replace=False).tolist() for _ in range(n)]
    return {"shape": [a for a, _ in pairs], "texture": [b for _, b in pairs]}


def test_shape_bias_is_of_the_answers_that_name_a_cue() -> None:
    cues = {"shape": ["dog"] * 10, "texture": ["cat"] * 10}
    found = count_cues("x", ["dog"] * 3 + ["cat"] * 1 + ["car"] * 6, cues, n_classes=16)
    assert (found.whole.bias.successes, found.whole.bias.n) == (3, 4)
    assert found.whole.cue_accuracy.value == 0.4 and found.whole.neither.value == 0.6
    assert found.whole.share("shape").value == 0.3


def test_random_answers_look_balanced_and_are_told_first() -> None:
    cues = random_cues(2000)
    answers = np.random.default_rng(1).choice(CLASSES, 2000).tolist()
    found = count_cues("x", answers, cues, n_classes=10)
    assert found.whole.bias.value == pytest.approx(0.5, abs=0.06)
    assert found.whole.cue_accuracy.value == pytest.approx(0.2, abs=0.03)
    assert found.chance.guessing == 0.2 and "cannot be told from chance" in found.doubt()


def test_one_answer_for_all_is_chance_however_often_it_fits() -> None:
    # half of the pictures have this shape: twice what guessing gives
    cues = {"shape": [CLASSES[i % 2] for i in range(400)], "texture": [CLASSES[5]] * 400}
    found = count_cues("x", [CLASSES[0]] * 400, cues, n_classes=10)
    assert found.whole.cue_accuracy.value == 0.5 and found.chance.shuffled == 0.5
    assert "cannot be told from chance" in found.doubt()


def test_answers_that_follow_shape_or_texture_have_a_bias_of_one_or_nought() -> None:
    cues = random_cues(300)
    for cue, bias in (("shape", 1.0), ("texture", 0.0)):
        found = count_cues("x", cues[cue], cues, n_classes=10)
        assert found.whole.bias.value == bias and found.whole.cue_accuracy.value == 1
        assert found.doubt() == ""
        assert {part.bias.value for part in found.by_class} == {bias}


def test_one_picture_under_many_textures_is_no_independent_trial() -> None:
    # ten dogs, each under thirty textures; five of them are always seen
    n = 300
    dogs, cats = [f"dog{i % 10}" for i in range(n)], [f"cat{i // 10}" for i in range(n)]
    sources = {"shape": dogs, "texture": cats}
    cues = {"shape": ["dog"] * n, "texture": ["cat"] * n}
    answers = ["dog" if i % 10 < 5 else "cat" for i in range(n)]
    found = count_cues("x", answers, cues, n_classes=16, sources=sources)
    wilson = found.whole.bias.interval
    assert found.resampled.high - found.resampled.low > 3 * (wilson.high - wilson.low)
    assert np.isnan(count_cues("x", answers, cues, n_classes=16).resampled.low)


def test_what_is_answered_is_counted_over_all_classes() -> None:
    assert answer_counts(["b", "a", "b", "na"], ["a", "b", "c"]).tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("who", "percent", "n"),
    [("subject", 95.87, 9634), ("alexnet", 42.94, 659), ("googlenet", 31.19, 731),
     ("vgg", 17.22, 755)],
)  # fmt: skip
def test_published_shape_biases_are_reproduced_to_the_digit(
    who: str, percent: float, n: int
) -> None:
    found = counted(read_trials(sorted(shared("reference/texture-vs-shape").glob(f"*_{who}*.csv"))))
    assert round(100 * found.whole.bias.value, 2) == percent and found.whole.bias.n == n
    # 80 of 1,280 pictures have shape and texture of one class: they are no conflict
    assert found.whole.n % 1200 == 0 and len(found.by_class) == 16


def counted(trials: CueTrials) -> PartOfCues:
    rows = [i for i in range(len(trials.answers))
            if trials.cues["shape"][i] != trials.cues["texture"][i]]  # fmt: skip

    def of(names: tuple[str, ...]) -> list[str]:
        return [names[i] for i in rows]

    cues = {cue: of(names) for cue, names in trials.cues.items()}
    sources = {cue: of(names) for cue, names in trials.sources.items()}
    return count_cues("conflict", of(trials.answers), cues, n_classes=16, sources=sources)
