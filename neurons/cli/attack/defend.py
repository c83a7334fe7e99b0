"""Which units, silenced, stop written words? The command that writes an edit."""

from __future__ import annotations

import neurons
from neurons.cli.options import (
    ClassOptions,
    ImageOptions,
    LayerPaths,
    LetteringOptions,
    ModelOptions,
    SamplingOptions,
)
from neurons.cli.out_options import OutOptions
from neurons.cli.parse import parted
from neurons.cli.terminal import Bar, say_path, show


def defend(
    *,
    model: ModelOptions,
    images: ImageOptions,
    to: OutOptions,
    layers: LayerPaths = (),
    wanted: float = 0.1,
    cost: float = 0.02,
    asked: ClassOptions = ClassOptions(),
    sampling: SamplingOptions = SamplingOptions(),
    letters: LetteringOptions = LetteringOptions(),
) -> None:
    """Silence the fewest units that carry words and no pictures; keep them as edit.json.

    Parameters
    ----------
    layers : tuple of str
        To choose one from; default: four.
    wanted : float
        Attack success that is asked for.
    cost : float
        Clean accuracy that may be lost for it.
    """
    answer = to.answer("attack defend", locals())
    letters.check()
    # all that can be refused is, before the model is loaded
    shown = images.open()
    asked.check(shown)
    sample = sampling.of(shown)
    clip = model.open()
    answer = answer.made_of(clip, shown)
    readout = asked.readout(clip, shown)
    with Bar("silencing", "passes", note=model.slow(clip)) as bar:
        found = neurons.defend(
            clip,
            shown,
            readout=readout,
            layers=parted(layers) or None,
            wanted=wanted,
            max_cost=cost,
            lettering=letters.lettering(clip),
            sample=sample,
            precision=model.how(),
            progress=bar.show,
        )
    index = answer.write(found)
    show(found)
    edit = to.out / "edit.json"
    if found.empty:
        # what an earlier defence left there is none of this one
        edit.unlink(missing_ok=True)
    else:
        say_path("edit", neurons.save_edit(edit, found.edits(), clip=clip, replace=True))
    say_path("pages", index)
