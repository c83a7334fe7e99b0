"""How does a model do on a published set of written words?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.options import ImageOptions, LetteringOptions, ModelOptions
from neurons.cli.out_options import OutOptions
from neurons.cli.parse import listed
from neurons.cli.terminal import Bar, say_path, show

if TYPE_CHECKING:
    from neurons import Clip
    from neurons.attacks.typographic_set import TypographicSet


def bench(
    *,
    model: ModelOptions,
    set_: Annotated[str, Parameter(name="--set")],
    to: OutOptions,
    prompts: str | None = None,
    n: int | None = None,
    seed: int = 0,
    label_column: str = "label",
    letters: LetteringOptions = LetteringOptions(),
) -> None:
    """Measure a published set under one protocol, beside what was published.

    ``synthetic:IMAGES`` takes labelled images and writes a wrong class's name on each.

    Parameters
    ----------
    set_ : str
        scam:PATH, rta100:PATH, paint:PATH, labelled:PATH or synthetic:IMAGES.
    prompts : str, optional
        A file of templates; default: the set's published ones.
    n : int, optional
        Of each part; default: all.
    seed : int
        Of images and places.
    label_column : str
        Where the table of synthetic:IMAGES keeps the class.
    """
    answer = to.answer("attack bench", locals())
    letters.check()
    templates = () if prompts is None else listed(prompts)
    # all that can be refused is, before the model is loaded
    set_for = _set(set_, letters, seed, label_column)
    clip = model.open()
    answer = answer.made_of(clip)
    with Bar("reading", "images", note=model.slow(clip)) as bar:
        found = neurons.bench(
            clip,
            set_for(clip),
            templates=templates,
            n=n,
            seed=seed,
            precision=model.how(),
            progress=bar.show,
        )
    index = answer.write(found)
    show(found, *found.blocks()[:1])
    say_path("pages", index)


def _set(
    text: str, letters: LetteringOptions, seed: int, label_column: str
) -> Callable[[Clip], TypographicSet]:
    """Open a published set, or labelled images to write wrong names on, as large as a model reads.

    Returns
    -------
    callable
        Takes the model and gives the set.
    """
    kind, _, source = text.partition(":")
    if kind != "synthetic":
        published = neurons.typographic_set(text)
        return lambda clip: published
    opened = ImageOptions(images=(source,), label_column=label_column).open()
    opened.require_labels()

    def written(clip: Clip) -> TypographicSet:
        from neurons.attacks.synthetic_set import synthetic
        from neurons.lettering.default import default_lettering

        lettering = letters.lettering(clip) or default_lettering(clip.preprocess.size)
        return synthetic(opened, lettering, seed=seed)

    return written
