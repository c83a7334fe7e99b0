"""How often does a written word win?"""

from __future__ import annotations

from pathlib import Path

import neurons
from neurons.cli.options import (
    ImageOptions,
    LetteringOptions,
    ModelOptions,
    ReadoutOptions,
    SamplingOptions,
)
from neurons.cli.out_options import OutOptions
from neurons.cli.terminal import Bar, say_path, show


def run(
    *,
    model: ModelOptions,
    images: ImageOptions,
    targets: str,
    to: OutOptions,
    foreign: str | None = None,
    edit: Path | None = None,
    layer: str | None = None,
    asked: ReadoutOptions = ReadoutOptions(),
    sampling: SamplingOptions = SamplingOptions(),
    letters: LetteringOptions = LetteringOptions(),
) -> None:
    """Write words on images and count how often the answer follows, beside four controls.

    Parameters
    ----------
    targets : str
        CLASS or TEXT=CLASS, parted by commas.
    foreign : str, optional
        The word of no class.
    edit : Path, optional
        An edit that `defend` wrote.
    layer : str, optional
        Module path; default: the last block.
    """
    answer = to.answer("attack run", locals())
    letters.check()
    from neurons.cli.parse_attack import parse_targets

    wanted = parse_targets(targets)
    # all that can be refused is, before the model is loaded
    shown = images.open()
    asked.check(shown, *(target.class_name for target in wanted))
    sample = sampling.of(shown)
    if edit is not None:
        neurons.load_edit(edit)
    clip = model.open()
    answer = answer.made_of(clip, shown)
    readouts = asked.readouts(clip, shown)
    with Bar("attacking", "images", note=model.slow(clip)) as bar:
        found = neurons.attack(
            clip,
            shown,
            wanted,
            readouts=readouts,
            lettering=letters.lettering(clip),
            sample=sample,
            foreign=foreign,
            edits={} if edit is None else neurons.load_edit(edit, clip=clip),
            layer=layer,
            precision=model.how(),
            progress=bar.show,
        )
    index = answer.write(found)
    show(found)
    say_path("pages", index)
