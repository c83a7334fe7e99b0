"""How is any result written? As a page, as itself to be loaded again, and as a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurons.folder_kinds import ANSWER
from neurons.folders import check_folder, folder_for_writing
from neurons.pages import Page, write
from neurons.results.provenance import model_of
from neurons.results.result import Result


def write_result(
    out: str | Path,
    result: Result,
    *more: Result,
    index_title: str = "",
    subtitle: str = "",
    settings: Mapping[str, Any] | None = None,
    replace: bool = False,
) -> Path:
    """Write a result as a page with an index, as JSON and arrays, and as a table.

    Parameters
    ----------
    out : str or Path
        Folder. The pages lie in it; ``out/result`` holds the result, to be loaded again, and
        ``out/result/table.csv`` its rows.
    result : Result
        It gives the page its title and its facts.
    *more : Result
        What else is known of the same thing: drawn below on the same page, each kept in a folder
        of its kind's name, such as ``out/causal_check``.
    index_title : str
        Default: the result's title and the model's short name.
    subtitle : str
        Default: the model's short name, as the result's provenance gives it.
    settings : mapping, optional
        With which settings it was asked for, as plain values, so that `check_folder` can compare
        those of the next one before it is computed.
    replace : bool
        Whether another answer that is there may be replaced.

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    OutputExistsError
        If another answer is there, and may not be replaced.
    OptionError
        If the folder holds something else, or cannot be written.
    """
    out, asked = Path(out), settings or {}
    check_folder(out, ANSWER, asked, replace=replace)
    places = {out / "result": result, **{out / kind_of(other): other for other in more}}
    if not replace:
        for place, each in places.items():
            each.check_save(place)
    page = Page.of(result, subtitle=subtitle, below=more)
    model = model_of(result.provenance)
    named = f"{result.title} · {model}" if model else result.title
    with folder_for_writing(out, ANSWER, asked, replace=replace):
        for place, each in places.items():
            keep_result(place, each, replace=replace)
        return write(out, [page], title=index_title or named)


def keep_result(folder: Path, result: Result, *, replace: bool = False) -> None:
    """Save a result into a folder, with its rows as ``table.csv``.

    Raises
    ------
    OutputExistsError
        If another result is there, and may not be replaced.
    """
    result.save(folder, replace=replace)
    # the table of the same result, whichever version wrote it
    result.to_table(folder / "table.csv", replace=True)


def kind_of(result: Result) -> str:
    """Name a kind of result as a folder: ``causal_check``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(result).__name__).lower()
