"""Which commands are there, and what does a user see of an error or of Ctrl-C?"""

from __future__ import annotations

import os
import signal
import sys
import warnings

from neurons.cli.interrupt import Stop

# typing would be the longest import before Ctrl-C is looked at
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TextIO

    from cyclopts import App, CycloptsError

# a command is the function of that name in the module of that name; its docstring is its help
COMMANDS = (
    "models",
    "layers",
    "scan",
    "units",
    "find",
    "label",
    "examples",
    "report",
    "atlas",
    "export",
    "census",
    "visualize",
    "demo",
    "probe",
    "compose",
    "roles",
    "align",
    "bridge",
    "twins",
    "spectrum_of",
    "universal",
    "linearize",
    "texts",
    "wanted",
    "equation",
    "lesion",
    "plane",
    "layers_of",
    "attack.build",
    "attack.run",
    "attack.search",
    "attack.bench",
    "attack.hijack",
    "attack.defend",
    "attack.stroop",
    "audit.associations",
    "audit.shape",
    "audit.build",
)
ABOUT = "Look inside multimodal vision models: what excites a CLIP neuron, measured and shown."
GROUPS = {
    "attack": "Typographic attacks on a model of your own: build, measure, explain, mend.",
    "audit": "What a model associates, and whether it sees shape, texture or words.",
}
DEBUG = "--debug"
INSTALL_COMPLETION = "--install-completion"
_USUAL_WARNING = warnings.showwarning


def app() -> App:
    """Build the command line; each command's module is imported when it is asked for."""
    from cyclopts import App, Parameter

    from neurons.cli.terminal import console, out_console

    root = App(
        name="neurons",
        help=ABOUT,
        help_format="plaintext",
        help_epilogue=f"neurons {DEBUG} COMMAND shows the traceback of an error.",
        version=_version,
        # no option has a --no- twin, and a default that says nothing is not shown
        default_parameter=Parameter(negative=(), show_default=_default),
        console=out_console,
        error_console=console,
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
    )
    last = len(COMMANDS)
    groups = {name: App(name=name, help=about, sort_key=last) for name, about in GROUPS.items()}
    for place, line in enumerate(COMMANDS):
        parent, _, name = line.rpartition(".")
        path = f"neurons.cli.{line}:{name}"
        groups.get(parent, root).command(path, name=name.replace("_", "-"), sort_key=place)
    for group in groups.values():
        root.command(group)
    root.register_install_completion_command(
        INSTALL_COMPLETION, help="Let the shell complete commands and options."
    )
    return root


def main() -> None:
    """Run the command line: every error that a user can cause is one line, exit code 2."""
    words = [word for word in sys.argv[1:] if word != DEBUG]
    debug = len(words) < len(sys.argv) - 1
    # threads that spin while they wait take the cores from whoever works, ourselves included, where
    # the machine does something else; read when torch is loaded
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    stop = Stop(words)
    warnings.showwarning = _tell_warning
    before = signal.signal(signal.SIGINT, stop)
    try:
        commands = app()
        _check_shell(words)
        if not set(words) - {*commands.help_flags, *GROUPS}:
            _import_all(commands)
        commands(words)
    except BaseException as error:
        told, code = (stop.sentence, 130) if stop.asked else (_one_line(error), 2)
        if debug or not told:
            raise
        _say(told, error=code == 2)
        stop.told = True
        sys.exit(code)
    finally:
        warnings.showwarning = _USUAL_WARNING
        # after a Ctrl-C the way out stays quiet: another one ends the process at once
        if not stop.asked:
            signal.signal(signal.SIGINT, before)


def _one_line(error: BaseException) -> str:
    """Tell an error that a user can mend in one line; nothing for any other."""
    from cyclopts import CycloptsError

    from neurons.errors import NeuronsError, OutputExistsError

    if isinstance(error, CycloptsError):
        return _usage(error)
    if isinstance(error, OutputExistsError):
        return str(error).replace("replace=True", "--replace")
    if isinstance(error, (NeuronsError, OSError)):
        return " ".join(str(error).splitlines())
    return ""


def _usage(error: CycloptsError) -> str:
    """Tell what cannot be parsed: a word too many or too few, an option that is not there."""
    from cyclopts import MissingArgumentError, UnusedCliTokensError

    command = " ".join(("neurons", *(error.command_chain or ())))
    if isinstance(error, UnusedCliTokensError):
        words = " ".join(error.unused_tokens or ())
        return f"{command} has no use for {words!r}; see `{command} --help`"
    if isinstance(error, MissingArgumentError) and error.argument and not error.argument.tokens:
        return f"{command} needs {error.argument.name}; see `{command} --help`"
    told = " ".join(str(error).split())
    return told[:1].lower() + told[1:]


def _say(told: str, *, error: bool) -> None:
    from rich.text import Text

    from neurons.cli.terminal import console

    head = [("error: ", "bold red")] if error else []
    console.print(Text.assemble(*head, told), soft_wrap=True)


def _tell_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning of our own as one line; any other as Python does."""
    if not category.__module__.startswith("neurons."):
        _USUAL_WARNING(message, category, filename, lineno, file, line)
        return
    from rich.text import Text

    from neurons.cli.terminal import console

    told = " ".join(str(message).splitlines())
    console.print(Text.assemble(("warning: ", "bold yellow"), told), soft_wrap=True)


def _check_shell(words: Sequence[str]) -> None:
    """Refuse to guess the shell where it cannot be seen which it is."""
    if INSTALL_COMPLETION not in words or any(word.startswith("--shell") for word in words):
        return
    if "--help" in words:
        return
    from cyclopts.completion.detect import ShellDetectionError, detect_shell

    from neurons.errors import OptionError

    try:
        detect_shell()
    except ShellDetectionError:
        raise OptionError(
            f"the shell is none that is known; name it: neurons {INSTALL_COMPLETION} --shell bash "
            f"(or zsh, fish, powershell)"
        ) from None


def _import_all(commands: App) -> None:
    """Import every command for a list of them: a docstring's first line stands beside its name."""
    for name in commands.resolved_commands():
        if name in GROUPS:
            commands[name].resolved_commands()


def _version() -> str:
    from importlib.metadata import version

    return f"neurons {version('multimodal-neurons')}"


def _default(value: Any) -> str | None:
    """Show a default, unless it is empty or off."""
    return None if value is False or value in (None, (), "") else str(value)
