"""Is it this neuron that a written word speaks through?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.options import (
    LetteringOptions,
    ModelOptions,
    NeuronAddress,
    ReadoutOptions,
    RunImageOptions,
    RunOption,
    SamplingOptions,
)
from neurons.cli.out_options import OutOptions
from neurons.cli.parse import listed
from neurons.cli.terminal import Bar, say_path, show
from neurons.errors import OptionError


@Parameter(name="*", group="Word")
@dataclass(frozen=True, kw_only=True)
class WordOptions:
    """With which word the attack is made.

    Parameters
    ----------
    vocabulary : str, optional
        Strings parted by commas, or a file; default: class names and symbols.
    text : str, optional
        Attack with this, not the strongest.
    target : str, optional
        The class to make; default: what the string means.
    """

    vocabulary: str | None = None
    text: str | None = None
    target: str | None = None


def hijack(
    *,
    model: ModelOptions,
    neuron: NeuronAddress,
    to: OutOptions,
    run: RunOption = None,
    word: WordOptions = WordOptions(),
    n_with: Annotated[int, Parameter(name="--with")] = 3,
    draws: int = 20,
    images: RunImageOptions = RunImageOptions(),
    asked: ReadoutOptions = ReadoutOptions(),
    sampling: SamplingOptions = SamplingOptions(),
    letters: LetteringOptions = LetteringOptions(),
) -> None:
    """Follow a neuron to its words and their attack, then silence it and attack again.

    Parameters
    ----------
    neuron : Neuron
        LAYER:UNIT, such as visual.layer4:89.
    run : Path, optional
        A run: its images are attacked.
    n_with : int
        Other mediators to silence with the neuron.
    draws : int
        Random units to compare with.
    """
    if run is None and not images.images:
        raise OptionError("no images to attack; name a run with --run, or images with --images")
    answer = to.answer("attack hijack", locals())
    letters.check()
    from neurons.cli.parse_attack import ZERO_SHOT, parse_vocabulary

    # all that can be refused is, before the model is loaded
    scanned = None if run is None else neurons.Activations.open(run)
    if scanned is not None:
        scanned.check(neuron)
    shown = images.open() if scanned is None else images.of(scanned)
    asked.check(shown, *filter(None, [word.target]))
    sample = sampling.of(shown)
    if word.vocabulary is not None:
        listed(word.vocabulary)
    clip = model.open()
    if scanned is not None:
        scanned.check_clip(clip)
        clip = neurons.with_run_dictionaries(clip, scanned)
    answer = answer.made_of(clip, shown)
    also = asked.readouts(clip, shown)
    readout = also.pop(ZERO_SHOT)
    with Bar("knocking out", "passes", note=model.slow(clip)) as bar:
        found = neurons.hijack(
            clip,
            shown,
            neuron,
            parse_vocabulary(word.vocabulary, clip.name, readout.class_names),
            readout=readout,
            text=word.text,
            class_name=word.target,
            lettering=letters.lettering(clip),
            sample=sample,
            n_with=n_with,
            n_random=draws,
            precision=model.how(),
            also=also,
            run=scanned,
            progress=bar.show,
        )
    index = answer.write(found)
    show(found)
    say_path("pages", index)
