"""Published figures stand beside the same model's, and beside no other's."""

from __future__ import annotations

import pytest

from neurons.attacks.published_figures import published


def test_published_figures_are_found_by_the_models_own_name() -> None:
    figures = {each.kind: each.accuracy for each in published("scam", "RN50x4/openai")}
    assert figures == {"NoSCAM": 0.9819, "SCAM": 0.3287, "SynthSCAM": 0.2633}
    (attacked,) = published("rta100", "ViT-L-14/openai")
    # the set's paper has no two-way figure: who measured this one, and where it stands, is said
    assert attacked.accuracy == 0.44 and "benchmark_results.md" in attacked.citation
    assert published("scam", "ViT-B-32/laion2b_s34b_b79k")[0].model == "ViT-B-32 laion2b"
    for other in ("RN50x4/yfcc15m", "RN50x4/untrained", "miniature", "local-dir:RN50x4"):
        assert published("scam", other) == ()


@pytest.mark.parametrize("set_name", ["scam", "rta100"])
def test_every_published_accuracy_is_one_and_says_who_published_it(set_name: str) -> None:
    found = published(set_name, "ViT-L-14/openai")
    assert found, f"the best known model has figures on {set_name}"
    for each in found:
        assert 0 < each.accuracy <= 1 and "20" in each.citation
    kinds = [each.kind for each in found]
    assert len(set(kinds)) == len(kinds)


def test_openais_weights_have_one_figure_under_both_of_their_names() -> None:
    assert published("scam", "RN50x4-quickgelu/openai") == published("scam", "RN50x4/openai") != ()


def test_no_set_but_the_one_asked_for_is_looked_up() -> None:
    assert published("synthetic", "RN50x4/openai") == ()
