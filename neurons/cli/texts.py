"""Which texts does a unit ask for, from natural ones to extreme ones?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter
from rich.text import Text

import neurons
from neurons.cli.linear_options import LinearOptions
from neurons.cli.options import DeviceOptions, NeuronAddress, RunImageOptions, RunPath
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.errors import OptionError

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import Activations, Clip, ImageSet, UnitTexts
    from neurons.address import Neuron
    from neurons.readouts.captions import Captions
    from neurons.readouts.text_prior import TextPrior
    from neurons.readouts.text_search import SearchSettings
    from neurons.readouts.unit_directions import UnitDirections

RANKS = "ranks"


@Parameter(name="*", group="Texts")
@dataclass(frozen=True, kw_only=True)
class CaptionOptions:
    """Which texts are tried.

    Parameters
    ----------
    captions : str, optional
        A file of a caption a line, a .csv or .tsv with a column caption, or miniature: captions of
        its world, which it gets by default.
    words : Path, optional
        Instead of captions: a file of words, each tried alone and in "a photo of a ..."; default:
        about 1,000 words.
    """

    captions: str | None = None
    words: Path | None = None

    def of(self, model_name: str) -> Captions:
        """Read them."""
        from neurons.readouts.captions import read_captions, usual_captions, words_in_templates

        if self.captions is not None and self.words is not None:
            raise OptionError("give --captions or --words, not both: one list is tried")
        if self.words is not None:
            return words_in_templates(self.words)
        return usual_captions(model_name) if self.captions is None else read_captions(self.captions)


@Parameter(name="*", group="Search")
@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How other texts are searched.

    Parameters
    ----------
    captions_only : bool
        Search none: the captions as they are, also for models whose tokens cannot be searched.
    prior : str, optional
        What says how natural texts are: ranks (of the tokenizer's merges), or a causal language
        model as transformers takes it, such as gpt2; default: n-grams of the captions, for words
        ranks.
    steps : int
        Rounds of mutation.
    longest : int
        Tokens of a text.
    random : int
        Random directions that are searched, too, as a control: five or more.
    """

    captions_only: bool = False
    prior: str | None = None
    steps: int = 24
    longest: int = 10
    random: int = 9

    def settings(self) -> SearchSettings | None:
        """Give the settings; None for captions only."""
        from neurons.readouts.text_frontier import check_random
        from neurons.readouts.text_search import SearchSettings

        if self.captions_only:
            return None
        check_random(self.random)
        return SearchSettings(steps=self.steps, longest=self.longest)

    def prior_of(self, clip: Clip) -> TextPrior | None:
        """Load the prior that is named; None for the usual one."""
        from neurons.network.text_tokens import TextTokens
        from neurons.readouts.language_model import language_model
        from neurons.readouts.text_prior import MergeRankPrior

        if self.prior is None or self.captions_only:
            return None
        tokens = TextTokens.of(clip)
        if self.prior == RANKS:
            return MergeRankPrior.of(tokens)
        return language_model(self.prior, tokens)


def texts(
    run: RunPath,
    neuron: NeuronAddress,
    /,
    *,
    tried: CaptionOptions = CaptionOptions(),
    search: SearchOptions = SearchOptions(),
    linear: LinearOptions = LinearOptions(),
    count: int = 10,
    seed: int = 0,
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
    on: DeviceOptions = DeviceOptions(),
) -> None:
    """Find the texts that a unit asks for: `neurons texts RUN visual.layer4:89`.

    Parameters
    ----------
    neuron : Neuron
        A unit's address, such as visual.layer4:89.
    count : int
        Captions to show.
    seed : int
        Of the search and of the random directions.
    """
    from neurons.network.text_tokens import check_lengths

    answer = to.answer("texts", locals())
    opened = neurons.Activations.open(run)
    opened.check(neuron)
    settings = search.settings()
    captions = tried.of(opened.model_name)
    shown = images.of(opened)
    clip = on.load_of(opened)
    opened.check_clip(clip)
    check_lengths(clip, captions.different)
    prior = search.prior_of(clip)
    if answer is not None:
        answer = answer.made_of(clip, shown)
    directions = _directions(opened, shown, clip, neuron, linear, seed)
    with Bar("searching texts", "rounds") as bar:
        found = neurons.unit_texts(
            clip,
            directions,
            neuron,
            captions,
            prior=prior,
            search=settings,
            run=opened,
            count=count,
            n_random=search.random,
            seed=seed,
            progress=bar.show,
        )
    say(found.verdict())
    out_console.print(_drawn(found))
    if answer is not None:
        say_path("pages", answer.write(found))


def _directions(
    run: Activations, images: ImageSet, clip: Clip, neuron: Neuron, linear: LinearOptions, seed: int
) -> UnitDirections:
    """Read the layer's directions off the readout, or of an earlier layer off slopes; say which."""
    from neurons.activations.unit_slope_directions import N_OTHERS, unit_slope_directions
    from neurons.errors import LayerNotFoundError
    from neurons.readouts.frozen_readouts import frozen_readout

    try:
        frozen_readout(clip, neuron.layer)
    except LayerNotFoundError as error:
        if linear.readout is not None or linear.form is not None:
            raise
        say(f"{error}: {neuron} and {N_OTHERS} others of its layer are read by the slopes instead")
        with Bar("differentiating", "units") as bar:
            found = unit_slope_directions(run, images, clip, neuron, seed=seed, progress=bar.show)
        say(f"readout: {found.level} (cosine {found.held_out_r:.2f} between halves of its images)")
        return found
    return linear.directions(clip, images, neuron.layer)


def _drawn(found: UnitTexts) -> Table:
    """Draw captions and searched texts, one line each."""
    drawn = table("found by", "text", "score", "z", "perplexity")
    named = [("caption", each) for each in found.captions]
    named += [("search", each) for each in found.frontier]
    for kind, each in named:
        score, z = f"{each.score:.3f}", f"{each.z:.1f}"
        drawn.add_row(kind, Text(each.text), score, z, each.told_perplexity)
    return drawn
