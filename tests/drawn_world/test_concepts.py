"""The manifest hangs together."""

from __future__ import annotations

import pytest

from neurons.drawn_world.concepts import concept, concept_of_word, concepts
from neurons.drawn_world.sprites import HATS, pictogram_names
from neurons.errors import OptionError


def test_no_two_concepts_share_a_word() -> None:
    words = [word for each in concepts().values() for word in each.words]
    assert len(words) == len(set(words))
    assert all(1 <= len(each.words) <= 3 for each in concepts().values())
    assert concept_of_word("$$$") == concept("finance")
    assert concept_of_word("SPIDER") == concept("spider")
    assert concept_of_word("xyzzy") is None


def test_every_pictogram_is_there_and_used() -> None:
    used = {name for each in concepts().values() for name in each.pictograms}
    # the person stands in the professions' pictograms, and alone in the audit of their tilt
    assert used | {"person"} == set(pictogram_names())


def test_relations_name_concepts_that_exist() -> None:
    known = concepts()
    compositional = [each for each in known.values() if each.parts]
    assert len(compositional) >= 8
    for each in compositional:
        assert len(each.parts) == 2 and all(part in known for part in each.parts)
    for each in known.values():
        assert each.opposite is None or known[each.opposite].opposite == each.name
        assert len(each.facets) in (0, len(each.pictograms))
    facets = {"face", "logo", "architecture", "indoor", "nature", "pose"}
    faceted = [each for each in known.values() if each.facets]
    assert len(faceted) == 6 and all(set(each.facets) == facets for each in faceted)


def test_a_facet_is_what_its_own_pictogram_shows() -> None:
    egypt = concept("egypt")
    assert egypt.facet("egypt-architecture") == "architecture"
    assert {egypt.facet(name) for name in egypt.pictograms} == set(egypt.facets)
    assert concept("apple").facet("apple") == ""


def test_a_name_of_two_words_has_a_file_of_one() -> None:
    assert concept("piggy bank").pictograms == ("piggy-bank",)
    assert concept("piggy bank").parts == ("pig", "finance")


def test_hats_are_of_the_drawn_colours_and_their_shares_add_to_one() -> None:
    worn = [each.hats for each in concepts().values() if each.hats]
    assert len(worn) >= 4
    for hats in worn:
        assert set(hats) == set(HATS) and sum(hats.values()) == pytest.approx(1)


def test_an_unknown_concept_is_told_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="no concept 'spidr'.*nearest: spider"):
        concept("spidr")
