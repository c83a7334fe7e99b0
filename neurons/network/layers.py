"""Which layers can be watched, and what are their units?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from neurons.errors import LayerNotFoundError, OptionError
from neurons.network.clip import Clip
from neurons.network.dictionary_layer import DictionaryLayer
from neurons.network.hooks import find_module
from neurons.network.layout import Layout
from neurons.network.survey import survey


@dataclass(frozen=True)
class Layer:
    """A module whose output has units.

    Parameters
    ----------
    path : str
        As ``named_modules`` spells it.
    kind : str
        The module's class.
    units : int
    layout : Layout
    is_block : bool
        True for modules made of modules: stages, blocks, MLPs.
    """

    path: str
    kind: str
    units: int
    layout: Layout
    is_block: bool


@dataclass(frozen=True)
class _Listed:
    layers: tuple[Layer, ...]
    why_not: dict[str, str]


# a model's modules stay what they are: it is asked once
_known: WeakKeyDictionary[Clip, _Listed] = WeakKeyDictionary()


def layers(clip: Clip) -> tuple[Layer, ...]:
    """List the layers that run when an image is embedded, in the order in which they finish.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    tuple of Layer
        Of each, row i of the output belongs to image i and to no other: that is tried with two
        and with three images. Modules that run more than once in a pass are left out, since their
        output has no single meaning; so are those whose output is neither maps, tokens nor
        vectors, and tokens that have no place on the image, such as learned queries. The list is
        made once: after a change of a network's modules make another `Clip` of it.
    """
    return _listed(clip).layers


def find_layers(clip: Clip, paths: Sequence[str]) -> tuple[Layer, ...]:
    """Find layers by path, in the order asked.

    Raises
    ------
    LayerNotFoundError
        If a path is unknown (the nearest are named), or is a module without units; the message
        says why it has none.
    """
    for path in paths:
        find_module(clip.network, path)
    listed = _listed(clip)
    known = {layer.path: layer for layer in listed.layers}
    for path in paths:
        if path not in known:
            why = listed.why_not.get(path, "it does not run then")
            raise LayerNotFoundError(
                f"{path!r} is a module, but gives no units when an image is embedded: {why}; "
                f"`neurons layers` lists those that do"
            )
    return tuple(known[path] for path in paths)


def stages(clip: Clip, *, most: int = 4) -> tuple[str, ...]:
    """Give blocks of one kind, evenly over a network's depth: `layer1` to `layer4` of a ResNet.

    Parameters
    ----------
    clip : Clip
    most : int >= 1

    Raises
    ------
    OptionError
        If the model has no blocks with maps.
    """
    placed = _placed(clip)
    several = [row for row in _numbered(placed).values() if len(row) >= 3]
    if several:
        # the outermost; of two the later, since stages come after a stem
        found = min(reversed(several), key=_depth_of_row)
    else:
        found = [path for row in _tower(placed) for path in row]
    chosen = np.unique(np.linspace(0, len(found) - 1, most).round().astype(int))
    return tuple(found[i] for i in chosen)


def last_block(clip: Clip) -> str:
    """Give the path of the deepest block whose units have a place: `layer4` of a ResNet.

    Raises
    ------
    OptionError
        If the model has none.
    """
    return _placed(clip)[-1]


def middle_blocks(clip: Clip) -> tuple[str, ...]:
    """Give the blocks in the middle of a network: those of a ResNet's `layer3`.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    tuple of str
        Of a tower in stages (ResNet, ConvNeXt, Swin, FastViT) the blocks of the stage after its
        half; of one without (a ViT) the middle third of its blocks.

    Raises
    ------
    OptionError
        If the model has no blocks with maps.
    """
    rows = _tower(_placed(clip))
    if len(rows) > 1:
        return tuple(rows[len(rows) // 2])
    third = max(1, len(rows[0]) // 3)
    return tuple(rows[0][third : 2 * third + 1] or rows[0])


def _listed(clip: Clip) -> _Listed:
    if clip not in _known:
        found = survey(clip)
        listed = []
        for path, surveyed in found.layouts.items():
            module = find_module(clip.network, path)
            is_block = any(not isinstance(child, DictionaryLayer) for child in module.children())
            kind = type(module).__name__
            listed.append(Layer(path, kind, surveyed.units, surveyed.layout, is_block))
        _known[clip] = _Listed(tuple(listed), found.why_not)
    return _known[clip]


def _numbered(paths: Sequence[str]) -> dict[str, list[str]]:
    """Give paths that end in a number, in rows that differ in nothing else."""
    rows: dict[str, list[str]] = {}
    for path in paths:
        name = re.sub(r"\d+$", "#", path)
        if name != path:
            rows.setdefault(name, []).append(path)
    return rows


def _tower(placed: Sequence[str]) -> list[list[str]]:
    """Give the blocks of a tower, the largest there is, stage by stage."""
    towers: dict[str, list[list[str]]] = {}
    for name, row in _numbered(placed).items():
        # the rows of a tower's stages differ in the stage's number only
        towers.setdefault(re.sub(r"\d+", "#", name), []).append(row)
    if not towers:
        return [[placed[-1]]]
    return max(towers.values(), key=lambda rows: (sum(map(len, rows)), len(rows)))


def _depth_of_row(row: Sequence[str]) -> int:
    return max(path.count(".") for path in row)


def _placed(clip: Clip) -> list[str]:
    placed = [
        layer.path
        for layer in layers(clip)
        if layer.is_block and layer.layout.height * layer.layout.width > 1
    ]
    if not placed:
        raise OptionError(f"{clip.name} has no block with maps; name a layer; see `neurons layers`")
    return placed
