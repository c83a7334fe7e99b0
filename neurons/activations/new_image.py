"""What does a run's model say of an image that the run does not hold?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.data.decoding import Pixels
from neurons.data.image_names import input_of, read_image
from neurons.network.clip import Clip
from neurons.network.engine import open_engine
from neurons.network.inference import parse_precision
from neurons.network.layers import find_layers


@dataclass(frozen=True)
class NewImage:
    """An image of a user's own, and what a run's units say of it.

    Parameters
    ----------
    name : str
    pixels : ndarray of uint8, (height, width, 3)
    peaks : mapping of str to ndarray of float32, (units,)
        By the layer's path.
    """

    name: str
    pixels: Pixels
    peaks: Mapping[str, NDArray[np.float32]]


def read_new_image(
    run: Activations, clip: Clip, file: str | Path, *, layers: Sequence[str] = ()
) -> NewImage:
    """Show a file to the network, in the run's own precision and layers.

    Parameters
    ----------
    run : Activations
    clip : Clip
        The run's model.
    file : str or Path
    layers : sequence of str
        Default: every layer of the run.

    Raises
    ------
    OptionError
        If there is no such file, or it is no image that can be read.
    StaleActivationsError
        If the run is of another model.
    LayerNotFoundError
        If the run does not hold a layer.
    """
    run.check_clip(clip)
    paths = [run.layer(path).path for path in layers or [each.path for each in run.layers]]
    pixels = read_image(Path(file))
    batch = input_of(clip.preprocess, pixels)[None]
    precision = parse_precision(str(run.spec.provenance["precision"]))
    with open_engine(
        clip, find_layers(clip, paths), precision=precision, batch_size=1, embeddings=False
    ) as engine:
        found = engine.peaks(batch)
    return NewImage(Path(file).name, pixels, {path: found[path][0] for path in paths})
