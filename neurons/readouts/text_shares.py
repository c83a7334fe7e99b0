"""How is one image's score for a text made up: through which units, at which places?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.readouts.frozen import FrozenReadout
from neurons.readouts.text_candidates import TextCandidates
from neurons.readouts.unit_directions import unit_length

# how far the sum of all shares may be from the model's own score
ADDS_UP = 1e-5
# words
_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class TextShares:
    """A score, parted without a rest that is not told.

    Parameters
    ----------
    shares : ndarray of float32, (units, places)
        What each unit adds to the score at each place; negative where it speaks against the text.
        Where there is one place more than the map has, the first is the class token's.
    activations : ndarray of float32, (units, places)
    size : tuple of int
        Height and width of the map; 1 x 1 where units have no place.
    rest : float
        What does not come through these units: biases, positions, other paths.
    score : float
        The model's own: the embedding at length 1 times the direction. Of a text minus the mean of
        words that is a cosine minus the mean cosine with words.
    embedding : ndarray of float32, (embedding,)
        At length 1.
    """

    shares: NDArray[np.float32]
    activations: NDArray[np.float32]
    size: tuple[int, int]
    rest: float
    score: float
    embedding: NDArray[np.float32]

    @property
    def total(self) -> float:
        """The sum of all shares, and the rest."""
        return float(self.shares.sum(dtype=np.float64)) + self.rest

    @property
    def error(self) -> float:
        """How far the total is from the score, as a cosine: scores lie between -1 and 1."""
        return abs(self.total - self.score)

    @property
    def adds_up(self) -> bool:
        """Whether the total is the score, up to rounding."""
        return self.error <= ADDS_UP

    @property
    def of_units(self) -> NDArray[np.float64]:
        """What each unit adds at all places, (units,)."""
        found: NDArray[np.float64] = self.shares.sum(1, dtype=np.float64)
        return found

    @property
    def maps(self) -> NDArray[np.float32]:
        """What each unit adds at each place of the map, (units, height, width)."""
        found: NDArray[np.float32] = self.shares[:, -(self.size[0] * self.size[1]) :]
        return found.reshape(-1, *self.size)

    @property
    def of_places(self) -> NDArray[np.float64]:
        """What all units add at each place of the map, (height, width)."""
        found: NDArray[np.float64] = self.maps.sum(0, dtype=np.float64)
        return found

    @property
    def of_class_token(self) -> float:
        """What all units add in the class token, beside the map; 0 where there is none."""
        return float(self.of_units.sum() - self.of_places.sum())


@torch.inference_mode()
def text_shares(
    readout: FrozenReadout, pixels: Tensor, direction: NDArray[np.float32]
) -> TextShares:
    """Run one image, hold the readout fast at what it did, and part the score.

    Parameters
    ----------
    readout : FrozenReadout
    pixels : Tensor of uint8, (3, H, W)
        At the network's input size.
    direction : ndarray of float32, (embedding,)
        Of a text; see `text_direction`.
    """
    seen = readout.read(pixels[None].to(readout.clip.device))
    asked = torch.as_tensor(direction, device=seen.embedding.device)[None]
    # held fast like all else: a share is then a share of the cosine
    length = seen.embedding.double().norm()
    shares = (seen.shares(asked)[0, 0] / length).float()
    embedding = (seen.embedding[0] / length).float()
    return TextShares(
        shares.cpu().numpy(),
        seen.units[0].float().cpu().numpy(),
        seen.size,
        float(seen.rest(asked)[0, 0] / length),
        float(embedding.double() @ asked[0].double()),
        embedding.cpu().numpy(),
    )


@torch.inference_mode()
def words_through(
    readout: FrozenReadout,
    pixels: Tensor,
    words: TextCandidates,
    units: Sequence[int],
    *,
    count: int = 5,
) -> list[tuple[str, ...]]:
    """Give the words that some units speak for most in one image.

    Parameters
    ----------
    readout : FrozenReadout
    pixels : Tensor of uint8, (3, H, W)
    words : TextCandidates
        Their directions are taken at length 1.
    units : sequence of int
    count : int >= 1

    Returns
    -------
    list of tuple of str
        Of each unit; none where it adds nothing to any word.
    """
    seen = readout.read(pixels[None].to(readout.clip.device))
    vectors = torch.as_tensor(unit_length(words.vectors), device=seen.embedding.device)
    chosen = list(units)
    # all words at once do not fit where layers are wide
    parts = [
        seen.shares(part)[0][:, chosen].sum(2).cpu() for part in torch.split(vectors, _AT_ONCE)
    ]
    added = torch.cat(parts).numpy()
    order = np.argsort(-added, axis=0, kind="stable")[:count]
    return [
        tuple(words.texts[i] for i in column if added[i, k] > 0)
        for k, column in enumerate(order.T.tolist())
    ]
