"""Which units, silenced, stop written words? The command that writes an edit."""

from __future__ import annotations

import neurons
from neurons.cli.options import (
    ClassOptions,
    ImageOptions,
    LayerPaths,
    LetteringOptions,
    ModelOptions,
    Out,
    SamplingOptions,
)
from neurons.cli.parse import parted
from neurons.cli.terminal import Bar, say_path, show


def defend(
    *,
    model: ModelOptions,
    images: ImageOptions,
    out: Out,
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
    out : Path
        Folder for the pages.
    layers : tuple of str
        To choose one from; default: four.
    wanted : float
        Attack success that is asked for.
    cost : float
        Clean accuracy that may be lost for it.
    """
    lettering = letters.lettering()
    from neurons.recipes.write_result import write_result

    shown, clip = images.open(), model.open()
    readout = asked.readout(clip, shown)
    with Bar("silencing", "passes") as bar:
        found = neurons.defend(
            clip,
            shown,
            readout=readout,
            layers=parted(layers) or None,
            wanted=wanted,
            max_cost=cost,
            lettering=lettering,
            sample=sampling.of(shown),
            precision=model.how(),
            progress=bar.show,
        )
    index = write_result(out, found)
    kept = neurons.save_edit(out / "edit.json", found.edits(), clip=clip)
    show(found)
    say_path("edit", kept)
    say_path("pages", index)
