"""How is any result written? As a page, as itself to be loaded again, and as a table."""

from __future__ import annotations

import re
from pathlib import Path

from neurons.pages import Page, write
from neurons.results.provenance import model_of
from neurons.results.result import Result


def write_result(
    out: str | Path, result: Result, *more: Result, index_title: str = "", subtitle: str = ""
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

    Returns
    -------
    Path
        Of ``index.html``.
    """
    out = Path(out)
    keep_result(out / "result", result)
    for other in more:
        keep_result(out / kind_of(other), other)
    page = Page.of(result, subtitle=subtitle, below=more)
    model = model_of(result.provenance)
    named = f"{result.title} · {model}" if model else result.title
    return write(out, [page], title=index_title or named)


def keep_result(folder: Path, result: Result) -> None:
    """Save a result into a folder, with its rows as ``table.csv``."""
    result.save(folder)
    result.to_table(folder / "table.csv")


def kind_of(result: Result) -> str:
    """Name a kind of result as a folder: ``causal_check``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(result).__name__).lower()
