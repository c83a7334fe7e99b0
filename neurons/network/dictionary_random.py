"""What would random directions say? The control for the features of a dictionary."""

from __future__ import annotations

import torch
from torch import Tensor

from neurons.network.dictionary import Dictionary

# features whose responses are sorted together
_AT_ONCE = 512


def random_dictionary(dictionary: Dictionary, vectors: Tensor, *, seed: int = 0) -> Dictionary:
    """Make a dictionary of random directions, of equal shape and as sparse, feature by feature.

    Feature j of it is active on as many of ``vectors`` as feature j of the dictionary; one that is
    never active there needs more than the largest that was seen. Directions are Gaussian, as long
    as the dictionary's; inputs are scaled and centred alike.

    Parameters
    ----------
    dictionary : Dictionary
    vectors : Tensor of float32, (places, units)
        Of the layer, on some images.
    seed : int

    Returns
    -------
    Dictionary
        With relu, its biases chosen for that. Its decoder's rows are its own directions, as long
        as the dictionary's rows; it has one only if the dictionary has.
    """
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(dictionary.encoder.T.shape, generator=generator)
    directions = directions / directions.norm(dim=1, keepdim=True)
    dictionary, vectors = dictionary.to(torch.device("cpu")), vectors.cpu()
    encoder = (directions * dictionary.encoder.norm(dim=0)[:, None]).T.contiguous()
    inputs = dictionary.inputs(vectors)
    counts = (dictionary.encode(vectors) > 0).sum(dim=0)
    bias = torch.cat([
        -_cut(inputs @ encoder[:, start : start + _AT_ONCE], counts[start : start + _AT_ONCE])
        for start in range(0, dictionary.n_features, _AT_ONCE)
    ])  # fmt: skip
    decoder = dictionary.decoder
    return Dictionary(
        encoder=encoder,
        bias=bias,
        activation="relu",
        decoder=None if decoder is None else directions * decoder.norm(dim=1, keepdim=True),
        centre=dictionary.centre,
        centred=dictionary.centred,
        scaling=dictionary.scaling,
    )


def _cut(responses: Tensor, counts: Tensor) -> Tensor:
    """Give what exactly so many of the responses are above, feature by feature."""
    ordered = responses.sort(dim=0, descending=True).values
    below = torch.cat([ordered, ordered[-1:] - 1])
    above = torch.cat([ordered[:1], ordered])
    columns = torch.arange(len(counts))
    low, high = below[counts, columns], above[counts, columns]
    # of those never active, a little above all that was seen
    never = ordered[0] + 0.01 * (ordered[0] - ordered[-1])
    # else the middle of the gap, where rounding does not matter
    return torch.where(counts == 0, never, (low + high) / 2)
