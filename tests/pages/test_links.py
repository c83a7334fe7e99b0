"""An address or a known name is a link where its page is, and everything else is text."""

from __future__ import annotations

from neurons.pages.links import Links

LINKS = Links({"a.b:3": "a.b-3.html", "dog": "dog.html"}, {"dog", "hot dog", "<b>"}, own="a.b:4")


def test_an_address_is_a_link_wherever_it_stands() -> None:
    link = '<a data-to="a.b:3" href="a.b-3.html">a.b:3</a>'
    assert LINKS("a.b:3") == link
    assert LINKS("a.b:3, a.b:3") == f"{link}, {link}"
    assert LINKS("excites a.b:3 by 2") == f"excites {link} by 2"
    # one that has no page yet waits for it; the page itself is no link
    assert LINKS("a.b:5") == '<a data-to="a.b:5">a.b:5</a>'
    assert LINKS("a.b:4") == "a.b:4"


def test_a_class_is_a_link_where_it_is_the_text_a_part_of_a_list_or_quoted() -> None:
    dog, hot = '<a data-to="dog" href="dog.html">dog</a>', '<a data-to="hot dog">hot dog</a>'
    assert LINKS("dog") == dog
    assert LINKS("cat, hot dog") == f"cat, {hot}"
    assert LINKS("among the top, 'dog' leads, 'cat' not") == (
        f"among the top, &#39;{dog}&#39; leads, &#39;cat&#39; not"
    )
    # a word of a sentence is not the class
    assert LINKS("a dog barks") == "a dog barks"


def test_markup_in_a_name_or_beside_it_is_text() -> None:
    assert LINKS("<b>") == '<a data-to="&lt;b&gt;">&lt;b&gt;</a>'
    assert LINKS("<i> a.b:4 '<b>'").startswith("&lt;i&gt; a.b:4 &#39;<a data-to=")


def test_a_time_or_a_ratio_is_no_address() -> None:
    assert LINKS("10:30, ratio 1.5:2, https://x.org:80") == "10:30, ratio 1.5:2, https://x.org:80"
