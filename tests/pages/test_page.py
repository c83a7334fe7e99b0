"""What was found is the first thing on a page, and it is said once."""

from __future__ import annotations

from neurons.pages import Page
from tests.pages.test_site import HOSTILE, Hostile, Plain


def test_a_page_is_made_of_what_its_result_says() -> None:
    result = Hostile({"run": {"model": {"name": "local-dir:/a/tiny"}}})
    page = Page.of(result, above=(Hostile({}),), below=(Plain({"seed": 1}, "x", "more"),))
    assert (page.title, page.subtitle, page.facts) == (HOSTILE, "tiny", result.facts())
    assert [each.provenance for each in page.results] == [{}, result.provenance, {"seed": 1}]
    # the lead is the result's verdict, and is not said again
    assert page.lead == result.verdict()
    assert [verdict for verdict, _ in page.sections()] == ["", "", "more"]


def test_the_first_sentence_stands_apart_and_numbers_do_not_end_it() -> None:
    said = "Found: p = 0.05 vs. chance, n = 3. 'Dog' is the first. More."
    page = Page.of(Plain({}, "x", said))
    assert page.first_sentence == "Found: p = 0.05 vs. chance, n = 3."
    assert page.further_sentences == "'Dog' is the first. More."
    assert page.one_line == page.first_sentence
    assert (
        Page.of(Plain({}, "x", said), lead="Else.", summary="mostly\ndog").one_line == "mostly dog"
    )
    assert Page.of(Plain({}, "x", said), lead="Else.").sections()[0][0] == said


def test_a_long_line_is_cut_for_the_index() -> None:
    line = Page.of(Plain({}, "x", "word " * 100)).one_line
    assert len(line) <= 150
    assert line.endswith("word…")


def test_titles_that_look_alike_have_files_of_their_own() -> None:
    titles = ("visual.layer4:3", "a-b", "a:b", "a b", "a/b", "a\\b", "../a", "é")
    names = [Page(title, "", (), ()).file_name for title in titles]
    assert len(set(names)) == len(names)
    assert names[0] == "visual.layer4-3.html"
    assert not any("/" in name or "\\" in name for name in names)
