"""In a real browser, from disk: what a person does with an atlas, and what hostile text cannot."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from neurons.pages import Page
from neurons.pages.atlas import Column, write_atlas
from tests.pages.atlas.browser import Browser, chromium
from tests.pages.atlas.worlds import HOSTILE, LAYER, content

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on this machine")

# names: the word itself, a longer one, one with another letter, and others
HEADS = ["cave", "snider", "spiders", "spider", "barn spider", "winter", *["no name"] * 14]
FAMILY = ["place", "", "animal", "animal", "animal", "season", *[""] * 14]
SCORE = [0.5, 0.2, 0.7, 0.9, 0.6, 0.8, *[float("nan")] * 14]
# unit 9 has no name; its strongest pictures show spiders
CLASSES = ["cave", "x", "y", "z", "u", "v", "w", "a", "b", "spider, web", *["c"] * 10]
COLUMNS = (
    Column("family", FAMILY, "Of the name.", searched=True),
    Column("score", SCORE, "Of the exam."),
    Column("classes", CLASSES, "At the top.", searched=True),
)
LABELS = ["spider", "spider", "web", "web", "web", "cave", "cave", "cave"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("atlas")
    return write_atlas(out, content(HEADS, columns=COLUMNS, labels=LABELS))


def opened(browser: Browser, index: Path, fragment: str = "") -> None:
    browser.errors.clear()
    browser.dialogs.clear()
    browser.requests.clear()
    browser.open(index, fragment)
    browser.wait("document.body.dataset.ready || !document.getElementById('trouble').hidden")


def listed(browser: Browser) -> list[int]:
    found = browser.value("[...document.querySelectorAll('#list a.unit-line')].map(a => a.hash)")
    return [int(each.rpartition(":")[2]) for each in found]


def text(browser: Browser, selector: str) -> str:
    return str(browser.value(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))


def search(browser: Browser, words: str) -> list[int]:
    browser.press("/")
    browser.type(words)
    browser.wait(f"new URLSearchParams(location.hash.slice(2)).get('q') === {json.dumps(words)}")
    return listed(browser)


def test_a_search_finds_the_word_then_what_begins_with_it_then_what_is_like_it(
    browser: Browser, atlas: Path
) -> None:
    opened(browser, atlas)
    assert search(browser, "spider") == [3, 4, 9, 2, 1]
    # the first is opened by Enter, and its page stands at its address
    browser.press("Enter")
    browser.wait("document.querySelector('#unit .drawn')")
    assert browser.value("location.hash") == f"#{LAYER}:3"
    assert "Answers to" in text(browser, "#unit .lead")
    # and Escape leads back to what was found
    browser.press("Escape")
    browser.wait("!document.getElementById('overview').hidden")
    assert listed(browser) == [3, 4, 9, 2, 1]
    assert browser.value("document.activeElement.hash") == f"#{LAYER}:3"
    assert browser.errors == []


FOUND = {
    "spidre": [3, 4, 9],
    "spi": [2, 3, 4, 9],
    "barn spi": [4],
    "winter season": [5],
    "7": [7],
    f"{LAYER}:12": [12],
    "nothing at all": [],
}


def test_beginnings_slips_numbers_and_addresses_find_their_units(
    browser: Browser, atlas: Path
) -> None:
    opened(browser, atlas)
    for words, units in FOUND.items():
        browser.value("document.getElementById('ask').value = ''")
        assert sorted(search(browser, words)) == units, words
        assert text(browser, "#count").startswith(f"{len(units)} of 20 units")
        browser.value("document.activeElement.blur()")


def test_units_are_listed_by_a_column_filtered_and_counted(browser: Browser, atlas: Path) -> None:
    opened(browser, atlas, "#?sort=score")
    assert listed(browser)[:6] == [3, 5, 2, 4, 0, 1]
    opened(browser, atlas, "#?sort=family")
    groups = browser.value("[...document.querySelectorAll('#list .group')].map(e => e.innerText)")
    counts = [each.split() for each in groups]
    assert counts == [["animal", "3"], ["place", "1"], ["season", "1"], ["nothing", "known", "15"]]
    # of one family, the best first
    assert listed(browser)[:3] == [3, 2, 4]
    browser.value("document.querySelectorAll('.facet summary')[0].click()")
    choices = "[...document.querySelectorAll('.choices button')].map(e => e.innerText)"
    browser.wait(f"{choices}.length === 4")
    browser.value("document.querySelectorAll('.choices button')[1].click()")
    browser.wait("document.getElementById('count').textContent === '3 of 20 units'")
    assert sorted(listed(browser)) == [2, 3, 4]
    # the address says it all, and going back undoes it
    assert "is.family=animal" in browser.value("location.hash")
    browser.value("history.back()")
    browser.wait("document.getElementById('count').textContent === '20 units'")
    opened(browser, atlas, "#?is.score=0.6..0.8")
    assert sorted(listed(browser)) == [2, 4, 5]


def test_of_many_columns_the_first_are_filters_and_the_rest_are_there_when_asked_for(
    browser: Browser, tmp_path: Path
) -> None:
    many = tuple(Column(f"c{i}", [float(j * (i != 3)) for j in range(20)]) for i in range(30))
    index = write_atlas(tmp_path, content(HEADS, columns=many))
    opened(browser, index)
    names = "[...document.querySelectorAll('.facet summary')].map(e => e.innerText.trim())"
    # c3 is the same everywhere: it narrows nothing
    assert browser.value(names) == ["c0", "c1", "c2", "c4", "c5", "c6", "c7"]
    browser.value("document.querySelector('.facets .rest').click()")
    assert len(browser.value(names)) == 29
    opened(browser, index, f"#{LAYER}:5")
    browser.wait("document.querySelector('#unit .known')")
    shown = "[...document.querySelectorAll('#unit .known dt')].filter(e => e.offsetParent).length"
    assert browser.value(shown) == 8
    browser.value("document.querySelector('#unit .known button').click()")
    assert browser.value(shown) == 30
    assert browser.errors == []


def test_a_deep_link_shows_its_unit_and_an_unknown_one_the_nearest(
    browser: Browser, atlas: Path
) -> None:
    opened(browser, atlas, f"#{LAYER}:13")
    browser.wait("document.querySelector('#unit .drawn')")
    assert f"{LAYER}:13" in text(browser, "#unit h1")
    alike = browser.value("[...document.querySelectorAll('.alike a.card')].map(a => a.hash)")
    assert alike == [f"#{LAYER}:{i}" for i in (14, 15, 16)]
    browser.press("ArrowRight")
    browser.wait("location.hash !== '#visual.layer4:13'")
    browser.value("history.back()")
    browser.wait(f"document.querySelector('#unit h1').innerText.includes('{LAYER}:13')")
    opened(browser, atlas, f"#{LAYER}:999")
    browser.wait("!document.getElementById('unit').hidden")
    told = text(browser, "#unit")
    assert f"There is no unit ‘{LAYER}:999’" in told
    assert f"nearest is {LAYER}:19" in told
    assert browser.errors == []


def test_a_picture_of_the_set_leads_to_the_units_that_answer_to_it(
    browser: Browser, atlas: Path
) -> None:
    opened(browser, atlas, "#?view=pictures")
    browser.wait("document.querySelectorAll('a.pick .sprite').length === 8")
    # of one class only
    opened(browser, atlas, "#?view=pictures&q=web")
    browser.wait("document.querySelectorAll('a.pick .sprite').length === 3")
    browser.value("document.querySelector('a.pick').click()")
    browser.wait("document.querySelectorAll('#pictures a.unit-line').length === 2")
    # picture 2 is the first of the class web
    assert text(browser, "#pictures .subtitle") == "picture-2.png"
    units = browser.value(
        "[...document.querySelectorAll('#pictures a.unit-line')].map(a => a.hash)"
    )
    assert units == [f"#{LAYER}:2", f"#{LAYER}:3"]
    assert "3.5 sd" in text(browser, "#pictures ol.units")
    browser.press("ArrowRight")
    browser.wait("document.querySelector('#pictures .subtitle').innerText === 'picture-3.png'")


def test_the_map_shows_a_unit_under_the_pointer_and_under_the_keys(
    browser: Browser, atlas: Path
) -> None:
    opened(browser, atlas)
    place = "JSON.stringify(document.querySelector('#map').getBoundingClientRect())"
    box = json.loads(browser.value(place))
    # unit 0 lies at angle 0 of the ring: at its right end
    half = (min(box["width"], box["height"]) - 24) / 2
    right = box["x"] + box["width"] / 2 + half
    browser.move(right - 4, box["y"] + box["height"] / 2)
    browser.wait("document.querySelectorAll('#tip .sprite').length === 3")
    assert "cave" in text(browser, "#tip")
    browser.value("document.querySelector('#map canvas').focus()")
    browser.press("ArrowLeft")
    browser.wait("document.getElementById('tip').innerText.includes('visual')")
    assert "cave" not in text(browser, "#tip")
    name = text(browser, "#tip i")
    browser.press("Enter")
    browser.wait("document.querySelector('#unit .drawn')")
    assert browser.value("location.hash") == f"#{name}"


def test_arrow_keys_go_through_the_list(browser: Browser, atlas: Path) -> None:
    opened(browser, atlas, "#?sort=number")
    browser.press("/")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        browser.press(key)
    assert browser.value("document.activeElement.hash") == f"#{LAYER}:1"
    browser.press("Enter")
    browser.wait("document.querySelector('#unit .drawn')")
    assert browser.value("location.hash") == f"#{LAYER}:1"


def test_nothing_comes_from_a_network_and_nothing_is_wider_than_a_phone(
    browser: Browser, atlas: Path
) -> None:
    browser.size(360, 800)
    try:
        for fragment in ("", f"#{LAYER}:3", "#?view=pictures", "#?view=pictures&picture=2"):
            opened(browser, atlas, fragment)
            browser.wait("document.querySelector('.sprite')")
            assert browser.value("document.documentElement.scrollWidth") == 360
            assert not any(each.startswith(("http", "ws")) for each in browser.requests)
            assert browser.errors == []
    finally:
        browser.size(1200, 900)


def test_hostile_text_runs_nothing_and_breaks_no_layout(browser: Browser, tmp_path: Path) -> None:
    columns = (
        Column("</script><b>column", list(HOSTILE), "<i>about</i>", searched=True),
        Column('"quoted"', [float(i) for i in range(len(HOSTILE))]),
    )
    labels = [*HOSTILE, "last"]
    made = content(HOSTILE, columns=columns, labels=labels)
    names = [*HOSTILE, "last"]
    pictures = dataclasses.replace(made.pictures, names=names)
    made = dataclasses.replace(
        made, pictures=pictures, verdict=HOSTILE[0], layer=HOSTILE[1], map_note=HOSTILE[1]
    )
    index = write_atlas(tmp_path, made)
    pages = ["", "#?view=pictures", "#?view=pictures&picture=1", "#?q=script", "#<img src=x>"]
    for fragment in [*pages, *(f"#{LAYER}:{i}" for i in range(len(HOSTILE)))]:
        opened(browser, index, fragment)
        browser.wait("document.querySelector('.sprite') || document.querySelector('#unit .lead')")
        assert not browser.value("document.title === 'owned'")
        assert (
            browser.value("document.querySelectorAll('main script, img[src=x], main b b').length")
            == 0
        )
        assert browser.value("document.documentElement.scrollWidth") <= 1200
    assert browser.dialogs == []
    assert browser.errors == []
    # its filter leads to itself
    opened(browser, index)
    browser.value("document.querySelector('.facet summary').click()")
    browser.wait("document.querySelectorAll('.choices button').length === 7")
    browser.value("document.querySelectorAll('.choices button')[2].click()")
    browser.wait("document.getElementById('count').textContent === '1 of 7 units'")
    assert browser.errors == []


def test_a_half_built_atlas_and_a_folder_with_parts_missing_say_so(
    browser: Browser, tmp_path: Path
) -> None:
    made = content(HEADS, columns=COLUMNS)

    def page(unit: int) -> Page:
        if unit == 18:
            raise RuntimeError("stopped")
        return made.page(unit)

    with pytest.raises(RuntimeError, match="stopped"):
        write_atlas(tmp_path / "half", dataclasses.replace(made, page=page))
    index = tmp_path / "half" / "index.html"
    opened(browser, index)
    assert "half built: 16 of 20 pages" in text(browser, "#half")
    assert len(listed(browser)) == 20
    opened(browser, index, f"#{LAYER}:17")
    browser.wait("document.querySelector('#unit .lead')")
    assert "not made yet" in text(browser, "#unit")
    opened(browser, index, f"#{LAYER}:3")
    browser.wait("document.querySelector('#unit .drawn')")
    whole = write_atlas(tmp_path / "half", made)
    opened(browser, whole)
    assert text(browser, "#half") == ""
    # moved with its data it works, without them it says what is missing
    shutil.copytree(whole.parent, tmp_path / "moved elsewhere #1?")
    opened(browser, tmp_path / "moved elsewhere #1?" / "index.html", f"#{LAYER}:3")
    browser.wait("document.querySelector('#unit .drawn')")
    shutil.rmtree(whole.parent / "data" / "units")
    opened(browser, whole, f"#{LAYER}:3")
    browser.wait("!document.getElementById('trouble').hidden")
    assert "data/units/00000.js is missing" in text(browser, "#trouble")
    shutil.rmtree(whole.parent / "data")
    opened(browser, whole)
    assert "data/state.js is missing" in text(browser, "#trouble")


@pytest.mark.parametrize("case", ["one unit", "no labels", "all dead"])
def test_the_smallest_atlases_work(browser: Browser, tmp_path: Path, case: str) -> None:
    if case == "one unit":
        made = content(["only"])
    elif case == "no labels":
        made = content(HEADS)
    else:
        dead = Column("state", ["dead"] * 20)
        made = content(["dead"] * 20, columns=(dead,), places=False)
        pictures = dataclasses.replace(made.pictures, units=np.full_like(made.pictures.units, -1))
        made = dataclasses.replace(
            made,
            top=np.full_like(made.top, -1),
            similar=np.full_like(made.similar, -1),
            pictures=pictures,
            page=content(HEADS).page,
        )
    index = write_atlas(tmp_path, made)
    opened(browser, index)
    assert len(listed(browser)) == len(made.neurons)
    opened(browser, index, f"#{LAYER}:0")
    browser.wait("document.querySelector('#unit .drawn')")
    assert text(browser, "#unit .alike")
    opened(browser, index, "#?view=pictures&picture=0")
    browser.wait("document.querySelector('#pictures ol.units li')")
    assert browser.errors == []


def test_the_nearest_unit_of_each_in_a_permuted_twin_is_its_own_copy(
    browser: Browser, tmp_path: Path
) -> None:
    # the second half of the layer is the first one, permuted
    order = np.random.default_rng(0).permutation(10)
    similar = np.concatenate([10 + np.argsort(order), order])[:, None].astype(np.int32)
    made = content(HEADS)
    made = dataclasses.replace(made, similar=similar, similarity=np.ones((20, 1), np.float32))
    index = write_atlas(tmp_path, made)
    for unit in (0, 7, 15):
        opened(browser, index, f"#{LAYER}:{unit}")
        browser.wait("document.querySelector('.alike a.card')")
        assert browser.value("document.querySelector('.alike a.card').hash") == (
            f"#{LAYER}:{similar[unit, 0]}"
        )
        assert "correlation 1" in text(browser, ".alike a.card")
