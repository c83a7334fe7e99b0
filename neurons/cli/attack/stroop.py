"""Does a model name the word or its colour?"""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.options import ClassOptions, ModelOptions
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.terminal import Bar, say_path, show
from neurons.errors import OptionError


def stroop(
    *,
    model: ModelOptions,
    to: OptionalOutOptions = OptionalOutOptions(),
    prompts: str = "auto",
    n_each: Annotated[int, Parameter(name="--n")] = 4,
    seed: int = 0,
) -> None:
    """Write colours' names in and on other colours: does the model name the word or the colour.

    Parameters
    ----------
    prompts : str
        auto, openai (80 templates), plain, miniature, or a file.
    n_each : int
        Places of each word and colour.
    seed : int
        Of places.
    """
    answer = to.answer("attack stroop", locals())
    from neurons.studies.typography.stroop import COLOURS

    asked = ClassOptions(classes=",".join(COLOURS), prompts=prompts)
    asked.check(None)
    if n_each < 1:
        raise OptionError(f"{n_each} places of each word and colour: at least 1")
    clip = model.open()
    answer = None if answer is None else answer.made_of(clip)
    readout = asked.readout(clip, None)
    with Bar("asking", "conditions", note=model.slow(clip)) as bar:
        found = neurons.stroop(
            clip,
            readout=readout,
            n_each=n_each,
            seed=seed,
            precision=model.how(),
            progress=bar.show,
        )
    show(found)
    if answer is not None:
        say_path("pages", answer.write(found))
