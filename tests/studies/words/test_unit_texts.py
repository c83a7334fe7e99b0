"""A wired unit asks for its caption; random directions, dead units and bad readouts are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurons
from neurons import Clip
from neurons.errors import NeuronNotFoundError, OptionError
from neurons.readouts.captions import Captions, drawn_captions, words_in_templates
from neurons.readouts.text_candidates import TextCandidates, embed_candidates, random_directions
from neurons.readouts.text_search import SearchSettings
from neurons.readouts.unit_directions import UnitDirections
from neurons.studies.words.unit_texts import UnitTexts, rank_texts, unit_texts

LAYER, WIRED, DEAD, MEAN = "visual.layer4", 7, 3, 5
# among captions of spiders the one that lies furthest from the mean
WANTED = "the word spider"
SMALL = SearchSettings(steps=5, children=2, branch=6, longest=6, lambdas=(0.0, 0.02, 0.2))


@pytest.fixture(scope="module")
def captions() -> Captions:
    drawn = drawn_captions(700)
    return Captions((*drawn.texts, WANTED), drawn.source, written=True)


@pytest.fixture(scope="module")
def candidates(miniature: Clip, captions: Captions) -> TextCandidates:
    return embed_candidates(miniature, captions.different, source=captions.source)


@pytest.fixture(scope="module")
def directions(candidates: TextCandidates) -> UnitDirections:
    """512 random units, one that points at a caption, one dead, one at what all texts share."""
    vectors = np.random.default_rng(0).normal(size=(512, 256)).astype(np.float32)
    vectors[WIRED] = 9 * candidates.vectors[candidates.texts.index(WANTED)]
    vectors[DEAD] = 0
    vectors[MEAN] = candidates.mean
    return UnitDirections(LAYER, vectors, "mean attention", "attention", 0.97, True)


@pytest.fixture(scope="module")
def found(miniature: Clip, directions: UnitDirections, captions: Captions) -> UnitTexts:
    asked = f"{LAYER}:{WIRED}"
    return unit_texts(miniature, directions, asked, captions, search=SMALL, n_random=5, count=5)


def test_the_wired_unit_asks_for_its_caption(found: UnitTexts) -> None:
    first = found.captions[0]
    assert first.text == WANTED and first.p_value == pytest.approx(1 / 1000) and first.z > 5
    assert first.percentile > 99.5 and found.captions[1].percentile < first.percentile
    assert found.verdict().startswith(f"{LAYER}:{WIRED} asks for “{WANTED}”: score 0.")
    assert first.others and all(f"{LAYER}:{WIRED} " not in each for each in first.others)
    # a picture of the words is another question, and it was asked
    assert np.isfinite(first.written) and first.reached is None


def test_the_frontier_holds_a_text_as_natural_as_captions_that_asks_for_no_less(
    found: UnitTexts, captions: Captions
) -> None:
    fitted = set(captions.parted()[0])
    assert not fitted & {each.text for each in found.frontier}
    assert [each.known for each in found.captions] == [e.text in fitted for e in found.captions]
    assert any(each.known for each in found.captions)
    assert not any(each.known for each in found.frontier)
    best = found.best_natural
    assert best is not None and best.perplexity <= found.natural
    assert best.score >= found.captions[0].score - 1e-5
    scores = [each.score for each in found.frontier if not np.isnan(each.weight)]
    assert scores == sorted(scores) and found.frontier[-1].perplexity > found.frontier[0].perplexity
    assert "As natural as captions that the prior does not know" in found.verdict()
    # it beats its five controls, which got the same search
    assert found.frontier[-1].p_value == pytest.approx(1 / 6)
    assert "of 5 random directions under the same search, none of them" in found.verdict()


def test_a_mixture_of_units_asks_for_no_text_and_says_so_first(
    miniature: Clip, directions: UnitDirections, candidates: TextCandidates
) -> None:
    drawn = random_directions(directions.vectors, 40, seed=99)
    mixed = UnitDirections(LAYER, np.concatenate([drawn, directions.vectors]), "", "", 0.9, True)
    ranked = rank_texts(miniature, mixed, [f"{LAYER}:{k}" for k in range(40)], candidates)
    failing = [each for each in ranked if not each.passes]
    # 5 % of 40 on average
    assert len(failing) >= 34
    assert all(each.verdict().startswith("No text stands out for") for each in failing)


def test_a_readout_that_does_not_hold_is_said_first(
    miniature: Clip, directions: UnitDirections, candidates: TextCandidates
) -> None:
    def told(r: float, holds: bool) -> str:
        weak = UnitDirections(LAYER, directions.vectors, "weights only", "places", r, holds)
        (ranked,) = rank_texts(miniature, weak, [f"{LAYER}:{WIRED}"], candidates)
        return ranked.verdict()

    assert told(0.28, False).startswith(
        "The linear readout of visual.layer4 does not hold on images that fitted nothing (weights "
        "only: 0.28)"
    )
    assert told(float("nan"), False).startswith("Whether the linear readout of visual.layer4 holds")
    assert told(0.95, True).startswith(f"{LAYER}:{WIRED} asks for")


def test_what_all_texts_share_is_asked_of_none(
    miniature: Clip, directions: UnitDirections, candidates: TextCandidates
) -> None:
    (shared,) = rank_texts(miniature, directions, [f"{LAYER}:{MEAN}"], candidates)
    # every text has a cosine of 0.8 with the mean: seen from there, none stands out
    assert shared.captions[0].score < 0.3


def test_units_and_options_that_make_no_sense_are_refused(
    miniature: Clip, directions: UnitDirections, candidates: TextCandidates, captions: Captions
) -> None:
    for neuron, kind, told in (
        (f"{LAYER}:{DEAD}", OptionError, "adds nothing to the embedding"),
        (f"{LAYER}:600", NeuronNotFoundError, "units 0 to 511"),
        ("visual.layer3:1", OptionError, "directions of visual.layer4 say nothing of"),
    ):
        with pytest.raises(kind, match=told):
            rank_texts(miniature, directions, [neuron], candidates)
    long = Captions((*captions.texts, "spider " * 15), "mine", True)
    with pytest.raises(OptionError, match="is too long for"):
        unit_texts(miniature, directions, f"{LAYER}:{WIRED}", long, search=None)
    with pytest.raises(OptionError, match="4 random directions: .* with 5 or more"):
        unit_texts(miniature, directions, f"{LAYER}:{WIRED}", captions, n_random=4)


def test_words_in_templates_are_judged_by_the_ranks_of_merges(
    miniature: Clip, directions: UnitDirections
) -> None:
    words = words_in_templates(["spider", "dog", "fish"])
    settings = SearchSettings(steps=1, children=1, longest=3, lambdas=(0.0, 0.1))
    found = unit_texts(
        miniature, directions, f"{LAYER}:{WIRED}", words, search=settings, n_random=5
    )
    assert found.prior == "ranks of the tokenizer's merges" and np.isnan(found.natural)
    assert "spider" in found.captions[0].text and found.best_natural is None


def test_an_answer_reloads_as_it_was_and_shows_every_text(found: UnitTexts, tmp_path: Path) -> None:
    found.save(tmp_path)
    again = UnitTexts.load(tmp_path)
    assert again.verdict() == found.verdict() and again.to_pandas().equals(found.to_pandas())
    rows = found.to_pandas()
    assert list(rows.found_by) == ["caption"] * 5 + ["search"] * len(found.frontier)
    assert [block.title for block in found.blocks()][-1] == (
        "Searched texts, from natural to extreme"
    )
    assert neurons.UnitTexts is UnitTexts
