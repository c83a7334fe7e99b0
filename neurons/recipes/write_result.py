"""How is any result written? As a page, as itself to be loaded again, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurons.network.clip import Clip, short_name
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
        of its kind's name, such as ``out/stability``.
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
        keep_result(out / type(other).__name__.lower(), other)
    page = Page.of(result, subtitle=subtitle, below=more)
    return write(out, [page], title=index_title or title_of(result))


def keep_result(folder: Path, result: Result) -> None:
    """Save a result into a folder, with its rows as ``table.csv``."""
    result.save(folder)
    result.to_table(folder / "table.csv")


def title_of(result: Result) -> str:
    """Name a result and the model that it was measured on."""
    model = model_of(result.provenance)
    return f"{result.title} · {model}" if model else result.title


def write_titled(
    out: str | Path,
    clip: Clip,
    result: Result,
    *,
    title: str,
    facts: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write a result that does not name itself yet, under a title given by the caller."""
    result.save(Path(out) / "result")
    page = Page(title, short_name(clip.name), tuple(facts), (result,))
    return write(out, [page], title=f"Typographic attacks on {short_name(clip.name)}")
