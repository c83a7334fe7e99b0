"""What does each stage of a network make of one image, from the pixels to the answer?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from neurons.activations.stage_reference import StageReference
from neurons.data.image_names import input_of
from neurons.data.overlay import magnified, overlaid
from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.interventions.editable import open_editable
from neurons.interventions.occlusion import occlusion
from neurons.network.clip import Clip
from neurons.network.layers import Layer, find_layers, stages
from neurons.network.layers import layers as every_layer
from neurons.readouts.lens import Lens, plain_lens
from neurons.readouts.readout import ZeroShot, readout_provenance, shares
from neurons.results.blocks import Block, Gallery, Note, Tile
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.visualization.control_image import NamedImage
from neurons.visualization.followed_image import FollowedImage, SeenImage, seen_image
from neurons.visualization.inversion import DEFAULT_INVERSION, InversionSettings
from neurons.visualization.stage_blocks import (
    answer_lines,
    answer_table,
    channel_table,
    inverse_gallery,
    inverse_table,
    lens_table,
    place_table,
    relevance_table,
    short,
    stage_strip,
)
from neurons.visualization.stage_verdict import told_stages
from neurons.visualization.stage_views import LensView, StageView
from neurons.visualization.stage_walk import WalkSettings, beside_others, stage_views

Progress = Callable[[int, int], None]

# classes that are followed from layer to layer
_FOLLOWED = 5
_NAN = float("nan")
# logits: below that two classes have nearly the same share
_CLOSE = 0.5


def layers_of(
    clip: Clip,
    image: NamedImage | str | Path,
    readout: ZeroShot,
    *,
    reference: StageReference | None = None,
    other: NamedImage | str | Path | None = None,
    layers: Sequence[str] = (),
    count: int = 6,
    inversion: InversionSettings = DEFAULT_INVERSION,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> LayersOf:
    """Follow one image through a network, stage by stage.

    Parameters
    ----------
    clip : Clip
    image : NamedImage, str or Path
        Or a file.
    readout : ZeroShot
        What answers are chosen from.
    reference : StageReference, optional
        What the stages give for other images, by `reference_of_run` or `reference_of_images`.
        Without it no channel can be called surprised, and no lens is fitted. The image itself and
        its copies are left out of it.
    other : NamedImage, str or Path, optional
        Another image, whose inverse is the control.
    layers : sequence of str
        Default: up to four stages, evenly over the depth.
    count : int >= 1
        Channels to show of each stage.
    inversion : InversionSettings
    seed : int
        Of the noise that inverses start from, the folds and the shuffles.
    progress : callable
        Takes how many of how many steps are done.

    Returns
    -------
    LayersOf

    Raises
    ------
    LayerNotFoundError
        If the model has no such layer.
    OptionError
        If an image cannot be read, both are the same, the model's input is not square, or a number
        makes no sense.

    References
    ----------
    Mahendran and Vedaldi, CVPR 2015 (inversion); Belrose et al. 2023 (tuned lens); Zeiler and
    Fergus, ECCV 2014 (occlusion).
    """
    if count < 1:
        raise OptionError(f"{count} channels per stage: at least 1")
    high, wide = clip.preprocess.size
    if high != wide:
        raise OptionError(
            f"{clip.name!r} takes {high} x {wide} px, and images are inverted square: its layers "
            f"cannot be followed"
        )
    found = _in_order(clip, find_layers(clip, layers or stages(clip)))
    shown = _seen(clip, found, NamedImage.of(image))
    second = None if other is None else _seen(clip, found, NamedImage.of(other))
    if second is not None and torch.equal(second.pixels, shown.pixels):
        raise OptionError(
            f"{shown.name!r} and the other image are the same: it would be no control"
        )
    logits = readout.decision(shown.embedding[None])
    order = np.argsort(-logits[0], kind="stable")[:_FOLLOWED].tolist()
    followed = FollowedImage(clip, readout, shown, second, tuple(order))
    lens = plain_lens(clip)
    read = {
        path: followed.lens_view(each[0].float().cpu().numpy())
        for path, each in lens.embeddings(shown.pixels[None]).items()
    }
    others = beside_others(reference, shown.embedding, readout, seed=seed)
    with open_editable(clip) as network:
        occluded = occlusion(network, shown.pixels, followed.direction())
    settings = WalkSettings(count, inversion, seed)
    views = stage_views(followed, found, others, read, occluded, settings, progress=progress)
    beside = others.reference
    names = readout.class_names
    return LayersOf(
        provenance={
            "model": clip.provenance(),
            "readout": readout_provenance(readout),
            "inversion": inversion.provenance(),
            **({} if beside is None else {"other images": beside.provenance}),
        },
        image=shown.name,
        other="" if second is None else second.name,
        blank=shown.blank,
        answer=names[order[0]],
        other_answer="" if second is None else names[followed.answer(second)],
        classes=tuple(names[k] for k in order),
        logits=tuple(float(logits[0, k]) for k in order),
        shares=tuple(float(each) for each in shares(logits)[0, order]),
        n_classes=len(names),
        picture=thumbnail(magnified(shown.shown)),
        other_picture=b"" if second is None else thumbnail(magnified(second.shown)),
        occluded=thumbnail(overlaid(shown.shown, occluded)),
        reference="" if beside is None else beside.source,
        n_same=0 if beside is None else beside.n_same,
        stages=views,
        track=tuple(read.items()),
        no_lens=lens.why_not,
        no_fit=others.no_fit,
        places=_places(lens, shown, readout),
    )


@dataclass(frozen=True)
class LayersOf(Result):
    """One image on its way through a network.

    Parameters
    ----------
    image, other : str
        Their names; the other is empty without one.
    blank : bool
        Whether all of the image's pixels are equal.
    answer, other_answer : str
        What the model answers to the two.
    classes, logits : tuple
        The classes that are followed, and the model's logits for them, the largest first.
    shares : tuple of float
        Their softmax shares among all classes.
    n_classes : int
    picture, other_picture, occluded : bytes
        The network's inputs, and where covering the image takes the answer away.
    reference : str
        The other images; empty without any.
    n_same : int
        Of these, those that were left out as copies of the image.
    stages : tuple of StageView
    track : tuple of (str, LensView)
        What the model's own readout says of each layer that it can read, in order.
    no_lens : str
        Why the model's own readout reads no layer; empty if it does.
    no_fit : str
        Why no lens was fitted; empty if one was.
    places : tuple of tuple of str
        The answer of each place of a ResNet's last maps; empty for other networks.
    """

    image: str
    other: str
    blank: bool
    answer: str
    other_answer: str
    classes: tuple[str, ...]
    logits: tuple[float, ...]
    shares: tuple[float, ...]
    n_classes: int
    picture: bytes
    other_picture: bytes
    occluded: bytes
    reference: str
    n_same: int
    stages: tuple[StageView, ...]
    track: tuple[tuple[str, LensView], ...]
    no_lens: str
    no_fit: str
    places: tuple[tuple[str, ...], ...]

    @property
    def title(self) -> str:
        """The image."""
        return f"The layers of {self.image}"

    @property
    def margin(self) -> float:
        """How far the answer lies above the next class, in logits."""
        return self.logits[0] - self.logits[1]

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the answer, what it is chosen from, and the other images."""
        return (
            ("answer", self.answer),
            ("margin", f"{self.margin:.1f} logits"),
            ("classes", f"{self.n_classes:,}"),
            ("stages", f"{len(self.stages)}"),
            ("compared with", self.reference or "no other images"),
        )

    def verdict(self) -> str:
        """Say what each kind of view shows; first, if so, what makes it mean little."""
        doubts = ""
        if self.blank:
            doubts += (
                "The image is blank, all of its pixels are equal: what follows is what the network "
                "makes of nothing. "
            )
        if not self.reference:
            doubts += (
                "No other images were given: no channel can be called surprised, and no lens is "
                "fitted; give a run of these layers or some images. "
            )
        elif self.no_fit:
            doubts += f"No lens is fitted: {self.no_fit}. "
        missing = [short(each.layer) for each in self.stages if each.not_compared]
        if self.reference and missing:
            doubts += f"The other images do not say what is usual at {', '.join(missing)}. "
        if self.margin < _CLOSE:
            doubts += (
                f"The answer is close, of {self.shares[0]:.0%} beside {self.shares[1]:.0%}: what "
                f"makes it may be little. "
            )
        answered = (
            f"The model answers {self.answer!r} to {self.image}, {self.margin:.1f} logits before "
            f"{self.classes[1]!r}, of {self.n_classes:,} classes. "
        )
        return f"{doubts}{answered}{told_stages(self.stages, self.image, self.answer)}"

    def blocks(self) -> tuple[Block, ...]:
        """Draw the image at the top, then stage by stage, and at the end the answer."""
        reads = f"The model's own readout reads no layer: {self.no_lens}."
        return (
            self._pixels(),
            *inverse_gallery(self.stages, self.image, self.picture),
            *self._lines(),
            *(stage_strip(each, self.image) for each in self.stages),
            *((place_table(self.places),) if len(self.places) else ()),
            answer_table(self.classes, self.logits, self.shares, self.n_classes),
            lens_table(self.stages),
            *((inverse_table(self.stages, self.image),) if self._inverted() else ()),
            relevance_table(self.stages),
            *((channel_table(self.stages),) if self.reference else ()),
            *((Note(reads),) if self.no_lens else ()),
        )

    def _lines(self) -> tuple[Block, ...]:
        """Follow the first classes from layer to layer, by each kind of lens."""
        lines: tuple[Block, ...] = ()
        if any(each.tuned is not None for each in self.stages):
            seen = [(each.layer, each.lens) for each in self.stages if each.lens is not None]
            told = (
                "Softmax shares among all classes. A lens was fitted to each stage on other "
                "images (where the model's own readout takes a stage, it is read by that); how "
                "well it holds is in the table below."
            )
            title = "If it stopped there: by a fitted lens"
            lines += (answer_lines(title, seen, self.classes, self.shares, told),)
        if len(self.track) > 1:
            told = (
                "The last LayerNorm and the projection, put on each block. Early blocks do not "
                "write in the readout's terms: there it reads noise, and the fitted lens does not."
            )
            title = "If it stopped there: by its own readout"
            lines += (answer_lines(title, self.track, self.classes, self.shares, told),)
        return lines

    def rows(self) -> Sequence[Row]:
        """One row per stage."""
        return [self._row(each) for each in self.stages]

    def columns_about(self) -> Mapping[str, str]:
        """Tell what the columns are."""
        return {
            "z_first": "Standard deviations of the most surprised channel's peak above its mean.",
            "inverse_error": "Relative error of the layer's maps, the smallest over seeds.",
            "other_error": "The same of the other image as it is.",
            "form": "Correlation of brightness of inverse and image, the smallest over seeds.",
            "colour": "The same of colour that brightness does not tell.",
            "tuned_r2": "Held-out R2 of the ridge from the pooled layer to the embedding.",
            "agreement": "Spearman's correlation of gradient x activation and occlusion.",
        }

    def _row(self, stage: StageView) -> dict[str, object]:
        own, seen = stage.own(self.image), stage.surprised
        return {
            "image": self.image,
            "layer": stage.layer,
            "first_channel": "" if seen is None else seen.channels[0].neuron,
            "z_first": _NAN if seen is None else seen.channels[0].z,
            "z_usual": _NAN if seen is None else seen.usual,
            "plain_answer": "" if stage.plain is None else stage.plain.answer,
            "plain_margin": _NAN if stage.plain is None else stage.plain.margin,
            "tuned_answer": "" if stage.tuned is None else stage.tuned.answer,
            "tuned_margin": _NAN if stage.tuned is None else stage.tuned.margin,
            "tuned_r2": _NAN if stage.fit is None else stage.fit.r2,
            "tuned_r2_shuffled": _NAN if stage.fit is None else max(stage.fit.control),
            "tuned_agrees": _NAN if stage.fit is None else stage.fit.agrees.value,
            "inverse_error": min((each.error for each in own), default=_NAN),
            "other_error": stage.other_error,
            "inverses_that_keep_the_answer": sum(each.keeps for each in own),
            "inverses": len(own),
            "form": min((each.kept.form for each in own), default=_NAN),
            "colour": min((each.kept.colour for each in own), default=_NAN),
            "agreement": stage.agreement.value,
            "answer": self.answer,
        }

    def _inverted(self) -> bool:
        return any(each.inverses for each in self.stages)

    def _pixels(self) -> Gallery:
        tiles = [
            Tile(self.picture, self.answer, "the network's input", self.image),
            Tile(self.occluded, "occlusion", f"where covering it takes {self.answer} away"),
        ]
        if self.other:
            tiles.append(
                Tile(
                    self.other_picture, self.other_answer, "another image: the control", self.other
                )
            )
        note = (
            "Orange: covering this part with the image's mean colour lowers the score of the "
            "answer; blue: it raises it."
        )
        return Gallery("The pixels", tuple(tiles), note, large=True)


def _in_order(clip: Clip, found: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Put layers into the order in which they run, each once."""
    asked = {layer.path for layer in found}
    return tuple(layer for layer in every_layer(clip) if layer.path in asked)


def _seen(clip: Clip, layers: tuple[Layer, ...], image: NamedImage) -> SeenImage:
    return seen_image(clip, layers, image.name, input_of(clip.preprocess, image.pixels))


def _places(lens: Lens, image: SeenImage, readout: ZeroShot) -> tuple[tuple[str, ...], ...]:
    """Give the answer of each place of a ResNet's last maps."""
    if lens.pool is None:
        return ()
    embedded, (high, wide) = lens.at_places(image.pixels)
    answers = readout.decision(embedded.float().cpu().numpy()).argmax(1).reshape(high, wide)
    return tuple(tuple(readout.class_names[k] for k in row) for row in answers.tolist())
