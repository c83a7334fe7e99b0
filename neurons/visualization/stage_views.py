"""What is kept of each stage of a network, where one image is followed through it?"""

from __future__ import annotations

from dataclasses import dataclass

from neurons.stats import Interval, Share
from neurons.visualization.inversion_kept import Kept
from neurons.visualization.layer_relevance import Agreement

# two embeddings with this cosine are the same but for rounding
_SAME = 0.99999


@dataclass(frozen=True)
class ChannelMap:
    """A channel that the image surprises.

    Parameters
    ----------
    neuron : str
    z : float
        Standard deviations above what it gives for other images.
    peak : float
    by : str
        Whether ``peak`` or ``mean`` over the map is so far above.
    overlay : bytes
        Where it lies above its usual mean, and below; empty where the layer has one place.
    """

    neuron: str
    z: float
    peak: float
    by: str
    overlay: bytes


@dataclass(frozen=True)
class Surprised:
    """How much a stage is surprised by the image, beside other images.

    Parameters
    ----------
    channels : tuple of ChannelMap
        The most surprised ones.
    usual : float
        The first channel's z of a middling other image.
    p_value : float
        Share of the images, this one counted in, whose first channel is as surprised.
    alive : int
        Channels that differ between images.
    """

    channels: tuple[ChannelMap, ...]
    usual: float
    p_value: float
    alive: int


@dataclass(frozen=True)
class InverseView:
    """An image that a stage was made to take for another one.

    Parameters
    ----------
    of : str
        Which image was inverted.
    seed : int
    picture : bytes
    error, start : float
        Relative error of the stage's maps, at the end and at the beginning.
    answer : str
        What the whole model answers to the picture.
    keeps : bool
        Whether that is what it answers to the image that was inverted.
    kept : Kept
        What is left of the image that was inverted.
    """

    of: str
    seed: int
    picture: bytes
    error: float
    start: float
    answer: str
    keeps: bool
    kept: Kept


@dataclass(frozen=True)
class LensView:
    """What a lens says of the image at one layer.

    Parameters
    ----------
    answer, runner_up : str
    margin : float
        How far the first lies above the second, in logits.
    own_margin : float
        How far the model's final answer lies above the best other class, in logits: above 0 where
        the lens gives it.
    cosine : float in [-1, 1]
        Between what the lens reads and the model's embedding.
    shares : tuple of float
        Softmax shares of the classes that are followed.
    """

    answer: str
    runner_up: str
    margin: float
    own_margin: float
    cosine: float
    shares: tuple[float, ...]


@dataclass(frozen=True)
class LensFit:
    """How well a tuned lens predicts images that it was not fitted to.

    Parameters
    ----------
    r2 : float
    interval : Interval
    control : tuple of float
        R2 where embeddings were shuffled among images.
    agrees : Share
        Images for which it gives the model's answer.
    control_agrees : float
        The largest share of the shuffled ones.
    holds : bool
        Whether R2 lies beyond the shuffled ones.
    """

    r2: float
    interval: Interval
    control: tuple[float, ...]
    agrees: Share
    control_agrees: float
    holds: bool


@dataclass(frozen=True)
class StageView:
    """One stage, and what it makes of the image.

    Parameters
    ----------
    layer : str
    units, height, width : int
    surprised : Surprised or None
        None where there are no other images to compare with, and ``not_compared`` says why.
    not_compared : str
    inverses : tuple of InverseView
        Of the image by several seeds, and of the other image if there is one; empty if none
        could be made, and ``not_inverted`` says why.
    not_inverted : str
    other_error : float
        Relative error of the other image as it is: what an error is to be compared with; nan
        without one.
    plain, tuned : LensView or None
        None where there is no such lens of the layer.
    fit : LensFit or None
        Of the tuned lens.
    relevance : bytes
        Gradient times activation on the image; empty where the layer has one place.
    agreement : Agreement
        Of relevance and occlusion.
    """

    layer: str
    units: int
    height: int
    width: int
    surprised: Surprised | None
    not_compared: str
    inverses: tuple[InverseView, ...]
    not_inverted: str
    other_error: float
    plain: LensView | None
    tuned: LensView | None
    fit: LensFit | None
    relevance: bytes
    agreement: Agreement

    @property
    def lens(self) -> LensView | None:
        """The model's own readout where it ends in this layer, else a fitted lens if any."""
        if self.plain is not None and (self.is_end or self.tuned is None):
            return self.plain
        return self.tuned

    @property
    def is_end(self) -> bool:
        """Whether the model's own readout takes this layer: then it gives the model's answer."""
        return self.plain is not None and self.plain.cosine > _SAME

    def own(self, image: str) -> tuple[InverseView, ...]:
        """Give the inverses of the image itself."""
        return tuple(each for each in self.inverses if each.of == image)
