"""Results go to stdout as they are, bars and errors to stderr."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons.cli import terminal


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal.console, "_width", 100)
    monkeypatch.setattr(terminal.out_console, "_width", 20)


def test_a_sentence_is_neither_wrapped_nor_read_as_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal.say("a sentence that is longer than [bold]twenty[/bold] columns")
    terminal.say_path("pages", Path("a folder/with [red] in its name/index.html"))
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "a sentence that is longer than [bold]twenty[/bold] columns",
        "pages: a folder/with [red] in its name/index.html",
    ]
    assert err == ""


def test_a_bar_appears_with_the_first_thing_done(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.Bar("scanning", "images"):
        pass
    assert capsys.readouterr() == ("", "")
    with terminal.Bar("scanning", "images") as bar:
        bar.show(1, 4)
        bar.show(4, 4, "1 skipped")
    out, err = capsys.readouterr()
    assert out == "" and "scanning" in err and "4/4" in err and "1 skipped" in err


def test_a_tables_first_column_is_never_broken(capsys: pytest.CaptureFixture[str]) -> None:
    shown = terminal.table("neuron", "why")
    shown.add_row("visual.layer4", "a long reason")
    terminal.out_console.print(shown)
    assert "visual.layer4" in capsys.readouterr().out
