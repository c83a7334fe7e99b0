"""How does what is known of a layer become a folder that opens from disk?"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from neurons.errors import OptionError
from neurons.files import write_file, write_unflushed
from neurons.pages.atlas.content import AtlasContent
from neurons.pages.atlas.image_data import write_pictures
from neurons.pages.atlas.index_data import write_index_data
from neurons.pages.atlas.scripts import script
from neurons.pages.atlas.unit_pages import write_unit_pages
from neurons.pages.drawing import environment, static
from neurons.pages.links import Links

STYLES = ("style.css", "atlas.css")
_PARTS = ("data", "search", "map", "parts", "order", "pages", "views")
SCRIPTS = tuple(f"atlas.{part}.js" for part in _PARTS)
_BUILDING = "building"
Tell = Callable[[str, int, int], None]


def write_atlas(
    out: str | Path,
    content: AtlasContent,
    *,
    workers: int = 2,
    progress: Tell = lambda what, done, total: None,
) -> Path:
    """Write an atlas: a folder to be searched and browsed in a browser, from disk or any host.

    After a stop or a kill, the same call goes on where it was, and ends with the same bytes. Until
    the end, the atlas says of itself that it is half built. Who calls it has made sure that the
    folder belongs to this content, and that nobody else is writing there.

    Parameters
    ----------
    out : str or Path
        Folder; ``index.html``, ``assets`` and ``data`` are written into it.
    content : AtlasContent
        Its ``page`` and ``thumbnail`` are called from several threads at a time.
    workers : int >= 1
        Threads that draw pages and encode pictures.
    progress : callable
        Takes what is being done, how much of it is done, and of how much.

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    OptionError
        If the content is not of one size, or holds no unit.
    """
    _check(content)
    out = Path(out)
    data = out / "data"
    building = _begin(data, content)
    total = len(content.neurons)
    mark = _mark(content)
    _write_shell(out, content)
    _write_state(data, mark, 0, total)
    write_index_data(data, content, mark)

    def told(done: int, of: int) -> None:
        _write_state(data, mark, done, total)
        progress("writing pages", done, of)

    with ThreadPoolExecutor(workers) as pool:
        try:
            shelf = write_pictures(
                data, building, content, pool, lambda n, of: progress("writing pictures", n, of)
            )
            write_unit_pages(data, building, content, shelf, pool, 16 * workers, told)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    shutil.rmtree(building)
    write_file(data / "state.js", script("state", _state(mark, total, total, whole=True)))
    return out / "index.html"


def _check(content: AtlasContent) -> None:
    n, pictures = len(content.neurons), len(content.pictures.rows)
    if not n:
        raise OptionError("an atlas of no units cannot be made; name a layer that has some")
    told = {
        "heads": (len(content.heads), n),
        "places": (len(content.places), n),
        "similar": (len(content.similar), n),
        "similarity": (len(content.similarity), n),
        "top": (len(content.top), n),
        "names of pictures": (len(content.pictures.names), pictures),
        "units of pictures": (len(content.pictures.units), pictures),
        "deviations of pictures": (len(content.pictures.deviations), pictures),
        "labels of pictures": (len(content.pictures.labels) or pictures, pictures),
        **{f"column {each.name!r}": (len(each.values), n) for each in content.columns},
    }
    for what, (found, asked) in told.items():
        if found != asked:
            raise OptionError(f"{what} of an atlas: {found:,} are given, {asked:,} are needed")
    if len({column.name for column in content.columns}) < len(content.columns):
        raise OptionError("two columns of an atlas have one name; give each its own")
    if len(set(content.neurons)) < n:
        raise OptionError("two units of an atlas have one address; give each its own")


def _begin(data: Path, content: AtlasContent) -> Path:
    """Keep what an earlier call for the same content left behind, or remove it."""
    building = data / _BUILDING
    note = building / "content.json"
    mark = json.dumps(_mark(content)).encode()
    if not note.is_file() or note.read_bytes() != mark:
        shutil.rmtree(data, ignore_errors=True)
        building.mkdir(parents=True)
        write_unflushed(note, mark)
    return building


def _mark(content: AtlasContent) -> str:
    """Tell contents apart by all that is known without drawing a page."""
    told = hashlib.sha256()
    plain = (
        content.layer, content.model, content.verdict, content.facts, list(content.neurons),
        list(content.heads), content.map_note, content.provenance, list(content.pictures.names),
        list(content.pictures.labels),
        [(c.name, list(c.values), c.about, c.searched) for c in content.columns],
    )  # fmt: skip
    told.update(json.dumps(plain, default=str).encode())
    arrays = (content.places, content.similar, content.similarity, content.top)
    pictures = (content.pictures.rows, content.pictures.units, content.pictures.deviations)
    for array in (*arrays, *pictures):
        told.update(np.ascontiguousarray(array).tobytes())
    return told.hexdigest()[:12]


def _state(mark: str, done: int, total: int, *, whole: bool = False) -> dict[str, object]:
    return {"mark": mark, "done": done, "total": total, "whole": whole}


def _write_state(data: Path, mark: str, done: int, total: int) -> None:
    write_unflushed(data / "state.js", script("state", _state(mark, done, total)))


def _write_shell(out: Path, content: AtlasContent) -> None:
    (out / "assets").mkdir(parents=True, exist_ok=True)
    for name in (*STYLES, *SCRIPTS):
        write_unflushed(out / "assets" / name, static(name).encode())
    drawing = environment(lambda image: "", Links({}))
    html = drawing.get_template("atlas.html").render(
        content=content,
        styles=STYLES,
        scripts=SCRIPTS,
        provenance=_lines(content),
        single=False,
    )
    write_unflushed(out / "index.html", html.encode("utf-8", "backslashreplace"))


def _lines(content: AtlasContent) -> dict[str, str]:
    return {
        key: value if isinstance(value, str) else json.dumps(value, default=str)
        for key, value in content.provenance.items()
    }
