"""How does a model get dictionaries, so that their features are units of a layer?"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

from torch import nn

from neurons.errors import MismatchError, OptionError
from neurons.network.clip import Clip
from neurons.network.dictionary import Dictionary
from neurons.network.dictionary_layer import DictionaryLayer, follow_with
from neurons.network.hooks import find_module
from neurons.network.layers import find_layers

# the child's name: visual.layer4.dictionary
DICTIONARY = "dictionary"
# of the control with random directions
RANDOM = "dictionary_random"


def with_dictionaries(clip: Clip, dictionaries: Mapping[str, Dictionary]) -> Clip:
    """Give a model with dictionaries behind its layers; the model itself is left untouched.

    Parameters
    ----------
    clip : Clip
    dictionaries : mapping of str to Dictionary
        By the path that their features get: a layer's, and a last part that begins with
        ``dictionary``, such as ``visual.layer4.dictionary``.

    Returns
    -------
    Clip
        The same weights, the same name and the same answers. ``visual.layer4.dictionary:17`` can
        be read like any unit, and set: its change goes through the decoder into the layer.

    Raises
    ------
    LayerNotFoundError
        If there is no such layer.
    MismatchError
        If a dictionary reads another number of units than the layer has.
    OptionError
        If a path ends in something else than ``dictionary...``.
    """
    hosts = {path: _host(path) for path in dictionaries}
    found = dict(zip(hosts, find_layers(clip, list(hosts.values())), strict=True))
    for path, dictionary in dictionaries.items():
        check_width(dictionary, found[path].path, found[path].units)
    network = copy.copy(clip.network)
    network._modules = dict(clip.network._modules)
    weights = {id(tensor): tensor for tensor in _tensors(clip.network)}
    network.visual = copy.deepcopy(clip.network.visual, weights)
    for path, dictionary in dictionaries.items():
        axis = found[path].layout.axes.index("c")
        layer = DictionaryLayer(dictionary.to(clip.device), axis).eval()
        follow_with(find_module(network, hosts[path]), path.rpartition(".")[2], layer)
    return replace(clip, network=network)


def check_width(dictionary: Dictionary, layer: str, units: int) -> None:
    """Refuse a dictionary that reads another number of units than a layer has.

    Raises
    ------
    MismatchError
        The message names both numbers.
    """
    if dictionary.width != units:
        raise MismatchError(
            f"the dictionary reads {dictionary.width:,} units, and {layer!r} has {units:,}; name "
            f"the layer that it was trained on"
        )


def dictionaries_of(clip: Clip) -> dict[str, Dictionary]:
    """Give the dictionaries of a model, by the path of their features."""
    return {
        path: module.dictionary
        for path, module in clip.network.named_modules()
        if isinstance(module, DictionaryLayer)
    }


def _host(path: str) -> str:
    host, _, name = path.rpartition(".")
    if not host or not name.startswith(DICTIONARY):
        raise OptionError(
            f"{path!r} is no path of features; write the layer's and .{DICTIONARY}, such as "
            f"visual.layer4.{DICTIONARY}"
        )
    return host


def _tensors(network: nn.Module) -> list[object]:
    return [*network.parameters(), *network.buffers()]
