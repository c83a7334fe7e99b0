"""Pages open from disk, carry nothing they should not, and never trust a caption."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import Activations, Clip, Neuron
from neurons.data.thumbnails import thumbnail
from neurons.pages import Page, write, write_single
from neurons.results.blocks import Bars, Block, Curve, Gallery, Note, Tile
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


def hostile_page() -> Page:
    provenance = {"images": {"name": HOSTILE}, "list": [HOSTILE]}
    return Page.of(Hostile(provenance), subtitle=HOSTILE)


def test_a_page_is_made_of_what_its_result_says() -> None:
    result = Hostile({"run": {"model": {"name": "local-dir:/a/tiny"}}})
    page = Page.of(result, above=(Hostile({}),), below=(Hostile({"seed": 1}),))
    assert (page.title, page.subtitle, page.facts) == (HOSTILE, "tiny", result.facts())
    assert [each.provenance for each in page.results] == [{}, result.provenance, {"seed": 1}]
    # each result's verdict stands above its own blocks
    assert [isinstance(block, Note) for block in page.blocks()] == 3 * [True, False, False, False]


def test_titles_that_look_alike_have_files_of_their_own() -> None:
    titles = ("visual.layer4:3", "a-b", "a:b", "a b", "a/b", "a\\b", "../a", "é")
    names = [Page(title, "", (), ()).file_name for title in titles]
    assert len(set(names)) == len(names)
    assert names[0] == "visual.layer4-3.html"
    assert not any("/" in name or "\\" in name for name in names)


def test_a_picture_that_a_power_cut_left_short_is_written_again(tmp_path: Path) -> None:
    write(tmp_path, [hostile_page()], title="x")
    (file,) = (tmp_path / "images").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:10])
    write(tmp_path, [hostile_page()], title="x")
    assert file.read_bytes() == whole


def assert_harmless(page: str) -> None:
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "onerror=alert(1)>" not in page
    # and what was hostile is still there to be read
    assert html.escape(HOSTILE, quote=False)[:12] in page.replace("&#34;", '"')


def test_hostile_text_never_reaches_a_page_unescaped(tmp_path: Path) -> None:
    index = write(tmp_path / "site", [hostile_page()], title=HOSTILE)
    for file in (index, *(tmp_path / "site").glob("*.html")):
        assert_harmless(file.read_text())
    assert_harmless(write_single(tmp_path / "one.html", hostile_page()).read_text())
    # nor outside the site's folder, by its title
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.html", "site"]


def test_hostile_labels_are_plain_text_in_the_plots(tmp_path: Path) -> None:
    write(tmp_path, [hostile_page()], title="x")
    (page,) = (file for file in tmp_path.glob("*.html") if file.name != "index.html")
    plots = re.findall(r'<script type="application/json">(.*?)</script>', page.read_text(), re.S)
    assert len(plots) == 2
    for plot in plots:
        assert "<" not in plot
        assert "\\u003cimg" not in plot  # plotly would read that as HTML
        assert "\\u0026lt;img" in plot


@pytest.fixture(scope="module")
def site(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    neurons.scan(planted, neurons.images(pictures), [LAYER], root / "run")
    wanted = [Neuron(LAYER, unit) for unit in (RED, STRIPE, DEAD, RED)]
    neurons.report(root / "run", wanted, root / "report", count=8)
    return root / "report"


def test_a_page_a_neuron_an_index_and_one_plotly(site: Path) -> None:
    names = sorted(file.name for file in site.glob("*.html"))
    assert names == [
        "index.html",
        *(f"{LAYER}-{u}.html" for u in sorted((RED, STRIPE, DEAD), key=str)),
    ]
    assert [file.name for file in site.rglob("*plotly*")] == ["plotly.min.js"]
    index = (site / "index.html").read_text()
    assert index.count('class="entry"') == 3
    assert "is dead" in (site / f"{LAYER}-{DEAD}.html").read_text()


def test_pages_need_no_network_and_all_their_parts_are_there(site: Path) -> None:
    for page in site.glob("*.html"):
        text = page.read_text()
        for reference in re.findall(r'(?:src|href)="([^"]+)"', text):
            assert not reference.startswith(("http", "//", "/")), reference
            assert (site / reference).is_file(), reference
    assert "http" not in (site / "assets" / "style.css").read_text()


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


@pytest.mark.parametrize("hostile", [False, True])
def test_a_browser_draws_the_plots_and_runs_nothing_else(
    site: Path, tmp_path: Path, hostile: bool
) -> None:
    page = site / f"{LAYER}-{RED}.html"
    if hostile:
        write(tmp_path / "site", [hostile_page()], title="x")
        (page,) = (f for f in (tmp_path / "site").glob("*.html") if f.name != "index.html")
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=10000", "--dump-dom",
        page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.count('class="main-svg"') >= 2
    # a dialog or a broken script would be in the browser's log
    assert "Uncaught" not in done.stderr
    assert "alert" not in re.sub(r"<[^>]*>|&[^;]*;|alert\([12]\)", "", done.stdout) or hostile
