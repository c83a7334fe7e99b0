"""What did a user ask of an attack? Strings become values, and results become pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurons.network.clip import Clip, short_name
from neurons.pages import Page, write
from neurons.results.result import Result


def write_result(
    out: str | Path,
    clip: Clip,
    result: Result,
    *,
    title: str,
    facts: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write a result as a page with an index, and as itself, to be loaded again.

    Parameters
    ----------
    out : str or Path
        Folder; the result lies in its ``result`` folder.
    clip : Clip
    result : Result
    title : str
    facts : sequence of (str, str)
        A few numbers for the top of the page.

    Returns
    -------
    Path
        Of ``index.html``.
    """
    result.save(Path(out) / "result")
    page = Page(title, short_name(clip.name), tuple(facts), (result,))
    return write(out, [page], title=f"Typographic attacks on {short_name(clip.name)}")
