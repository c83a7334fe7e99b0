"""Which words on a page are links? Addresses of neurons, titles of pages, names of classes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from markupsafe import Markup, escape

_ADDRESS = r"(?<![\w./-])[A-Za-z_]\w*(?:\.\w+)+:\d+\b"


class Links:
    """Turn what a text names into links; the rest is escaped.

    A page that is not there yet becomes an anchor without an address. The page's script gives it
    one as soon as it is there, since a report grows.

    Parameters
    ----------
    pages : mapping of str to str
        File by title, of the pages that are there.
    names : collection of str
        Names of classes, which may have a page, or stand in the index.
    own : str
        Title of the page that the text stands on: no link to itself.
    """

    def __init__(
        self, pages: Mapping[str, str], names: Collection[str] = (), own: str = ""
    ) -> None:
        self._pages, self._names, self._own = pages, frozenset(names), own

    def __call__(self, text: str) -> Markup:
        """Link a text that is a name, a list of names, or holds addresses and quoted names."""
        if self._known(text):
            return self._anchor(text)
        parts = text.split(", ")
        if len(parts) > 1 and any(self._known(part) for part in parts):
            return Markup(", ").join(self._within(part) for part in parts)
        return self._within(text)

    def _within(self, text: str) -> Markup:
        if self._known(text):
            return self._anchor(text)
        linked = Markup("")
        end = 0
        for match in re.finditer(rf"'([^']+)'|{_ADDRESS}", text):
            name = match[1] or match[0]
            if match[1] and not self._known(name):
                continue
            start, stop = match.span(1) if match[1] else match.span()
            linked += Markup(escape(text[end:start])) + self._anchor(name)
            end = stop
        return linked + Markup(escape(text[end:]))

    def _known(self, text: str) -> bool:
        return text in self._names or text in self._pages or bool(re.fullmatch(_ADDRESS, text))

    def _anchor(self, name: str) -> Markup:
        shown = escape(name)
        if name == self._own:
            return Markup(shown)
        file = self._pages.get(name)
        href = "" if file is None else f' href="{escape(file)}"'
        return Markup(f'<a data-to="{shown}"{href}>{shown}</a>')


Linker = Callable[[str], Markup]


def shown_as(linked: Markup, text: str) -> Markup:
    """Let a link show another text than the name that it leads to; what is no link stays text."""
    begin, found, _ = str(linked).partition(">")
    return Markup(f"{begin}>{escape(text)}</a>") if found else escape(text)
