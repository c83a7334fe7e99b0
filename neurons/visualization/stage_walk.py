"""What does each stage make of an image, one after the other?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.stage_reference import StageReference
from neurons.data.overlay import overlaid
from neurons.data.thumbnails import thumbnail
from neurons.errors import OptionError
from neurons.network.layers import Layer
from neurons.readouts.readout import ZeroShot
from neurons.readouts.tuned_lens import TunedLens, tuned_lens
from neurons.visualization.followed_image import FollowedImage
from neurons.visualization.inversion import DEFAULT_INVERSION, InversionSettings
from neurons.visualization.layer_relevance import agreement, layer_relevance
from neurons.visualization.stage_views import LensFit, LensView, StageView, Surprised

Progress = Callable[[int, int], None]

# of one image there is no spread
_FEWEST = 2


@dataclass(frozen=True, eq=False)
class OtherImages:
    """What other images say of the stages; made by `beside_others`.

    Parameters
    ----------
    reference : StageReference or None
        Without the image itself.
    fits : mapping of str to TunedLens
        By the layer's path.
    no_fit : str
        Why a lens is missing; empty if none is.
    """

    reference: StageReference | None
    fits: Mapping[str, TunedLens]
    no_fit: str


def beside_others(
    reference: StageReference | None,
    embedding: NDArray[np.floating],
    readout: ZeroShot,
    *,
    seed: int,
) -> OtherImages:
    """Leave an image out of others, and fit a lens to each of their layers.

    Parameters
    ----------
    reference : StageReference or None
    embedding : ndarray of float, (embedding,)
        Of the image, by which it and its copies are known.
    readout : ZeroShot
    seed : int
    """
    if reference is None:
        return OtherImages(None, {}, "there are no other images")
    rest = reference.without(embedding)
    if rest.n < _FEWEST:
        return OtherImages(None, {}, "there are no other images")
    if rest.embeddings is None:
        why = "the run was made without embeddings; scan again with them"
        return OtherImages(rest, {}, why)
    fits, why, groups = {}, "", rest.groups()
    for path, layer in rest.layers.items():
        try:
            fits[path] = tuned_lens(layer.pooled, rest.embeddings, groups, readout, seed=seed)
        except OptionError as error:
            why = f"{path}: {error}"
    return OtherImages(rest, fits, why)


@dataclass(frozen=True)
class WalkSettings:
    """How stages are looked at.

    Parameters
    ----------
    count : int >= 1
        Channels to show of each.
    inversion : InversionSettings
    seed : int
        Of the noise that inverses start from.
    """

    count: int = 6
    inversion: InversionSettings = DEFAULT_INVERSION
    seed: int = 0


def stage_views(
    followed: FollowedImage,
    layers: tuple[Layer, ...],
    others: OtherImages,
    read: Mapping[str, LensView],
    occluded: NDArray[np.float64],
    settings: WalkSettings,
    *,
    progress: Progress = lambda done, total: None,
) -> tuple[StageView, ...]:
    """Look at an image's stages, in the order of the layers.

    Parameters
    ----------
    followed : FollowedImage
    layers : tuple of Layer
    others : OtherImages
    read : mapping of str to LensView
        What the model's own readout says, by the path of those layers that it can read.
    occluded : ndarray of float64, (rows, columns)
        What covering parts of the image takes from the answer's score.
    settings : WalkSettings
    progress : callable
        Takes how many of how many steps are done.
    """
    shown, paths = followed.image, [layer.path for layer in layers]
    relevant = layer_relevance(followed.clip, paths, shown.pixels, followed.direction())
    steps, views = settings.inversion.steps, []
    for i, layer in enumerate(layers):
        path = layer.path

        def step_done(step: int, before: int = i * steps) -> None:
            progress(before + step, len(layers) * steps)

        inverses, other_error, not_inverted = followed.inverses(
            path, settings.inversion, settings.seed, step_done
        )
        fit, (high, wide) = others.fits.get(path), shown.maps[path].shape[1:]
        tuned = None if fit is None else fit.embed(shown.pooled(path)[None])[0]
        map_of = thumbnail(overlaid(shown.shown, relevant[path])) if high * wide > 1 else b""
        views.append(
            StageView(
                path,
                layer.units,
                high,
                wide,
                *_compared(followed, others, path, settings.count),
                inverses,
                not_inverted,
                other_error,
                read.get(path),
                None if tuned is None else followed.lens_view(tuned),
                None if fit is None else _kept_of(fit),
                map_of,
                agreement(relevant[path], occluded),
            )
        )
    return tuple(views)


def _compared(
    followed: FollowedImage, others: OtherImages, path: str, count: int
) -> tuple[Surprised | None, str]:
    """Find the channels that the image surprises, or say why none can be found."""
    if others.reference is None:
        return None, "there are no other images"
    if path not in others.reference.layers:
        return None, "the run does not hold this layer"
    found = followed.surprised(path, others.reference.layers[path], count)
    return found, "" if found else "its channels say the same of every image"


def _kept_of(lens: TunedLens) -> LensFit:
    return LensFit(
        lens.r2, lens.interval, lens.control, lens.agrees, lens.control_agrees, lens.holds
    )
