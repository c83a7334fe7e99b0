"""What can the toolkit show in a minute?"""

from __future__ import annotations

import contextlib
from pathlib import Path

from rich.text import Text

from neurons.cli.options import Out
from neurons.cli.terminal import Bar, out_console, say, say_path, table


def demo(*, out: Out = Path("demo")) -> None:
    """Do the whole job in a minute, without a network, on the toolkit's own small CLIP.

    Parameters
    ----------
    out : Path
        Folder for run and report.
    """
    from neurons.recipes import demo as recipe

    bars: dict[str, Bar] = {}
    units = {"drawing": "pictures", "scanning": "images", "writing pages": "pages"}
    with contextlib.ExitStack() as stack:

        def tell(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = stack.enter_context(Bar(what, units[what]))
            bars[what].show(done, total)
            if done == total:
                bars[what].stop()

        made = recipe.demo(out, tell=tell)
    say(made.census.verdict())
    listed = table("neuron", "chosen for")
    for neuron, why in made.shown.items():
        listed.add_row(Text(str(neuron)), Text(why))
    out_console.print(listed)
    say_path("report", made.index)
