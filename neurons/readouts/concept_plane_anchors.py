"""Which points does a plane go through, and are they of one kind?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurons.address import Neuron
from neurons.data.decoding import Pixels
from neurons.data.image_names import input_of, picture_called, read_image
from neurons.data.images import ImageSet
from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.readouts.readout import ZeroShot
from neurons.readouts.unit_directions import UnitDirections

TEXT, IMAGE, UNIT = "text", "image", "unit"


@dataclass(frozen=True, eq=False)
class Anchor:
    """A point of the joint space that a plane goes through.

    Parameters
    ----------
    name : str
    kind : str
        `TEXT`, `IMAGE` or `UNIT`.
    vector : ndarray of float32, (embedding,)
    image : bytes
        A thumbnail; empty but for images.
    told : str
        What it stands for, if that is not plain.
    """

    name: str
    kind: str
    vector: NDArray[np.float32] = field(repr=False)
    image: bytes = field(default=b"", repr=False)
    told: str = ""


def text_anchor(clip: Clip, readout: ZeroShot, text: str) -> Anchor:
    """Take a text: a class of the readout by its direction, any other as it is written.

    Parameters
    ----------
    clip : Clip
    readout : ZeroShot
    text : str

    Raises
    ------
    OptionError
        If it is empty.
    """
    if not text.strip():
        raise OptionError("an anchor's text is empty; give one, such as 'cat'")
    if text in readout.class_names:
        vector = readout.directions[readout.class_names.index(text)]
        n = len(readout.templates)
        return Anchor(text, TEXT, vector, told=f"the mean of its {n} sentences")
    embedded = clip.embed_texts([text])[0].float().cpu().numpy()
    return Anchor(text, TEXT, embedded)


def image_anchor(clip: Clip, images: ImageSet | None, image: str | Path) -> Anchor:
    """Take an image: one of a set by its id or file's name, or else a file.

    Parameters
    ----------
    clip : Clip
    images : ImageSet or None
    image : str or Path

    Raises
    ------
    OptionError
        If there is no such image, several are so called, or it cannot be read.
    """
    name, pixels = picture_of(images, image)
    embedded = clip.embed_images(input_of(clip.preprocess, pixels)[None]).flatten(1)[0]
    return Anchor(name, IMAGE, embedded.float().cpu().numpy(), thumbnail(pixels))


def picture_of(images: ImageSet | None, image: str | Path) -> tuple[str, Pixels]:
    """Give the name and the pixels of an image of a set, or of a file where there is no set."""
    if images is None:
        return Path(image).name, read_image(Path(image))
    return picture_called(images, str(image))


def unit_anchor(directions: UnitDirections, neuron: Neuron | str) -> Anchor:
    """Take a unit: where one more in it moves an image's embedding.

    Parameters
    ----------
    directions : UnitDirections
        Of the unit's layer, such as `linearize(...).directions()` gives.
    neuron : Neuron or str

    Raises
    ------
    NeuronNotFoundError
        If the layer has no such unit.
    """
    unit = Neuron.of(neuron)
    told = f"by {directions.level}" + ("" if directions.holds else ", which does not hold here")
    return Anchor(str(unit), UNIT, directions.of(unit.unit), told=told)


def told_mixed(anchors: Sequence[Anchor]) -> str:
    """Warn of anchors of several kinds; empty if all are of one.

    Texts and images of a CLIP lie in two cones apart (the modality gap; Liang et al., NeurIPS
    2022), so that most of such a plane lies between the cones, where nothing ever was.
    """
    kinds = list(dict.fromkeys(each.kind for each in anchors))
    if len(kinds) < 2:
        return ""
    apart = [
        _cosine(one, other)
        for i, one in enumerate(anchors)
        for other in anchors[:i]
        if one.kind != other.kind
    ]
    return (
        f"The anchors are of several kinds ({', '.join(kinds)}), which a CLIP keeps apart (the "
        f"modality gap): their cosines are {min(apart):.2f} to {max(apart):.2f}, and most of this "
        f"plane lies where neither texts nor images are."
    )


def _cosine(one: Anchor, other: Anchor) -> float:
    product = float(np.dot(one.vector, other.vector))
    return product / float(np.linalg.norm(one.vector) * np.linalg.norm(other.vector))
