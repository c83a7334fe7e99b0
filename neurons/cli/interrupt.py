"""What does Ctrl-C do? The first stops the command, the second the process, and both say so.

This is imported before all else: what it needs itself is there as soon as Python is.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

# these keep what is done, and look for it first
GOES_ON = frozenset({"scan", "visualize", "probe", "demo", "attack build"})
STOPPED, STOPPED_MIDWAY = "stopped", "stopped; the same command goes on where it was"


class Stop:
    """What is called on Ctrl-C.

    Parameters
    ----------
    words : sequence of str
        Of the command line: what is told depends on the command.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.asked = self.told = False
        self.sentence = STOPPED
        if {words[0] if words else "", " ".join(words[:2])} & GOES_ON:
            self.sentence = STOPPED_MIDWAY

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt; called again, end the process."""
        if self.asked:
            # files are written whole or not at all, so that nothing is lost by not tidying up
            shown = "" if self.told else f"{self.sentence}\n"
            # a bar that was shown has hidden the cursor
            os.write(2, ("\x1b[?25h" * sys.stderr.isatty() + shown).encode())
            os._exit(130)
        # an import that is interrupted may end in another error: this tells what it was
        self.asked = True
        raise KeyboardInterrupt
