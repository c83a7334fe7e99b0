"""Results go to stdout as they are, bars and errors to stderr."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

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


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_in_a_log_there_is_a_line_every_half_minute_and_one_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    with terminal.Bar("scanning", "images", clock=clock) as bar:
        for second in range(95):
            clock.seconds = 100.0 + second
            bar.show(1000 + 10 * second, 2000, "3 skipped")
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines() == [
        "scanning: 1,300 of 2,000 images, 10.0 images/s, 3 skipped, 1:10 left",
        "scanning: 1,600 of 2,000 images, 10.0 images/s, 3 skipped, 0:40 left",
        "scanning: 1,900 of 2,000 images, 10.0 images/s, 3 skipped, 0:10 left",
        # a stop is told as it stands
        "scanning: 1,940 of 2,000 images, 10.0 images/s, 3 skipped, 1:34 in all",
    ]


def test_what_is_done_at_once_is_one_line_of_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.Bar("scanning", "images"):
        pass
    assert capsys.readouterr() == ("", "")
    clock = Clock()
    with terminal.Bar("climbing", "units", per_minute=True, clock=clock) as bar:
        bar.show(0, 4)
        clock.seconds += 3_720
        bar.show(4, 4)
        # whoever is done says so before the end
        bar.stop()
    assert capsys.readouterr().err == "climbing: 4 of 4 units, 0.1 units/min, 1:02:00 in all\n"


def test_a_note_comes_once_with_the_first_thing_done_and_not_before_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(OSError, match="full"), terminal.Bar("a", "b", note="slow here"):
        raise OSError("full")
    assert capsys.readouterr() == ("", "")
    with terminal.Bar("scanning", "images", note="slow here") as bar:
        bar.show(1, 2)
        bar.show(2, 2)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "slow here" and lines.count("slow here") == 1 and len(lines) == 2


def test_in_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    drawn = Console(file=shown, force_terminal=True, width=100)
    monkeypatch.setattr(terminal, "console", drawn)
    with terminal.Bar("scanning", "images") as bar:
        bar.show(1, 4)
        bar.show(4, 4, "1 skipped")
    text = shown.getvalue()
    assert "scanning" in text and "4/4" in text and "1 skipped" in text and "in all" not in text


def test_a_tables_first_column_is_never_broken(capsys: pytest.CaptureFixture[str]) -> None:
    shown = terminal.table("neuron", "why")
    shown.add_row("visual.layer4", "a long reason")
    terminal.out_console.print(shown)
    assert "visual.layer4" in capsys.readouterr().out
