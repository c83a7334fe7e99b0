"""What do neurons have to do with words? For their pages in a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter

import neurons
from neurons.address import Neuron
from neurons.cli.terminal import Bar, say

if TYPE_CHECKING:
    from neurons import Activations, Clip, ImageSet, UnitTexts
    from neurons.readouts.captions import Captions
    from neurons.results.result import Result

# texts that are tried where no file is named; images that a readout is measured on for a report
USUAL, _FIT = "usual", 300


@Parameter(name="*", group="Words")
@dataclass(frozen=True, kw_only=True)
class LanguageOptions:
    """What neurons have to do with words; needs the run's model.

    Parameters
    ----------
    words : str, optional
        See which of these each neuron reads: strings parted by commas, a file, or names: the
        images' class names and symbols.
    texts : str, optional
        See which texts each neuron asks for: a file of captions, or usual: about 1,000 words in
        sentences, or captions of the miniature's world.
    readout : Path, optional
        For --texts: a folder that `neurons linearize --out` wrote; default: measured anew.
    """

    words: str | None = None
    texts: str | None = None
    readout: Path | None = None

    def of(
        self, run: Activations, images: ImageSet, addresses: Sequence[Neuron]
    ) -> Mapping[Neuron, Sequence[Result]]:
        """See which words each neuron reads, and which texts it asks for."""
        from neurons.cli.parse_attack import parse_vocabulary
        from neurons.cli.texts import CaptionOptions
        from neurons.recipes.neuron_report import read_strings

        if self.words is None and self.texts is None:
            return {}
        # before the model is loaded: there may be no strings in them
        words = None if self.words == "names" else self.words
        tried = parse_vocabulary(words, run.model_name, images.class_names) if self.words else []
        asked = None if self.texts in (None, USUAL) else self.texts
        captions = CaptionOptions(captions=asked).of(run.model_name)
        clip = neurons.clip_of(run)
        run.check_clip(clip)
        found: dict[Neuron, list[Result]] = {neuron: [] for neuron in addresses}
        if self.texts is not None:
            for neuron, texts in _texts(
                run, clip, images, addresses, captions, self.readout
            ).items():
                found[neuron].append(texts)
        if self.words is not None:
            with Bar("reading", "strings") as bar:
                read = read_strings(clip, addresses, tried, run=run, progress=bar.show)
            for neuron, strings in read.items():
                found[neuron].append(strings)
        return found


def _texts(
    run: Activations,
    clip: Clip,
    images: ImageSet,
    addresses: Sequence[Neuron],
    captions: Captions,
    readout: Path | None,
) -> dict[Neuron, UnitTexts]:
    """See which captions neurons ask for, layer by layer; say of which layers nothing is known."""
    from neurons.cli.linear_options import LinearOptions
    from neurons.errors import LayerNotFoundError
    from neurons.readouts.text_candidates import embed_candidates
    from neurons.recipes.neuron_report import ranked_texts

    with Bar("embedding captions", "texts") as bar:
        candidates = embed_candidates(
            clip, captions.different, source=captions.source, progress=bar.show
        )
    linear, found = LinearOptions(readout=readout, fit=_FIT), {}
    for layer in dict.fromkeys(neuron.layer for neuron in addresses):
        mine = [neuron for neuron in dict.fromkeys(addresses) if neuron.layer == layer]
        try:
            directions = linear.directions(clip, images, layer)
        except LayerNotFoundError as error:
            say(f"no texts on the pages of {layer}: {error}; `neurons texts` takes such units")
            continue
        found.update(ranked_texts(clip, directions, mine, candidates, run=run))
    return found
