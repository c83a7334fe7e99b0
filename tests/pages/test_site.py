"""Pages open from disk, carry nothing they should not, and never trust a caption."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Activations, Clip, Neuron
from neurons.data.thumbnails import thumbnail
from neurons.geometry import Box
from neurons.pages import Page, write, write_single
from neurons.results.blocks import Bars, Block, Curve, Gallery, Tile
from neurons.results.result import Result
from tests.conftest import DEAD, LAYER, RED, STRIPE, picture

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script></script><b>'


@dataclass(frozen=True)
class Hostile(Result):
    """A result whose every text is hostile."""

    @property
    def title(self) -> str:
        """Hostile."""
        return HOSTILE

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Hostile."""
        return ((HOSTILE, HOSTILE),)

    def verdict(self) -> str:
        """Hostile."""
        return HOSTILE

    def blocks(self) -> tuple[Block, ...]:
        """Every kind of block that carries text into the page."""
        image = thumbnail(np.full((9, 9, 3), 60, np.uint8))
        return (
            Gallery(HOSTILE, (Tile(image, HOSTILE, HOSTILE, HOSTILE),), HOSTILE),
            Bars(
                HOSTILE, (HOSTILE, "b"), (2.0, 1.0), HOSTILE, (1.0, 0.5), (3.0, 2.0), 1.0, HOSTILE
            ),
            Curve(HOSTILE, (0.0, 1.0), (1.0, 2.0), HOSTILE, HOSTILE, True, HOSTILE),
        )


@dataclass(frozen=True)
class Plain(Result):
    """A result that says something."""

    name: str
    said: str

    @property
    def title(self) -> str:
        """Its name."""
        return self.name

    def facts(self) -> tuple[tuple[str, str], ...]:
        """A number."""
        return (("maximum", f"{len(self.name)}"),)

    def verdict(self) -> str:
        """What it says."""
        return self.said

    def blocks(self) -> tuple[Block, ...]:
        """Nothing."""
        return ()


@dataclass(frozen=True)
class Shown(Plain):
    """A result that shows a picture."""

    tile: Tile

    def blocks(self) -> tuple[Block, ...]:
        """The picture."""
        return (Gallery("g", (self.tile,)),)


def plain_page(name: str, said: str = "said") -> Page:
    return Page.of(Plain({}, name, said))


def hostile_page() -> Page:
    provenance = {"images": {"name": HOSTILE}, "list": [HOSTILE]}
    return Page.of(Hostile(provenance), subtitle=HOSTILE)


def test_a_picture_that_a_power_cut_left_short_is_written_again(tmp_path: Path) -> None:
    write(tmp_path, [hostile_page()], title="x")
    files = {file: file.read_bytes() for file in (tmp_path / "images").glob("*.webp")}
    for file in files:
        if "small" not in file.name:
            file.write_bytes(files[file][:10])
    write(tmp_path, [hostile_page()], title="x")
    assert {file: file.read_bytes() for file in files} == files


class Tags(HTMLParser):
    """The tags of a page, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag with its attributes."""
        self.tags.append((tag, dict(attrs)))


def assert_harmless(page: str) -> None:
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "onerror=alert(1)>" not in page
    # and what was hostile is still there to be read
    assert html.escape(HOSTILE, quote=False)[:12] in page.replace("&#34;", '"')
    reader = Tags()
    reader.feed(page)
    assert not [given for tag, given in reader.tags if tag == "img" and given.get("src") == "x"]
    assert not [given for _, given in reader.tags if any(name.startswith("on") for name in given)]


def test_hostile_text_never_reaches_a_page_unescaped(tmp_path: Path) -> None:
    index = write(tmp_path / "site", [hostile_page()], title=HOSTILE)
    for file in (index, *(tmp_path / "site").glob("*.html")):
        assert_harmless(file.read_text())
    assert_harmless(write_single(tmp_path / "one.html", hostile_page(), settings={}).read_text())
    # nor outside the site's folder, by its title
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.html", "site"]


@pytest.fixture(scope="module")
def site(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    neurons.scan(planted, neurons.images(pictures), [LAYER], root / "run")
    wanted = [Neuron(LAYER, unit) for unit in (RED, STRIPE, DEAD, RED)]
    neurons.report(root / "run", wanted, root / "report", count=8)
    return root / "report"


def test_a_page_a_neuron_and_an_index(site: Path) -> None:
    names = sorted(file.name for file in site.glob("*.html"))
    assert names == [
        "index.html",
        *(f"{LAYER}-{u}.html" for u in sorted((RED, STRIPE, DEAD), key=str)),
    ]
    index = (site / "index.html").read_text()
    assert index.count('<th scope="row">') == 3
    assert "is dead" in (site / f"{LAYER}-{DEAD}.html").read_text()


def test_pages_need_no_network_and_all_their_parts_are_there(site: Path) -> None:
    for page in site.glob("*.html"):
        text = page.read_text()
        for reference in re.findall(r'(?:src|href)="([^"]+)"', text):
            assert not reference.startswith(("http", "//", "/")), reference
            assert (site / reference).is_file(), reference
        assert "@import" not in text
    assert "http" not in (site / "assets" / "style.css").read_text()


def test_the_part_around_a_peak_is_cut_out_of_the_picture_by_the_page(tmp_path: Path) -> None:
    picture_of = thumbnail(np.zeros((40, 80, 3), np.uint8))
    box = Box(0.5, 0.25, 0.75, 1.0)
    for crop, parts in ((b"", 1), (picture_of, 0)):
        page = Page.of(Shown({}, "a", "said", Tile(picture_of, "1", "cat", box=box, crop=crop)))
        write(tmp_path / str(parts), [page], title="x")
        told = (tmp_path / str(parts) / page.file_name).read_text()
        assert told.count('class="pic cropped part"') == parts
        assert told.count('class="pic cropped"') == 1 - parts
    # a quarter of its width, from the middle on, and three quarters of its height
    told = (tmp_path / "1" / page.file_name).read_text()
    assert "width: 400.00%; left: -200.00%; top: -33.33%" in told
    assert "--aspect: 0.6667" in told


def test_a_page_shows_n_intervals_and_provenance(site: Path) -> None:
    text = (site / f"{LAYER}-{RED}.html").read_text()
    assert "n = 40 images" in text
    # a page may be published: it does not tell where its images lay
    assert "where · " not in text
    assert str(site.parent) not in text
    if "over-represented" in text:
        assert "95 % Wilson interval" in text
    for told in ("weights_sha256", "fingerprint", "precision", "versions · torch"):
        assert told in text


def test_pictures_are_encoded_anew_without_the_originals_metadata(
    planted: Clip, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home, 48.2N 16.4E"
    (tmp_path / "images").mkdir()
    for i in range(3):
        Image.fromarray(picture(red=i / 3, seed=i)).save(
            tmp_path / "images" / f"{i}.jpg", exif=exif
        )
    neurons.scan(planted, neurons.images(tmp_path / "images"), [LAYER], tmp_path / "run")
    run = Activations.open(tmp_path / "run")
    neurons.report(run, [Neuron(LAYER, RED)], tmp_path / "report")
    pictures = list((tmp_path / "report" / "images").iterdir())
    assert pictures
    assert not any(b"taken at home" in file.read_bytes() for file in pictures)


def browser() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium on this machine")
    return found


def in_browser(page: Path, profile: Path, fragment: str = "") -> str:
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={profile}", "--virtual-time-budget=10000", "--dump-dom",
        page.as_uri() + fragment,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    # a dialog or a broken script would be in the browser's log
    assert "Uncaught" not in done.stderr
    return done.stdout


def test_a_browser_runs_nothing_that_is_hostile(tmp_path: Path) -> None:
    write(tmp_path / "site", [hostile_page(), plain_page("b:1")], title="x")
    for page in (tmp_path / "site").glob("*.html"):
        shown = in_browser(page, tmp_path / "profile")
        assert_harmless(shown)


def test_a_page_that_came_later_is_linked_and_is_the_next_one(tmp_path: Path) -> None:
    write(tmp_path, [plain_page("a.b:1", said="like a.b:10")], title="x")
    write(tmp_path, [plain_page("a.b:10"), plain_page("a.b:9")], title="x")
    shown = in_browser(tmp_path / "a.b-1.html", tmp_path / "profile")
    assert '<a data-to="a.b:10" href="a.b-10.html">' in shown
    # the next one by number, not by letter
    assert "a.b:9 →" in shown
    # without a script, what is there already is linked, and what is not is plain text
    assert '<a data-to="a.b:10">a.b:10</a>' in (tmp_path / "a.b-1.html").read_text()
    index = in_browser(tmp_path / "index.html", tmp_path / "profile", "#a.b:9")
    assert "1 of 3" in index
    assert index.count('<tr hidden="">') == 2
    # in quotes only a cell that says just this: page 10 is not page 1
    index = in_browser(tmp_path / "index.html", tmp_path / "profile", "#%22a.b%3A1%22")
    assert "1 of 3" in index


def test_an_index_of_one_page_leads_there(tmp_path: Path) -> None:
    index = write(tmp_path, [plain_page("a.b:1")], title="x")
    assert "url=a.b-1.html" in index.read_text()
    write(tmp_path, [plain_page("a.b:2")], title="x")
    assert "url=" not in index.read_text()


def test_a_report_grows_and_what_was_there_and_is_written_again_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    write(tmp_path, [plain_page("a.b:3")], title="x", told=told.append)
    index = write(tmp_path, [plain_page("a.b:7")], title="x", told=told.append)
    assert index.read_text().count('<th scope="row">') == 2
    assert not told
    write(tmp_path, [plain_page("a.b:7"), plain_page("a.b:8")], title="x", told=told.append)
    assert told == ["1 page was there already and is written again: a.b:7"]
    assert index.read_text().count('<th scope="row">') == 3


def test_what_was_written_before_an_error_is_listed(tmp_path: Path) -> None:
    def pages() -> Iterator[Page]:
        yield plain_page("a.b:1")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write(tmp_path, pages(), title="x")
    assert "a.b-1.html" in (tmp_path / "index.html").read_text()


def test_two_reports_link_to_each_other_whichever_came_first(tmp_path: Path) -> None:
    units, classes = tmp_path / "report", tmp_path / "probe" / "classes"
    write(units, [plain_page("a.b:1", said="it serves 'dog'")], title="x", names={"dog"},
          beside=[classes])  # fmt: skip
    write(classes, [plain_page("dog", said="made of a.b:1")], title="y", beside=[units])
    assert 'href="../../report/a.b-1.html"' in (classes / "dog.html").read_text()
    assert '"dog": "../probe/classes/dog.html"' in (units / "assets" / "names.js").read_text()
    assert "probe" not in (units / "index.html").read_text()
