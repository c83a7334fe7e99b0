"""Does a model name the word or its colour?"""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.options import ClassOptions, ModelOptions, OptionalOut
from neurons.cli.terminal import Bar, say_path, show


def stroop(
    *,
    model: ModelOptions,
    out: OptionalOut = None,
    prompts: str = "auto",
    n_each: Annotated[int, Parameter(name="--n")] = 4,
    seed: int = 0,
) -> None:
    """Write colours' names in and on other colours: does the model name the word or the colour.

    Parameters
    ----------
    out : Path, optional
        Folder for the pages.
    prompts : str
        auto, openai (80 templates), plain, miniature, or a file.
    n_each : int
        Places of each word and colour.
    seed : int
        Of places.
    """
    from neurons.recipes.write_result import write_result
    from neurons.studies.typography.stroop import COLOURS

    clip = model.open()
    readout = ClassOptions(classes=",".join(COLOURS), prompts=prompts).readout(clip, None)
    with Bar("asking", "conditions") as bar:
        found = neurons.stroop(
            clip,
            readout=readout,
            n_each=n_each,
            seed=seed,
            precision=model.how(),
            progress=bar.show,
        )
    show(found)
    if out is not None:
        say_path("pages", write_result(out, found))
