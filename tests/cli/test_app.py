"""Every command is listed with its help, and every error that a user can cause is one line."""

from __future__ import annotations

import dataclasses
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from neurons.cli.app import COMMANDS, GROUPS, app
from neurons.errors import ImagesNotFoundError
from tests.conftest import LAYER


def words_of(line: str) -> list[str]:
    return line.replace("_", "-").split(".")


@pytest.mark.parametrize("line", COMMANDS)
def test_a_commands_help_tells_of_every_option(command, line: str) -> None:
    words = words_of(line)
    shown = command(*words, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith(f"Usage: neurons {' '.join(words)} ")
    told = app()
    for word in words:
        told = told[word]
    arguments = told.assemble_argument_collection(parse_docstring=True)
    assert arguments
    for argument in arguments:
        if argument.show:
            assert argument.parameter.help, f"{line} says nothing of {argument.name}"
            name = argument.name if argument.name.startswith("-") else argument.name.upper()
            assert name in shown.out


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_has_at_most_twelve_parameters_of_its_own(line: str) -> None:
    told = app()
    for word in words_of(line):
        told = told[word]
    assert told.default_command is not None
    taken = inspect.signature(told.default_command).parameters
    assert 1 <= len(taken) <= 12
    for each in taken.values():
        if dataclasses.is_dataclass(each.default):
            # a group is asked for by its options; those that are not given keep their defaults
            assert each.default == type(each.default)()


def test_lists_of_commands_show_what_each_does(command) -> None:
    shown = command("--help").out
    for line in COMMANDS:
        assert (f" {words_of(line)[0]} " in shown) or "." in line
        assert "." not in line or f" {line} " not in shown
    assert "Scan images and keep every unit's peak, its place and the mean." in shown
    assert GROUPS["attack"] in shown and "--install-completion" in shown and "--debug" in shown
    attack = command("attack").out
    assert "Follow a neuron to its words and their attack" in attack
    for line in COMMANDS:
        if line.startswith("attack."):
            assert f" {words_of(line)[1]} " in attack


def test_a_bare_command_line_shows_the_help(command) -> None:
    bare = command()
    assert (bare.code, bare.out) == (0, command("--help").out)


def test_the_version_is_the_packages(command) -> None:
    from importlib.metadata import version

    assert command("--version").out == f"neurons {version('multimodal-neurons')}\n"


def test_mistakes_of_every_kind_are_one_line(refused, tmp_path: Path) -> None:
    for arguments, told in (
        (("scan",), "neurons scan needs --model"),
        (("rprt",), 'Did you mean "report"?'),
        (("layers", "RN51/openai"), "nearest"),
        (("layers", f"local-dir:{tmp_path / 'nowhere'}"), "no folder"),
        (("examples", tmp_path / "nowhere", f"{LAYER}:1"), "no run at"),
        (("attack", "stroop", "-m", "miniature", "--n", "x"), 'unable to convert "x" into int'),
    ):
        assert told in refused(*arguments)


def test_an_error_of_the_disk_is_one_line(refused, scanned: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    told = refused("report", scanned, f"{LAYER}:1", "--out", tmp_path / "file" / "pages")
    assert str(tmp_path / "file") in told


def test_debug_shows_where_it_came_from(command, tmp_path: Path) -> None:
    asked = ("scan", "-m", "miniature", "-i", tmp_path / "nowhere", "-l", LAYER, "-o", tmp_path)
    for arguments in (("--debug", *asked), (*asked, "--debug")):
        with pytest.raises(ImagesNotFoundError):
            command(*arguments)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_names_every_command_and_option(
    command, shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    script = tmp_path / "completion"
    done = command("--install-completion", "--shell", shell, "--output", script)
    assert (done.code, done.err) == (0, "")
    text = script.read_text(encoding="utf-8")
    for line in COMMANDS:
        assert words_of(line)[-1] in text
    # fish writes a long option without its hyphens
    assert "layers" in text and "stroke-colour" in text and "vocabulary" in text


def test_bash_completes_a_command_that_was_begun(
    command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    script = tmp_path / "completion"
    command("--install-completion", "--shell", "bash", "--output", script)
    ask = f"""
source {script}
COMP_WORDS=(neurons attack hi); COMP_CWORD=2; COMP_LINE="neurons attack hi"; COMP_POINT=17
_neurons; echo "${{COMPREPLY[@]}}"
COMP_WORDS=(neurons vis); COMP_CWORD=1; COMP_LINE="neurons vis"; COMP_POINT=11
_neurons; echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", ask], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["hijack", "visualize"], done.stderr


def test_a_shell_that_is_not_known_is_asked_for_in_one_line(
    refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cyclopts.completion import detect

    for name in ("ZSH_VERSION", "BASH_VERSION", "FISH_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    # the process above is whatever runs the tests
    monkeypatch.setattr(detect.os, "getppid", lambda: 2**30)
    told = refused("--install-completion")
    assert "name it: neurons --install-completion --shell bash (or zsh, fish, powershell)" in told


def test_waiting_threads_leave_the_cores_to_others_unless_asked_otherwise() -> None:
    # OpenMP itself tells what it was loaded with
    asked = {**os.environ, "OMP_DISPLAY_ENV": "true"}
    asked.pop("OMP_WAIT_POLICY", None)

    def told(environment: dict[str, str]) -> str:
        command = [sys.executable, "-c", "from neurons.cli.app import main; main()", "layers"]
        return subprocess.run(
            [*command, "miniature"], env=environment, capture_output=True, text=True, check=True
        ).stderr

    assert "OMP_WAIT_POLICY = 'PASSIVE'" in told(asked)
    assert "OMP_WAIT_POLICY = 'ACTIVE'" in told({**asked, "OMP_WAIT_POLICY": "ACTIVE"})
