"""How does a dictionary take part in a network? As a module right behind the layer that it reads.

``visual.layer4.dictionary`` is a child of ``visual.layer4`` and runs when that has finished: edits
of the layer come first, then the features are read, and what is set of them is written through the
decoder. It runs only while something reads or sets its features, so that a network with a
dictionary gives the same bits as without.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from neurons.network.dictionary import Dictionary
from neurons.network.hooks import first_tensor


class DictionaryLayer(nn.Module):
    """The features of a dictionary, as a module with units.

    Parameters
    ----------
    dictionary : Dictionary
        On the network's device.
    axis : int
        Of the layer's output, in which its units are counted.
    """

    def __init__(self, dictionary: Dictionary, axis: int) -> None:
        super().__init__()
        self.dictionary, self.axis = dictionary, axis
        self._latest: tuple[Tensor, Tensor] | None = None

    def forward(self, output: Tensor) -> Tensor:
        """Give the features at each place: the layer's axes, features in place of units."""
        vectors = output.movedim(self.axis, -1).float()
        read = self.dictionary.encode(vectors).movedim(-1, self.axis)
        # a node of its own: its gradient is that of setting the feature, and through the two of
        # them together none flows back into the layer
        given = read.clone() if read.requires_grad else read
        self._latest = read, given
        return given

    def follow(self, output: Any) -> Any:
        """Read features of a layer's output, and write what hooks set of them into it.

        Raises
        ------
        MismatchError
            If features are set and the dictionary has no decoder.
        """
        if not self._forward_hooks:
            return output
        tensor = first_tensor(output)
        features = self(tensor)
        assert self._latest is not None
        (read, given), self._latest = self._latest, None
        if features is given or self._says_nothing(features, read):
            return output
        written = self._written(tensor, features - read)
        return (written, *output[1:]) if isinstance(output, tuple) else written

    def _says_nothing(self, features: Tensor, read: Tensor) -> bool:
        # without a decoder nothing follows from features that are only read with their gradient
        return self.dictionary.decoder is None and torch.equal(features, read)

    def _written(self, tensor: Tensor, change: Tensor) -> Tensor:
        vectors = tensor.movedim(self.axis, -1).float()
        added = self.dictionary.change(vectors, change.movedim(self.axis, -1))
        return tensor + added.movedim(-1, self.axis).to(tensor.dtype)


def follow_with(module: nn.Module, name: str, dictionary: DictionaryLayer) -> None:
    """Put a dictionary right behind a module, as its child, in place.

    Parameters
    ----------
    module : nn.Module
        Of a copy of the network that may be changed.
    name : str
        Of the child.
    dictionary : DictionaryLayer
    """
    if not isinstance(module, _Followed):
        module.__class__ = _followed(type(module))
    module._modules[name] = dictionary


class _Followed:
    """A module with dictionaries behind it; hooks of the module itself have run before."""

    _modules: dict[str, nn.Module | None]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        output = super().__call__(*args, **kwargs)  # type: ignore[misc]
        for child in self._modules.values():
            if isinstance(child, DictionaryLayer):
                output = child.follow(output)
        return output


class _FollowedSequence(_Followed):
    """A sequence whose dictionaries are no part of what it runs."""

    def __iter__(self) -> Iterator[nn.Module | None]:
        own = self._modules.values()
        return iter([child for child in own if not isinstance(child, DictionaryLayer)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, index: int) -> nn.Module | None:
        return list(self)[index]


def _followed(kind: type[nn.Module]) -> type[nn.Module]:
    base = _FollowedSequence if issubclass(kind, nn.Sequential) else _Followed
    return type(kind.__name__, (base, kind), {"__module__": kind.__module__})
