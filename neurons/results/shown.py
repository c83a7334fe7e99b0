"""How does a thing show itself: in one line, and as a small table in a notebook?"""

from __future__ import annotations

from collections.abc import Sequence

from neurons.results.blocks import Table
from neurons.results.drawn import as_html

Facts = Sequence[tuple[str, str]]


def one_line(kind: str, name: str, facts: Facts) -> str:
    """Give a line such as ``<Clip miniature: input 96 x 96 px, device cpu>``.

    Parameters
    ----------
    kind, name : str
    facts : sequence of (str, str)
        Name and value of each.
    """
    told = ", ".join(f"{fact} {value}" for fact, value in facts)
    # a name may be a file's, and hold a line break
    return " ".join(f"<{kind} {name}: {told}>".split())


def small_table(kind: str, name: str, facts: Facts) -> str:
    """Give the same as a fragment of HTML: no scripts, no style sheet."""
    return as_html(Table(f"{kind} {name}", ("", ""), tuple(facts)))
