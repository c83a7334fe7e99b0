"""What of a unit's page stands in an atlas? All of it, its pictures taken from sheets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from neurons.pages.atlas.sheets import LARGE, SMALL, Kind, Pixels, key_of, shrunk
from neurons.pages.drawing import environment
from neurons.pages.links import Links
from neurons.pages.page import Page
from neurons.pages.without_crops import without_crops

_IMG = re.compile(
    r'<img class="(?P<kind>whole[^"]*)" src="picture:(?P<key>[0-9a-f]+)" alt="(?P<told>[^"]*)" '
    r'loading="lazy">'
)
# the same for all units: it stands once, on the first page
_PROVENANCE = re.compile(r'<details class="provenance">.*?</details>\s*', re.DOTALL)
_BLANK = re.compile(r"\n\s*")


@dataclass(frozen=True)
class Fragment:
    """A drawn page whose pictures have no place yet.

    Parameters
    ----------
    html : str
    small, large : dict of str to ndarray
        Its pictures by their keys, decoded.
    """

    html: str
    small: Mapping[str, Pixels]
    large: Mapping[str, Pixels]

    def placed(self, small: Mapping[str, int], large: Mapping[str, int]) -> str:
        """Give the HTML with the pictures' codes."""
        codes = {SMALL.name: small, LARGE.name: large}

        def place(found: re.Match[str]) -> str:
            kind = _kind(found["kind"]).name
            return (
                f'<span class="sprite" role="img" aria-label="{found["told"]}" '
                f'data-sheet="{kind}" data-at="{codes[kind][found["key"]]}"></span>'
            )

        return _IMG.sub(place, self.html)


class Drawing:
    """Draw pages one after the other; each thread has its own.

    Parameters
    ----------
    links : mapping of str to str
        From addresses and names to where they lead, as `links_of` gives it.
    """

    def __init__(self, links: Mapping[str, str]) -> None:
        self._links = links
        self._seen: dict[str, bytes] = {}
        self._linker = Links(links)
        self._template = environment(self._source, self._linked).get_template("page.html")

    def draw(self, page: Page, known: Mapping[str, int]) -> Fragment:
        """Draw a page.

        Parameters
        ----------
        page : Page
        known : mapping of str to int
            Small pictures that have a place already: they are not decoded again.
        """
        self._seen.clear()
        self._linker = Links(self._links, own=page.title)
        html = self._template.render(page=page, single=True, layout="atlas_unit.html")
        html = _BLANK.sub("\n", _PROVENANCE.sub("", without_crops(html))).strip()
        shown: dict[str, dict[str, Pixels]] = {SMALL.name: {}, LARGE.name: {}}
        for found in _IMG.finditer(html):
            kind, key = _kind(found["kind"]), found["key"]
            if kind is SMALL and key in known:
                continue
            if key not in shown[kind.name]:
                shown[kind.name][key] = shrunk(self._seen[key], kind)
        return Fragment(html, shown[SMALL.name], shown[LARGE.name])

    def _source(self, image: bytes) -> str:
        key = key_of(image)
        self._seen[key] = image
        return f"picture:{key}"

    def _linked(self, text: str) -> Markup:
        return self._linker(text)


def links_of(neurons: list[str], names: set[str]) -> dict[str, str]:
    """Give where each address and each name of a class leads inside an atlas."""
    found = {name: f"#?q={quote(name, safe='')}" for name in sorted(names) if name}
    return {**found, **{neuron: f"#{quote(neuron, safe=':.')}" for neuron in neurons}}


def _kind(classes: str) -> Kind:
    return LARGE if "large" in classes else SMALL
