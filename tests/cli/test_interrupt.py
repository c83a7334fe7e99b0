"""Only a command that keeps what is done says that it goes on where it was."""

from __future__ import annotations

import pytest

from neurons.cli.app import COMMANDS
from neurons.cli.interrupt import GOES_ON, STOPPED, STOPPED_MIDWAY, Stop


def test_what_goes_on_is_told_of_every_command() -> None:
    lines = {line.replace(".", " ") for line in COMMANDS}
    assert lines >= GOES_ON
    for line in lines:
        told = Stop([*line.split(), "-m", "miniature"]).sentence
        assert told == (STOPPED_MIDWAY if line in GOES_ON else STOPPED), line
    assert Stop([]).sentence == STOPPED


def test_the_first_call_raises_where_the_command_is() -> None:
    stop = Stop(["scan"])
    with pytest.raises(KeyboardInterrupt):
        stop(2, None)
    assert stop.asked and not stop.told
