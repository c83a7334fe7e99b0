"""What does a network's readout make of a layer's units, while the rest of it is held fast?

A readout is what turns the last maps or tokens into an embedding. It is not linear: attention and
LayerNorm depend on the image. Held fast at an image's own values it is, and shares of units and
places then add up to the embedding; held fast at their means over images, it is linear for all
images, and wrong by an amount that can be measured.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from neurons.network.clip import Clip


class FrozenPass(Protocol):
    """One batch, with everything that the readout did to it held fast.

    Attributes
    ----------
    units : Tensor, (images, units, places)
        The layer's activations, as the readout takes them. Where there is one place more than the
        map has, the first is the class token's.
    size : tuple of int
        Height and width of the map that the places make; 1 x 1 where only the class token counts.
    embedding : Tensor, (images, embedding)
        The model's own, not normalised.
    evenness : Tensor, (images,), or None
        Entropy of the attention, in shares of that of even attention, mean over heads; None where
        the readout has no attention.
    """

    @property
    def units(self) -> Tensor:
        """The layer's activations."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        ...

    @property
    def embedding(self) -> Tensor:
        """The model's own."""
        ...

    @property
    def evenness(self) -> Tensor | None:
        """How evenly attention is spread."""
        ...

    def shares(self, texts: Tensor) -> Tensor:
        """Give what each unit adds at each place, (images, texts, units, places).

        Parameters
        ----------
        texts : Tensor, (texts, embedding)
            Directions; with `rest` the shares add up to the embedding's product with each.
        """
        ...

    def rest(self, texts: Tensor) -> Tensor:
        """Give what does not come through these units, (images, texts)."""
        ...


class LinearLevel(Protocol):
    """A readout that is linear for all images.

    Attributes
    ----------
    name : str
        Such as ``mean attention``.
    leaves_out : str
        What it does not see, as a sentence.
    vectors : Tensor, (units, embedding)
        What one more in a unit's mean over its places adds to the embedding.
    """

    @property
    def name(self) -> str:
        """How it is called."""
        ...

    @property
    def leaves_out(self) -> str:
        """What it does not see."""
        ...

    @property
    def vectors(self) -> Tensor:
        """What each unit adds."""
        ...

    def embed(self, units: Tensor) -> Tensor:
        """Give embeddings, (images, embedding), of activations, (images, units, places)."""
        ...


class Fitting(Protocol):
    """Means over images, from which the linear levels are made."""

    def add(self, seen: FrozenPass) -> None:
        """Take a batch in."""
        ...

    def levels(self) -> tuple[LinearLevel, ...]:
        """Make the levels, the best-founded first."""
        ...


class FrozenReadout(Protocol):
    """The readout of a model for one layer's units.

    Attributes
    ----------
    clip : Clip
    layer : str
        Whose units it reads.
    """

    @property
    def clip(self) -> Clip:
        """The model."""
        ...

    @property
    def layer(self) -> str:
        """Whose units it reads."""
        ...

    def read(self, pixels: Tensor) -> FrozenPass:
        """Run images, uint8 (images, 3, height, width), and hold the readout fast at their own."""
        ...

    def fitting(self) -> Fitting:
        """Begin to take means over images."""
        ...
