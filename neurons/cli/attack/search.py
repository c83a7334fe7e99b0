"""Which strings make a class of images?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import Parameter

import neurons
from neurons.cli.options import (
    ImageOptions,
    LetteringOptions,
    ModelOptions,
    ReadoutOptions,
    SamplingOptions,
)
from neurons.cli.out_options import OutOptions
from neurons.cli.parse import listed
from neurons.cli.terminal import Bar, say_path, show

if TYPE_CHECKING:
    from neurons import BlackBoxSearch, Search


@Parameter(name="*", group="Sampling")
@dataclass(frozen=True, kw_only=True)
class FewerImages(SamplingOptions):
    """As for other attacks, but fewer: every string is tried on each.

    Parameters
    ----------
    n : int
        Images, drawn at random.
    """

    n: int = 64


def search(
    *,
    model: ModelOptions,
    images: ImageOptions,
    target: str,
    to: OutOptions,
    vocabulary: str | None = None,
    budget: int | None = None,
    count: int = 5,
    layer: str | None = None,
    asked: ReadoutOptions = ReadoutOptions(),
    sampling: FewerImages = FewerImages(),
    letters: LetteringOptions = LetteringOptions(),
) -> None:
    """Find the strings that make a class of images, and say why and what the ranking is worth.

    Parameters
    ----------
    target : str
        The class that images are to become.
    vocabulary : str, optional
        Strings parted by commas, or a file; default: class names and symbols.
    budget : int, optional
        Ask for so many answers alone: no units, no scores.
    count : int
        Strings to confirm.
    layer : str, optional
        Module path; default: the last block.
    """
    answer = to.answer("attack search", locals())
    letters.check()
    from neurons.cli.parse_attack import ZERO_SHOT, parse_vocabulary

    # all that can be refused is, before the model is loaded
    shown = images.open()
    asked.check(shown, target)
    sample, how = sampling.of(shown), model.how()
    if vocabulary is not None:
        listed(vocabulary)
    clip = model.open()
    answer = answer.made_of(clip, shown)
    also = asked.readouts(clip, shown)
    readout = also.pop(ZERO_SHOT)
    words = parse_vocabulary(vocabulary, clip.name, readout.class_names)
    lettering = letters.lettering(clip)
    found: Search | BlackBoxSearch
    what = "strings" if budget is None else "answers"
    with Bar("searching", what, note=model.slow(clip)) as bar:
        if budget is None:
            found = neurons.search_words(
                clip, shown, target, words, readout=readout, lettering=lettering, count=count,
                sample=sample, layer=layer, precision=how, also=also,
                progress=bar.show,
            )  # fmt: skip
        else:
            found = neurons.search_black_box(
                clip, shown, target, words, readout=readout, budget=budget, lettering=lettering,
                count=count, sample=sample, precision=how, also=also,
                progress=bar.show,
            )  # fmt: skip
    index = answer.write(found)
    show(found, *found.blocks()[:1])
    say_path("pages", index)
