"""How does a whole report become one file, to be sent to somebody?"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from pathlib import Path
from typing import Any

from PIL import Image

from neurons.errors import OptionError
from neurons.files import write_file
from neurons.folder_kinds import kind_of_folder
from neurons.pages.drawing import environment, static
from neurons.pages.entries import Entry, read_entries
from neurons.pages.links import Links
from neurons.pages.page import Page
from neurons.pages.page_files import check_page_file, made_with_tag
from neurons.pages.without_crops import without_crops
from neurons.results.drawn import data_uri

# side in px and quality of the pictures, the best that fits is taken
_SIZES = ((176, 78), (144, 72), (112, 68), (96, 60), (72, 50), (48, 40))
# pictures that are shown large, or small in the index, are so many times as wide
_LARGE, _SMALL_PX = 2, 64
_MB = 1_000_000
_IMG = re.compile(r'<img class="(?P<kind>[^"]*)" src="(?P<src>images/[^"]+)"')
_THUMB = re.compile(r'<img src="(?P<src>images/[^"]+)"')
_CRUMBS = re.compile(r'<nav class="crumbs".*?</nav>\s*', re.DOTALL)
_HREF = re.compile(r' href="(?P<to>[^"#]+)"')
_MAIN = re.compile(r"<main>(.*)</main>", re.DOTALL)


def write_single(
    path: str | Path, page: Page, *, settings: Mapping[str, Any], replace: bool = False
) -> Path:
    """Write one page as one file, pictures and style inside.

    Parameters
    ----------
    path : str or Path
    page : Page
    settings : mapping
        What it is made with, as plain values: a page of others is not replaced.
    replace : bool
        Unless it may be.

    Raises
    ------
    OutputExistsError, OptionError
        As `check_page_file`.
    """
    path = Path(path)
    check_page_file(path, settings, replace=replace)
    path.parent.mkdir(parents=True, exist_ok=True)
    template = environment(data_uri, Links({})).get_template("page.html")
    html = template.render(
        page=page, single=True, style=static("style.css"), made_with=made_with_tag(settings)
    )
    write_file(path, html.encode("utf-8", "backslashreplace"))
    return path


def single_file(
    folder: str | Path, path: str | Path, *, most_mb: float = 10.0, replace: bool = False
) -> Path:
    """Write all pages of a report into one file, which opens anywhere, without its folder.

    Links between the pages work inside it, without a script. Pictures are encoded again, as large
    as the file's size allows; crops around the peak are left out, the box stays.

    Parameters
    ----------
    folder : str or Path
        What `report`, `compose_to`, `visualize_to` or another writer of pages wrote: the folder
        with ``index.html``.
    path : str or Path
        A file of the same run's report is replaced: reports grow.
    most_mb : float > 0
        Size that the file should stay below, MB.
    replace : bool
        Whether a file of another run's report may be replaced.

    Returns
    -------
    Path

    Raises
    ------
    OutputExistsError, OptionError
        As `check_page_file`; or if there are no pages, the file would lie on one of them, or even
        the smallest pictures do not fit.
    """
    folder, path = Path(folder), Path(path)
    entries = read_entries(folder)
    _check(folder, path, entries)
    kind = kind_of_folder(folder)
    made_with = {} if kind is None else kind.read(folder) or {}
    check_page_file(path, made_with, replace=replace)
    title, index = _read(folder / "index.html")
    bodies = [_read(folder / entry.file)[1] for entry in entries]
    style = static("style.css") + _STYLE
    head = _HEAD.format(title=escape(title), style=style, made_with=made_with_tag(made_with))
    room = int(most_mb * _MB)
    for side, quality in _SIZES:
        html = _assembled(folder, head, index, entries, bodies, _encoder(side, quality), room)
        if html is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, html)
            return path
    raise OptionError(
        f"{len(entries):,} pages do not fit into one file of {most_mb:g} MB, not even with small "
        f"pictures; allow a larger file, or make a report of fewer neurons"
    )


def _check(folder: Path, path: Path, entries: list[Entry]) -> None:
    if not entries:
        raise OptionError(f"no pages at {str(folder)!r}; name the folder of a report")
    if path.parent.resolve() == folder.resolve() and path.name in (
        "index.html",
        *(entry.file for entry in entries),
    ):
        raise OptionError(f"{str(path)!r} is a page of the report; name another file")


def _assembled(
    folder: Path,
    head: str,
    index: str,
    entries: list[Entry],
    bodies: list[str],
    encoded: Callable[[Path, str], str],
    room: int,
) -> bytes | None:
    """Put the pages together; None as soon as they do not fit."""
    inside = {entry.file for entry in entries}
    parts = [head]
    alone = len(entries) == 1
    if not alone:
        parts.append(f'<main id="index">{_inlined(folder, index, inside, encoded)}</main>')
    size = sum(map(len, parts))
    for entry, body in zip(entries, bodies, strict=True):
        steps = "" if alone else '<nav class="crumbs"><a href="#index">All pages</a></nav>'
        shown = _inlined(folder, body, inside, encoded)
        parts.append(f'<article id="{escape(_name(entry.file))}">{steps}{shown}</article>')
        size += len(parts[-1])
        if size > room:
            return None
    parts.append("</body>\n</html>\n")
    return "\n".join(parts).encode("utf-8", "backslashreplace")


def _inlined(folder: Path, body: str, inside: set[str], encoded: Callable[[Path, str], str]) -> str:
    body = _CRUMBS.sub("", without_crops(body))

    def whole(found: re.Match[str]) -> str:
        kind = found["kind"]
        return f'<img class="{kind}" src="{encoded(folder / found["src"], kind)}"'

    body = _IMG.sub(whole, body)
    body = _THUMB.sub(lambda found: f'<img src="{encoded(folder / found["src"], "thumb")}"', body)
    return _HREF.sub(lambda found: _inner_link(unescape(found["to"]), inside), body)


def _inner_link(to: str, inside: set[str]) -> str:
    # a link to what is not in the file is none
    return f' href="#{escape(_name(to))}"' if to in inside else ' class="gone"'


def _name(file: str) -> str:
    return Path(file).stem if file.endswith(".html") else file


def _encoder(side: int, quality: int) -> Callable[[Path, str], str]:
    """Give a function from a picture's file to its smaller copy, each made once."""
    made: dict[tuple[Path, int], str] = {}

    def encoded(file: Path, kind: str) -> str:
        wanted = (
            min(_SMALL_PX, side) if kind == "thumb" else side * (_LARGE if "large" in kind else 1)
        )
        key = (file, wanted)
        if key not in made:
            with Image.open(file) as opened:
                shown = opened.convert("RGBA" if opened.mode in ("RGBA", "P") else "RGB")
            shown.thumbnail((wanted, wanted), Image.Resampling.LANCZOS)
            buffer = io.BytesIO()
            shown.save(buffer, "WEBP", quality=quality, method=4)
            made[key] = f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
        return made[key]

    return encoded


def _read(file: Path) -> tuple[str, str]:
    """Give a page's title and what stands in it."""
    text = file.read_text(encoding="utf-8")
    title, body = re.search(r"<title>(.*?)</title>", text, re.DOTALL), _MAIN.search(text)
    if title is None or body is None:
        raise OptionError(f"{str(file)!r} is no page of a report; write the report again")
    return unescape(title[1]), body[1]


_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="neurons">
{made_with}
<title>{title}</title>
<style>{style}</style>
</head>
<body>"""

# one page at a time: the one that the address names, or the index
_STYLE = """
main#index ~ article, body:has(article:target) main#index { display: none; }
main#index ~ article:target { display: block; }
.find, .index thead .thumbs + th:empty { display: none; }
"""
