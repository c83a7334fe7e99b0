"""What can the toolkit show in a minute?"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from neurons.cli.out_options import OutOptions
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.folder_kinds import DEMO, RUN


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class DemoOutOptions(OutOptions):
    """Where run and report are written.

    Parameters
    ----------
    out : Path
        Folder for run and report.
    replace : bool
        Replace what another version made there.
    """

    out: Annotated[Path, Parameter(name=("--out", "-o"))] = Path("demo")


def demo(*, to: DemoOutOptions = DemoOutOptions()) -> None:
    """Do the whole job in a minute, without a network, on the toolkit's own small CLIP.

    Stop it at any time; the same command goes on where it was.
    """
    to.check(DEMO)
    again = RUN.read(to.out / "run") is not None
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

        made = recipe.demo(to.out, replace=to.replace, tell=tell)
    if again and not to.replace:
        say(f"went on with the run that was there: {to.out / 'run'}")
    say(made.census.verdict())
    listed = table("neuron", "chosen for")
    for neuron, why in made.shown.items():
        listed.add_row(Text(str(neuron)), Text(why))
    out_console.print(listed)
    say_path("report", made.index)
