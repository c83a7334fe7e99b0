"""How large is an atlas, how long is it made, and how quick is it in a browser?

The content is made up: names of a thousand words, sixteen families, noise for numbers, photographs
that are noise over a few colours. The times are a real browser's (Chromium, headless), from disk.

    python -m experiments.benchmarks.atlas --units 100000 --tiles 6
    python -m experiments.benchmarks.atlas --units 512 --tiles 60
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurons.data.thumbnails import thumbnail
from neurons.geometry import Box
from neurons.pages import Page
from neurons.pages.atlas import AtlasContent, Column, Pictures, write_atlas
from neurons.results.blocks import Block, Gallery, Note, Tile
from neurons.results.result import Result
from tests.pages.atlas.browser import Browser

LAYER = "visual.layer4"
FAMILIES = (
    "region", "person", "emotion", "religion", "trait", "style", "image feature", "holiday",
    "fiction", "brand", "typographic", "abstract", "counting", "time", "colour", "nature",
)  # fmt: skip
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_FRAME = (
    "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
)


@dataclass(frozen=True)
class MadeUp(Result):
    """A unit's strongest images, and a sentence."""

    address: str
    tiles: tuple[Tile, ...]

    @property
    def title(self) -> str:
        """Its address."""
        return self.address

    def verdict(self) -> str:
        """Say a sentence of the usual length."""
        return f"Mostly 'word 7': 38 of the 50 images that excite {self.address} most."

    def blocks(self) -> tuple[Block, ...]:
        """Give a gallery and a note."""
        return (Gallery("Images that excite it most", self.tiles), Note("n = 50,000 images."))


def made_up(n: int, n_tiles: int, n_pictures: int) -> AtlasContent:
    rng = np.random.default_rng(0)
    name = rng.integers(0, 1000, n)
    named = rng.random(n) < 0.4
    words = [f"word {i} {FAMILIES[i % 16]} {'abcdefghij'[i % 10] * 3}{i}" for i in range(1000)]
    images = [_image(rng) for _ in range(n_pictures)]
    top = rng.integers(0, n_pictures, (n, max(n_tiles, 8)))
    box = Box(0.25, 0.25, 0.75, 0.75)

    def page(unit: int) -> Page:
        rows = top[unit][:n_tiles]
        tiles = tuple(
            Tile(images[row], "1.23", words[row % 1000], f"val/{row:08d}.jpg", box) for row in rows
        )
        return Page.of(MadeUp({"model": "made up"}, f"{LAYER}:{unit}", tiles))

    columns = (
        Column(
            "family",
            [FAMILIES[i % 16] if ok else "" for i, ok in zip(name, named, strict=True)],
            "",
            True,
        ),
        Column("verdict", ["named" if ok else "no name" for ok in named]),
        Column("exam score", rng.random(n).tolist()),
        Column("class", [words[i] for i in rng.integers(0, 1000, n)], "", True),
        Column("sparsity", rng.random(n).tolist()),
        Column("peak", rng.normal(3, 1, n).tolist()),
    )
    pictures = Pictures(
        np.arange(n_pictures),
        [f"val/{i:08d}.jpg" for i in range(n_pictures)],
        [words[i % 1000] for i in range(n_pictures)],
        lambda row: images[row],
        rng.integers(0, n, (n_pictures, 12)).astype(np.int32),
        rng.random((n_pictures, 12)).astype(np.float32),
    )
    heads = [words[i] if ok else "no name" for i, ok in zip(name, named, strict=True)]
    return AtlasContent(
        LAYER, "made up", f"{named.sum():,} of {n:,} units have a name.", (("units", f"{n:,}"),),
        [f"{LAYER}:{i}" for i in range(n)], heads, columns,
        rng.normal(size=(n, 2)).astype(np.float32), "Made up.",
        rng.integers(0, n, (n, 20)).astype(np.int32), rng.random((n, 20)).astype(np.float32),
        top, pictures, page, {"model": "made up"},
    )  # fmt: skip


def _image(rng: np.random.Generator) -> bytes:
    coarse = rng.integers(0, 255, (6, 6, 3))
    pixels = np.kron(coarse, np.ones((16, 16, 1))) + rng.normal(0, 8, (96, 96, 3))
    return thumbnail(pixels.clip(0, 255).astype(np.uint8))


def told_size(out: Path) -> None:
    def total(files: list[Path]) -> float:
        return sum(file.stat().st_size for file in files) / 1e6

    data = out / "data"
    every = [file for file in out.rglob("*") if file.is_file()]
    first = [data / f"{name}.js" for name in ("state", "meta", "heads", "places")]
    first += list((data / "columns").iterdir())
    print(f"{len(every):,} files, {total(every):.1f} MB")
    print(f"  what the first page loads  {total(first):.1f} MB")
    for name in ("units", "tops", "pictures", "sheets"):
        files = list((data / name).iterdir())
        print(f"  {name:<26} {total(files):.1f} MB in {len(files):,} files")


def in_browser(index: Path, profile: Path) -> None:
    with Browser(profile) as browser:
        # seconds of a processor: beside other work, the clock tells more of that than of the page
        browser.call("Performance.enable", timeDomain="threadTicks")
        browser.open(index)
        browser.wait("document.body.dataset.ready", 120)
        drawn = browser.value(_FRAME)
        browser.wait(_PAINTED)
        print(f"first paint {browser.value(_PAINTED):.0f} ms")
        print(f"map and list drawn {drawn:.0f} ms, of a processor {processor(browser):.0f} ms")
        for words in ("word 77", "brand", "hhh17", "brnad word", "77"):
            before = processor(browser)
            told = searched(browser, words)
            print(f"search {words!r}: {told}, of a processor {processor(browser) - before:.0f} ms")
        browser.open(index, f"#{LAYER}:7")
        browser.wait("document.querySelector('#unit .drawn')", 120)
        print(f"a unit's page at its link {browser.value(_FRAME):.0f} ms")
        memory = browser.value("performance.memory.usedJSHeapSize") / 1e6
        print(f"memory of the scripts {memory:.0f} MB")


def processor(browser: Browser) -> float:
    """Give the milliseconds that the page's main thread has worked."""
    metrics = browser.call("Performance.getMetrics")["metrics"]
    return 1e3 * next(each["value"] for each in metrics if each["name"] == "TaskDuration")


def searched(browser: Browser, words: str) -> str:
    """Time a search from its address to the next frame: without the wait while one types."""
    ms = browser.value(
        "(async () => { const since = performance.now();"
        f"location.hash = '#?q=' + encodeURIComponent({words!r});"
        "await new Promise(done => addEventListener('hashchange', done, { once: true }));"
        f"return (await {_FRAME}) - since; }})()"
    )
    found = browser.value("document.getElementById('count').textContent")
    return f"{found}, {ms:.0f} ms"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--units", type=int, default=100_000)
    asked.add_argument("--tiles", type=int, default=6)
    asked.add_argument("--pictures", type=int, default=5_000)
    asked.add_argument("--out", type=Path)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = given.out or Path(temporary) / "atlas"
        content = made_up(given.units, given.tiles, given.pictures)
        since, used = time.perf_counter(), time.process_time()
        index = write_atlas(out, content)
        taken, used = time.perf_counter() - since, time.process_time() - used
        print(f"{given.units:,} units, {given.tiles} tiles each, {given.pictures:,} pictures")
        print(f"made in {taken:.0f} s, of a processor {used:.0f} s")
        told_size(out)
        in_browser(index, Path(temporary) / "profile")


if __name__ == "__main__":
    main()
