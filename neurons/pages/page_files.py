"""May a page that is one file be put where a file is already?

Such a page says in its head what it shows and how it was made, as a folder's marker does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape, unescape
from pathlib import Path
from typing import Any

from neurons.differences import differences, listed_differences, without_versions
from neurons.errors import OptionError, OutputExistsError
from neurons.files import check_file

_OURS = '<meta name="generator" content="neurons">'
_MADE_WITH = re.compile(r'<meta name="made-with" content="([^"]*)">')
# letters in which the head's first lines are
_HEAD = 20_000


def made_with_tag(settings: Mapping[str, Any]) -> str:
    """Write what a page was made with as a line of its head.

    Parameters
    ----------
    settings : mapping
        Plain values; versions are left out.
    """
    told = json.dumps(without_versions(settings), ensure_ascii=True)
    return f'<meta name="made-with" content="{escape(told)}">'


def check_page_file(path: Path, settings: Mapping[str, Any], *, replace: bool = False) -> None:
    """Refuse a file that a page must not be put over, before any work.

    Parameters
    ----------
    path : Path
    settings : mapping
        What the page will be made with.
    replace : bool
        Whether a page that was made with other settings may be replaced.

    Raises
    ------
    OutputExistsError
        If a page is there that was made with other settings; the message says which.
    OptionError
        If another file, or a folder, is there, or nothing can be written.
    """
    check_file(path)
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.read(_HEAD)
    if _OURS not in head:
        raise OptionError(f"{str(path)!r} is a file of something else; choose another name")
    found = _MADE_WITH.search(head)
    if replace:
        return
    told = "by an earlier version, and does not say how"
    if found is not None:
        asked = json.loads(json.dumps(without_versions(settings)))
        differing = differences(json.loads(unescape(found[1])), asked, holder="the page")
        if not differing:
            return
        told = f"with other settings ({listed_differences(differing)})"
    raise OutputExistsError(
        f"page {str(path)!r} was made {told}; choose another name, or replace it (replace=True)"
    )
