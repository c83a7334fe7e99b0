"""What can the toolkit show in a minute?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from neurons.cli.atlas import UNITS
from neurons.cli.bars import Bars
from neurons.cli.out_options import OutOptions
from neurons.cli.terminal import out_console, say, say_path, table
from neurons.folder_kinds import DEMO, RUN

_UNITS = {
    "drawing": "pictures",
    "scanning": "images",
    "writing the report": "pages",
    "naming units": "units",
}


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class DemoOutOptions(OutOptions):
    """Where all is written.

    Parameters
    ----------
    out : Path
        Folder for the run, the report, the names and the atlas.
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

    with Bars(UNITS | _UNITS) as bars:
        made = recipe.demo(to.out, replace=to.replace, tell=bars.show)
    if again and not to.replace:
        say(f"went on with the run that was there: {to.out / 'run'}")
    say(made.census.verdict())
    listed = table("neuron", "chosen for")
    for neuron, why in made.shown.items():
        listed.add_row(Text(str(neuron)), Text(why))
    out_console.print(listed)
    say(made.labels.verdict())
    say_path("report", made.index)
    say_path("all units", made.atlas)
