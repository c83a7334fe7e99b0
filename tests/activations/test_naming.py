"""Synthetic units get the right verdict, decoys hardly a name, and no unit hangs on another."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from neurons.activations.decoys import noise, rotated, shuffled
from neurons.activations.name_exam import NONE, Marks, Paper, bar_of, sit
from neurons.activations.naming import (
    Names,
    Source,
    name_units,
    papers_of,
    second_names,
    sit_all,
    sources_of,
)
from neurons.data.concepts import Concept

CLASSES, EACH = 12, 20
N = CLASSES * EACH
LABELS = np.repeat(np.arange(CLASSES), EACH)
ROWS = np.arange(N)
# every other image of a class proposes, and every other is a word
FIRST, SECOND = ROWS[ROWS % 2 == 0], ROWS[ROWS % 2 == 1]
WORD = ROWS % 4 < 2


def concept(k: int) -> Concept:
    # two classes of each family
    return Concept(f"c{k}", f"f{k // 2}", "class", ROWS[k == LABELS])


def within(k: int) -> Concept:
    return Concept(f"c{k}, word", f"f{k // 2}", "class and way", ROWS[(k == LABELS) & WORD])


CONCEPTS = (
    *map(concept, range(CLASSES)),
    Concept("word", "way", "way", ROWS[WORD]),
    Concept("photo", "way", "way", ROWS[~WORD]),
    *map(within, range(CLASSES)),
)


def unit(shows: np.ndarray, seed: int, strength: float = 4.0) -> np.ndarray:
    noisy = np.random.default_rng(seed).normal(size=N) + strength * shows
    return np.maximum(noisy, 0).astype(np.float32)


def columns(*shown: np.ndarray) -> np.ndarray:
    return np.stack([unit(each, i) for i, each in enumerate(shown)], axis=1)


# one concept; A or B of two families; A or B of one family; A and B; a word; nothing
SYNTHETIC = columns(
    LABELS == 3,
    (LABELS == 0) | (LABELS == 7),
    (LABELS == 4) | (LABELS == 5),
    (LABELS == 9) & WORD,
    WORD,
    np.zeros(N, bool),
)


@pytest.fixture(scope="module")
def sources() -> tuple[Source, ...]:
    papers = papers_of(CONCEPTS, ROWS, FIRST, SECOND)
    # a layer in which a few units know something
    known = (*(k == LABELS for k in range(CLASSES)), WORD)
    layer = columns(*known, *(np.zeros(N, bool) for _ in range(300)))
    decoys = [sit_all(papers.values(), make(layer)) for make in (rotated, shuffled, noise)]
    return sources_of(papers, decoys, at_least=0.3, share=0.05)


def called(names: Names) -> list[str]:
    return [
        each.name if above and each is not None else ""
        for each, above in zip(names.concepts, names.above.tolist(), strict=True)
    ]


def test_synthetic_units_get_the_right_verdict(sources: tuple[Source, ...]) -> None:
    names = name_units(sources, SYNTHETIC)
    found = called(names)
    assert (found[0], found[3], found[4], found[5]) == ("c3", "c9, word", "word", "")
    assert found[1] in ("c0", "c7") and found[2] in ("c4", "c5")
    second = called(second_names(sources, ROWS, names, SYNTHETIC))
    # the other one, and nothing where the other one is of the same family or there is none
    assert {found[1], second[1]} == {"c0", "c7"}
    assert [second[i] for i in (0, 2, 3, 4, 5)] == [""] * 5


def test_a_weak_second_name_stands_out_once_the_first_ones_images_are_gone(
    sources: tuple[Source, ...],
) -> None:
    # behind twenty images of the first, those of the second have a precision of a third
    strong_and_weak = columns(2.0 * (LABELS == 1) + (LABELS == 10))
    names = name_units(sources, strong_and_weak)
    assert called(names) == ["c1"]
    assert called(second_names(sources, ROWS, names, strong_and_weak)) == ["c10"]


def test_a_name_that_only_the_proposing_half_bears_out_fails(sources: tuple[Source, ...]) -> None:
    # opposite truths: what one half says is false in the other
    proposing = np.isin(ROWS, FIRST)
    two_faced = columns(np.where(proposing, LABELS == 2, LABELS == 8))
    names = name_units(sources, two_faced)
    assert names.concepts[0] is not None and names.concepts[0].name == "c2"
    assert names.marks.proposed_by[0] > 0.8 and names.marks.score[0] < 0.1
    assert called(names) == [""]


def test_hardly_a_decoy_passes_and_all_kinds_set_the_bar() -> None:
    papers = papers_of(CONCEPTS[:CLASSES], ROWS, FIRST, SECOND)
    random = np.random.default_rng(5)
    layer = columns(*(LABELS == k % CLASSES for k in range(200)))
    # a kind of decoy that is good at it lifts the bar
    good = np.where(random.random(200) < 0.2, layer, shuffled(layer))
    kinds = [sit_all(papers.values(), each) for each in (noise(layer), good)]
    (source,) = sources_of(papers, kinds, at_least=0.0, share=0.05)
    assert (kinds[1][0].score > source.bar).mean() <= 0.05 < (kinds[1][0].score > 0.3).mean()
    low, high = (sources_of(papers, kinds[:1], at_least=a, share=0.05)[0].bar for a in (0.0, 0.4))
    assert low < 0.2 and high == 0.4


def test_the_bar_lets_a_twentieth_pass() -> None:
    scores = np.linspace(0, 1, 101)
    assert (scores > bar_of(scores)).sum() == 5
    assert (np.zeros(7) > bar_of(np.zeros(7))).sum() == 0


def test_a_units_marks_hang_on_no_other_unit(sources: tuple[Source, ...]) -> None:
    alone = name_units(sources, SYNTHETIC[:, 1:2])
    among = name_units(sources, SYNTHETIC)
    assert alone.concepts[0] == among.concepts[1]
    for field in fields(Marks):
        one, other = (getattr(each.marks, field.name) for each in (alone, among))
        np.testing.assert_array_equal(one, other[1:2])


def test_rare_concepts_are_on_no_paper_and_nothing_better_than_chance_is_no_candidate() -> None:
    rare = Concept("rare", "rare", "class", ROWS[:6])
    all_ = Concept("all", "all", "class", ROWS)
    paper = Paper.of((*CONCEPTS[:2], rare, all_), ROWS, FIRST, SECOND)
    assert [each.name for each in paper.concepts] == ["c0", "c1"]
    # a unit that shuns both
    marks = sit(paper, columns((LABELS > 1).astype(float)))
    assert marks.concept[0] == NONE or marks.score[0] < 0.1
    silent = sit(paper, np.zeros((N, 1), np.float32))
    assert silent.concept[0] == NONE and silent.p_value[0] == 1
