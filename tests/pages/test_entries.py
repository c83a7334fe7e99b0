"""The index lists the pages that are there, whoever wrote them, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neurons.pages.entries import Entry, columns, is_number, keep_entry, read_entries, write_names


def entry(title: str, **facts: str) -> Entry:
    return Entry(f"{title}.html", title, "said", tuple(facts.items()), ())


def test_a_page_that_was_deleted_is_listed_no_more_and_a_torn_entry_is_passed_over(
    tmp_path: Path,
) -> None:
    for unit in (9, 10, 100):
        keep_entry(*made(tmp_path, f"layer {unit}"))
    (tmp_path / "layer 10.html").unlink()
    kept = sorted((tmp_path / "assets" / "pages").glob("*.json"))
    next(file for file in kept if "100" in file.name).write_text('{"file": "lay')
    assert [each.title for each in read_entries(tmp_path)] == ["layer 9"]
    keep_entry(*made(tmp_path, "layer 100"))
    # numbers in titles count as numbers
    assert [each.title for each in read_entries(tmp_path)] == ["layer 9", "layer 100"]


def made(out: Path, title: str) -> tuple[Path, Entry]:
    (out / "assets" / "pages").mkdir(parents=True, exist_ok=True)
    (out / f"{title}.html").write_text("page")
    return out, entry(title)


def test_a_column_that_is_the_same_everywhere_tells_nothing() -> None:
    pages = [entry("a", images="40", maximum="2", top="dog"), entry("b", images="40", maximum="-")]
    assert columns(pages) == [("maximum", True), ("top", False)]
    # of one page, all is told
    assert columns(pages[:1]) == [("images", True), ("maximum", True), ("top", False)]


@pytest.mark.parametrize(
    ("text", "number"),
    [("3,160", True), ("6%", True), ("-0.12", True), ("1.2e-05", True), ("nan", True), ("-", True),
     ("alive", False), ("3 of 4", False), ("n01443537", False)],
)  # fmt: skip
def test_a_number_is_told_from_a_name(text: str, number: bool) -> None:
    assert is_number(text) is number


def test_a_script_can_hold_any_title(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    hostile = entry("</script><b>", top="</script>")
    write_names(tmp_path, [hostile], {hostile.title: "x.html"})
    text = (tmp_path / "assets" / "names.js").read_text()
    assert "<" not in text
    told = json.loads(text.removeprefix("window.PAGES = ").removesuffix(";\n"))
    assert told["pages"] == {"</script><b>": "x.html"}
    assert told["named"] == {"</script>": 1}
