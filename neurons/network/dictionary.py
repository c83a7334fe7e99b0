"""Which features of a sparse autoencoder are active in a vector, and how much?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from neurons.errors import MismatchError

Activation = Literal["relu", "topk", "jumprelu"]
Scaling = Literal["none", "layer_norm", "constant_norm_rescale"]

# what SAELens and Prisma add to the standard deviation that they divide by
_EPSILON = 1e-5


@dataclass(frozen=True, eq=False)
class Dictionary:
    """A sparse autoencoder: an encoder from a layer's units to features, and perhaps a decoder.

    Always fp32, whatever the network computes in: rounding would change which features are active.

    Parameters
    ----------
    encoder : Tensor of float32, (units, features)
        ``W_enc``.
    bias : Tensor of float32, (features,)
        ``b_enc``.
    activation : {"relu", "topk", "jumprelu"}
        ``relu``: what is above 0. ``topk``: of these, the ``k`` largest at each place of the map;
        of equal ones those of lower number. ``jumprelu``: what is above the feature's threshold,
        unchanged. A batchtopk dictionary is a jumprelu one when it is used.
    k : int
        Of ``topk``; 0 otherwise.
    threshold : Tensor of float32, (features,), optional
        Of ``jumprelu``, 0 or more; a value equal to it is not above it.
    decoder : Tensor of float32, (features, units), optional
        ``W_dec``. Without it features can be read, not set.
    centre : Tensor of float32, (units,), optional
        ``b_dec``, which the decoder adds.
    centred : bool
        Whether the encoder subtracts ``centre`` first.
    scaling : {"none", "layer_norm", "constant_norm_rescale"}
        What each vector is divided by before that, as SAELens calls it.
    by_decoder_norm : bool
        Whether features are counted in lengths of their decoder's row, as SAELens'
        ``rescale_acts_by_decoder_norm`` does.
    """

    encoder: Tensor
    bias: Tensor
    activation: Activation
    k: int = 0
    threshold: Tensor | None = None
    decoder: Tensor | None = None
    centre: Tensor | None = None
    centred: bool = False
    scaling: Scaling = "none"
    by_decoder_norm: bool = False

    @property
    def width(self) -> int:
        """Units of the layer that it reads."""
        return int(self.encoder.shape[0])

    @property
    def n_features(self) -> int:
        """Features that it gives."""
        return int(self.encoder.shape[1])

    @property
    def tensors(self) -> dict[str, Tensor]:
        """Give its tensors by the names that their files have."""
        named = {
            "W_enc": self.encoder,
            "b_enc": self.bias,
            "threshold": self.threshold,
            "W_dec": self.decoder,
            "b_dec": self.centre,
        }
        return {name: tensor for name, tensor in named.items() if tensor is not None}

    @property
    def settings(self) -> dict[str, object]:
        """Give all else that its numbers depend on."""
        return {
            "activation": self.activation,
            "k": self.k,
            "apply_b_dec_to_input": self.centred,
            "normalize_activations": self.scaling,
            "rescale_acts_by_decoder_norm": self.by_decoder_norm,
        }

    @property
    def sha256(self) -> str:
        """Tell it from others, whatever file it came in."""
        digest = hashlib.sha256(repr(sorted(self.settings.items())).encode())
        for name, tensor in sorted(self.tensors.items()):
            digest.update(f"{name}\0{tuple(tensor.shape)}\0".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def __deepcopy__(self, memo: object) -> Dictionary:
        # nothing in it changes: copies of a network share it
        return self

    def to(self, device: torch.device) -> Dictionary:
        """Give it on a device."""
        moved = {name: tensor.to(device) for name, tensor in self.tensors.items()}
        return Dictionary(
            encoder=moved["W_enc"],
            bias=moved["b_enc"],
            activation=self.activation,
            k=self.k,
            threshold=moved.get("threshold"),
            decoder=moved.get("W_dec"),
            centre=moved.get("b_dec"),
            centred=self.centred,
            scaling=self.scaling,
            by_decoder_norm=self.by_decoder_norm,
        )

    def inputs(self, vectors: Tensor) -> Tensor:
        """Give what the encoder is handed: scaled and centred vectors, (..., units)."""
        shift, scale = self._scales(vectors)
        scaled = (vectors - shift) / scale
        return scaled - self.centre if self.centred and self.centre is not None else scaled

    def encode(self, vectors: Tensor) -> Tensor:
        """Give the features of vectors.

        Parameters
        ----------
        vectors : Tensor of float32, (..., units)

        Returns
        -------
        Tensor of float32, (..., features)
            0 where a feature is not active. NaN stays NaN.
        """
        told = self.inputs(vectors) @ self.encoder + self.bias
        if self.by_decoder_norm and self.decoder is not None:
            told = told * self.decoder.norm(dim=1)
        if self.activation == "topk":
            return told.relu() * largest(told, self.k)
        if self.threshold is not None:
            # by multiplication, so that what is no number stays none
            return told * (told > self.threshold)
        return told.relu()

    def change(self, vectors: Tensor, features: Tensor) -> Tensor:
        """Give what a change of features adds to vectors.

        Parameters
        ----------
        vectors : Tensor of float32, (..., units)
            What the features were read from.
        features : Tensor of float32, (..., features)
            How much more each is than it was.

        Returns
        -------
        Tensor of float32, (..., units)

        Raises
        ------
        MismatchError
            If there is no decoder.
        """
        if self.decoder is None:
            raise MismatchError(
                "this dictionary has no decoder (W_dec): its features can be read, but a change of "
                "them cannot be written into the layer; give a file with W_dec"
            )
        if self.by_decoder_norm:
            features = features / self.decoder.norm(dim=1)
        return features @ self.decoder * self._scales(vectors)[1]

    def reconstruction(self, vectors: Tensor) -> Tensor:
        """Give vectors as the decoder makes them of their features, (..., units).

        Raises
        ------
        MismatchError
            If there is no decoder.
        """
        shift, scale = self._scales(vectors)
        made = self.change(vectors, self.encode(vectors))
        return made + shift + (0.0 if self.centre is None else self.centre * scale)

    def _scales(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        if self.scaling == "layer_norm":
            mean = vectors.mean(dim=-1, keepdim=True)
            return mean, vectors.std(dim=-1, keepdim=True) + _EPSILON
        one = vectors.new_ones(())
        if self.scaling == "constant_norm_rescale":
            return one * 0, vectors.norm(dim=-1, keepdim=True) / vectors.shape[-1] ** 0.5
        return one * 0, one


def largest(values: Tensor, k: int) -> Tensor:
    """Mark the k largest along the last axis; of equal ones those that come first.

    torch.topk leaves open which of equal values it takes.

    Parameters
    ----------
    values : Tensor, (..., n)
    k : int, 1 to n

    Returns
    -------
    Tensor of bool, (..., n)
        Exactly k are true in each row without NaN.
    """
    last = values.detach().topk(k, dim=-1).values[..., -1:]
    above, equal = values > last, values == last
    room = k - above.sum(dim=-1, keepdim=True)
    return above | (equal & (equal.cumsum(dim=-1) <= room))
