"""One file holds all pages of a report, opens without its folder, and stays below a size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.geometry import Box
from neurons.pages import Page, single_file, write
from neurons.results.blocks import Block, Gallery, Tile
from neurons.results.result import Result


@dataclass(frozen=True)
class Pictured(Result):
    """Noise, which compresses badly, and a word of another page."""

    name: str

    @property
    def title(self) -> str:
        """Its name."""
        return self.name

    def verdict(self) -> str:
        """Two addresses: one has a page."""
        return "Near a.b:2 and a.b:99."

    def blocks(self) -> tuple[Block, ...]:
        """A picture with its crop, and a large one."""
        noise = np.random.default_rng(len(self.name)).integers(0, 255, (200, 200, 3), np.uint8)
        image = thumbnail(noise)
        tile = Tile(image, "1", "noise", crop=thumbnail(noise[:150]))
        return (Gallery("g", (tile,)), Gallery("large", (Tile(image, "1", "x"),), large=True))


@dataclass(frozen=True)
class Boxed(Pictured):
    """A small picture, whose part around the peak the page cuts out by itself."""

    def blocks(self) -> tuple[Block, ...]:
        """A picture with a box and no crop."""
        image = thumbnail(np.full((40, 40, 3), 90, np.uint8))
        return (Gallery("g", (Tile(image, "1", "noise", box=Box(0.2, 0.2, 0.6, 0.6)),)),)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    write(out, [Page.of(Pictured({}, f"a.b:{i}")) for i in (1, 2, 3)], title="Three")
    return out


def test_every_page_is_in_it_and_every_link_leads_inside(site: Path, tmp_path: Path) -> None:
    text = single_file(site, tmp_path / "one.html").read_text()
    assert re.findall(r'<article id="([^"]+)"', text) == ["a.b-1", "a.b-2", "a.b-3"]
    inside = {f"#{name}" for name in re.findall(r' id="([^"]+)"', text)}
    links = set(re.findall(r'href="([^"]+)"', text))
    assert links == inside
    sources = re.findall(r'<img[^>]* src="([^"]{22})', text)
    assert set(sources) == {"data:image/webp;base64"}
    # two in each page, and one in the index
    assert len(sources) == 3 * (2 + 1)
    assert "<script" not in text


def test_a_part_that_the_page_cuts_out_is_left_out_and_its_box_stays(tmp_path: Path) -> None:
    page = Page.of(Boxed({}, "a.b:1"))
    write(tmp_path / "site", [page], title="One")
    assert 'class="pic cropped part"' in (tmp_path / "site" / page.file_name).read_text()
    text = single_file(tmp_path / "site", tmp_path / "one.html").read_text()
    assert '<span class="box"' in text and text.count("<img") == 1
    assert 'class="pic cropped' not in text and 'class="switch"' not in text


def test_a_smaller_file_has_smaller_pictures_and_too_small_a_one_is_refused(
    site: Path, tmp_path: Path
) -> None:
    whole = single_file(site, tmp_path / "a.html").stat().st_size
    small = single_file(site, tmp_path / "b.html", most_mb=whole / 2e6).stat().st_size
    assert small <= whole / 2
    with pytest.raises(OptionError, match="3 pages do not fit into one file of 0.01 MB"):
        single_file(site, tmp_path / "c.html", most_mb=0.01)
    assert not (tmp_path / "c.html").exists()


def test_a_place_that_would_be_lost_is_refused(site: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is a page of the report"):
        single_file(site, site / "a.b-1.html")
    with pytest.raises(OptionError, match="no pages at"):
        single_file(tmp_path, tmp_path / "x.html")
    (tmp_path / "thesis.html").write_text("<p>mine")
    with pytest.raises(OptionError, match="is a file of something else"):
        single_file(site, tmp_path / "thesis.html")
    assert (tmp_path / "thesis.html").read_text() == "<p>mine"
    # the same report again, grown
    assert single_file(site, single_file(site, tmp_path / "x.html"))
