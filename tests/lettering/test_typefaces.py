from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from PIL import ImageFont, features

from neurons.drawn_world import fonts
from neurons.errors import OptionError
from neurons.lettering import typefaces
from neurons.lettering.typefaces import (
    BUNDLED,
    DEFAULT,
    TypefaceWarning,
    find_typeface,
    missing_letters,
    needs_joining,
    open_typeface,
    typeface_for,
    visible,
)

HEBREW, ARABIC = "שלום", "مرحبا"


@pytest.fixture
def no_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typefaces, "_system_typefaces", lambda: ())
    typefaces._with_letters.cache_clear()


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    typefaces._with_letters.cache_clear()


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_typeface_writes_plain_english_and_dollars(name: str) -> None:
    assert missing_letters(find_typeface(name), "The quick iPod costs $$$ 0123456789!?") == ""


def test_a_missing_letter_is_found_however_the_typeface_draws_it() -> None:
    for name in BUNDLED:
        assert missing_letters(find_typeface(name), "aא日b\U0001f600") in (
            "א日\U0001f600",
            "日\U0001f600",  # Amatic SC has Hebrew
        )


def test_spaces_and_invisible_marks_are_never_missing() -> None:
    assert missing_letters(find_typeface(DEFAULT), "a \u2009\u200d\ufe0f\u200fb") == ""


def test_what_is_drawn_has_no_mark_that_a_typeface_would_show_as_a_box() -> None:
    assert visible("a\u200db\ufe0fc\u2009d\u00a0e") == "abc d e"
    joined = f"{ARABIC}\u200c"
    assert visible(joined) == joined


@pytest.mark.parametrize("text", ["", "  ", "\u200d", "two\nlines", "a\tb"])
def test_a_text_without_letters_or_with_line_breaks_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match=r"no letters|line breaks"):
        visible(text)


def test_another_typeface_stands_in_with_a_warning(no_system: None) -> None:
    with pytest.warns(TypefaceWarning, match=r"SourceSansPro-Bold has no 'ש' \(U\+05E9\)"):
        font = typeface_for(DEFAULT, HEBREW, 20)
    assert Path(str(font.path)).stem == "AmaticSC-Bold"
    assert missing_letters(Path(str(font.path)), HEBREW) == ""


def test_where_no_typeface_has_a_letter_it_is_an_error_and_never_a_box(no_system: None) -> None:
    with pytest.raises(OptionError, match=r"no typeface on this machine .*'日' \(U\+65E5\)"):
        typeface_for(DEFAULT, "日", 20)


def test_the_systems_typefaces_are_asked_last_and_broken_ones_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    asked: list[Path] = []

    def letters(path: Path, text: str) -> str:
        asked.append(path)
        return missing_letters(path, text)

    monkeypatch.setattr(typefaces, "_system_typefaces", lambda: (broken,))
    monkeypatch.setattr(typefaces, "missing_letters", letters)
    with pytest.raises(OptionError, match="no typeface on this machine"):
        typeface_for(DEFAULT, "日", 20)
    assert asked[-1] == broken and len(asked) == 2 + len(BUNDLED)


def test_the_systems_typefaces_come_with_the_widest_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("Aaa.ttf", "sub/DejaVuSans.ttf", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(typefaces, "_FOLDERS", {"linux": (str(tmp_path),)})
    monkeypatch.setattr(typefaces.sys, "platform", "some unix")
    found = typefaces._system_typefaces.__wrapped__()
    assert [path.name for path in found] == ["DejaVuSans.ttf", "Aaa.ttf"]


def test_right_to_left_and_marks_need_joining() -> None:
    assert needs_joining(HEBREW) and needs_joining(ARABIC) and needs_joining("e\u0301")
    assert not needs_joining("iPod") and not needs_joining("☺\ufe0f")


@pytest.mark.skipif(not features.check("raqm"), reason="this Pillow was built without Raqm")
def test_right_to_left_is_laid_out_by_raqm() -> None:
    joined = typeface_for("AmaticSC-Bold", HEBREW, 20)
    assert joined.layout_engine == ImageFont.Layout.RAQM
    plain = typeface_for("AmaticSC-Bold", "left", 20)
    assert plain.layout_engine == ImageFont.Layout.BASIC
    # from right to left: the basic layout gives the same picture for the letters turned round
    turned = open_typeface(find_typeface("AmaticSC-Bold"), 20)
    assert bytes(joined.getmask(HEBREW)) == bytes(turned.getmask(HEBREW[::-1]))


def test_without_raqm_a_warning_says_what_becomes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typefaces.features, "check", lambda name: False)
    with pytest.warns(TypefaceWarning, match="built without it"):
        font = typeface_for("AmaticSC-Bold", HEBREW, 20)
    assert font.layout_engine == ImageFont.Layout.BASIC


def test_a_font_file_that_is_none_or_not_there_is_told(tmp_path: Path) -> None:
    fake = tmp_path / "fake.ttf"
    fake.write_bytes(b"\0" * 2000)
    with pytest.raises(OptionError, match=r"fake\.ttf' is no font file .*SourceSansPro-Bold"):
        find_typeface(fake)
    with pytest.raises(OptionError, match="no typeface or font file 'Arial'"):
        find_typeface("Arial")
    with pytest.raises(OptionError, match="no typeface or font file"):
        find_typeface(tmp_path)


def test_a_users_own_file_opens_as_the_bundled_one_does(tmp_path: Path) -> None:
    copy = tmp_path / "Mine.ttf"
    copy.write_bytes(find_typeface(DEFAULT).read_bytes())
    mine, theirs = open_typeface(find_typeface(copy), 20), open_typeface(find_typeface(DEFAULT), 20)
    assert bytes(mine.getmask("iPod")) == bytes(theirs.getmask("iPod"))


def test_the_miniatures_world_is_written_in_bundled_typefaces() -> None:
    assert set(fonts.TRAINING + fonts.HELD_OUT) == set(BUNDLED.values())
    for file in BUNDLED.values():
        assert importlib.util.find_spec(file.partition("/")[0]) is not None
