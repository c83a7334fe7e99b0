"""Processes that a test stops or kills: one server imports the toolkit, and each is its fork."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

_FORKS = multiprocessing.get_context("forkserver")
# imported by the server: a process of its own would spend seconds on them, at every kill
_FORKS.set_forkserver_preload(
    [
        "tests.conftest",
        "neurons.cli.app",
        "neurons.activations.scan",
        "neurons.attacks.image_folder",
        "neurons.recipes.pictures",
        "neurons.recipes.lesion_pages",
        "neurons.cli.parse_pictures",
        "neurons.studies.probe.fit",
    ]
)


def start(what: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Call a function of a module in a process of its own."""
    process = _FORKS.Process(target=what, args=arguments)
    process.start()
    return process


def start_telling(
    what: Callable[..., None], *arguments: Any
) -> tuple[BaseProcess, Callable[[], Any]]:
    """Do so for a function that takes what to tell with first; also give what listens to it."""
    told, tell = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_telling, args=(tell, what, *arguments))
    process.start()
    # only the process itself holds this end: when it is gone, listening ends with an EOFError
    tell.close()
    return process, told.recv


def kill_when(running: BaseProcess, happened: Callable[[], bool]) -> None:
    """Kill a process as soon as something has happened, in the middle of what comes next."""
    while running.is_alive() and not happened():
        time.sleep(0.01)
    assert running.is_alive()
    running.kill()
    running.join()


def finish(running: BaseProcess) -> None:
    """Wait for a process that must end well."""
    running.join()
    assert running.exitcode == 0


def command(*words: object) -> None:
    """Run a command, silently."""
    from neurons.cli import app

    sys.argv = ["neurons", *map(str, words)]
    sys.stdout = sys.stderr = Path(os.devnull).open("w")
    app.main()


def _telling(tell: Any, what: Callable[..., None], *arguments: Any) -> None:
    what(tell.send, *arguments)
