"""How does a run keep the dictionaries whose features it holds, and give its model with them?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neurons.activations.dictionary_told import FOLDER, file_of
from neurons.activations.run import Activations
from neurons.activations.run_settings import spread_pixels
from neurons.data.images import ImageSet
from neurons.errors import MismatchError
from neurons.network.clip import Clip, load
from neurons.network.dictionary import Dictionary
from neurons.network.dictionary_attach import (
    DICTIONARY,
    RANDOM,
    check_width,
    with_dictionaries,
)
from neurons.network.dictionary_files import read_dictionary
from neurons.network.dictionary_random import random_dictionary
from neurons.network.hooks import watch
from neurons.network.layers import find_layers
from neurons.network.pooling import copy

# images on which the control is made as sparse, and what the decoder explains is measured
_N_IMAGES = 64
# places of them, drawn at random where there are more
_N_PLACES = 4096


@dataclass(frozen=True, eq=False)
class Dressed:
    """A model with dictionaries, for one scan.

    Parameters
    ----------
    clip : Clip
    dictionaries : mapping of str to Dictionary
        By the path of their features; a dictionary's control lies right behind it.
    places : mapping of str to Tensor, (places, units)
        By the same path: the layer that it reads, on some of the images.
    """

    clip: Clip
    dictionaries: Mapping[str, Dictionary]
    places: Mapping[str, Tensor]

    @property
    def paths(self) -> list[str]:
        """The layers of features, in order."""
        return list(self.dictionaries)


def dressed(
    clip: Clip,
    images: ImageSet,
    out: Path,
    dictionaries: Mapping[str, Dictionary | str | Path],
    *,
    control: bool = True,
) -> Dressed:
    """Put dictionaries, and their controls, behind the layers that they read.

    Parameters
    ----------
    clip : Clip
        Left untouched.
    images : ImageSet
        A few of them make the control as sparse as the dictionary.
    out : Path
        The run's folder: a control that lies there is taken, so that the same scan goes on.
    dictionaries : mapping of str to Dictionary, str or Path
        By the layer that they read; a path is that of their file.
    control : bool
        Whether each gets a control of random directions.

    Raises
    ------
    LayerNotFoundError
        If there is no such layer.
    MismatchError
        If a dictionary reads another number of units than the layer has.
    """
    found = {host: _opened(each) for host, each in dictionaries.items()}
    if not found:
        return Dressed(clip, {}, {})
    for layer in find_layers(clip, list(found)):
        check_width(found[layer.path], layer.path, layer.units)
    places = _places(clip, images, list(found))
    all_of_them, read = {}, {}
    for host, dictionary in found.items():
        path = f"{host}.{DICTIONARY}"
        all_of_them[path], read[path] = dictionary, places[host]
        if control:
            other = f"{host}.{RANDOM}"
            kept = _kept(out, path, other, dictionary)
            all_of_them[other] = kept or random_dictionary(dictionary, places[host])
            read[other] = places[host]
    return Dressed(with_dictionaries(clip, all_of_them), all_of_them, read)


def clip_of(run: Activations, *, device: str | torch.device | None = None) -> Clip:
    """Load a run's model, with the dictionaries whose features the run holds.

    Parameters
    ----------
    run : Activations
    device : str or torch.device, optional
        Default: a GPU where there is one.

    Returns
    -------
    Clip
    """
    return with_run_dictionaries(load(run.model_name, device=device), run)


def with_run_dictionaries(clip: Clip, run: Activations) -> Clip:
    """Give a run's model the dictionaries that the run keeps; a run without any changes nothing.

    Parameters
    ----------
    clip : Clip
        The run's model; it is left untouched.
    run : Activations

    Returns
    -------
    Clip

    Raises
    ------
    MismatchError
        If a file of a dictionary in the run was changed.
    """
    return with_kept_dictionaries(clip, run.path, run.spec.provenance)


def with_kept_dictionaries(clip: Clip, run: Path, provenance: Mapping[str, Any]) -> Clip:
    """Give a model the dictionaries in a run's folder, as its provenance tells of them.

    Raises
    ------
    MismatchError
        As `with_run_dictionaries`.
    """
    told = provenance.get(FOLDER, {})
    if not told:
        return clip
    found = {path: read_dictionary(file_of(run, path)) for path in told}
    for path, dictionary in found.items():
        if dictionary.sha256 != told[path]["sha256"]:
            raise MismatchError(
                f"{str(file_of(run, path))!r} is not the dictionary that the run was made "
                f"with; scan again"
            )
    return with_dictionaries(clip, found)


def _opened(given: Dictionary | str | Path) -> Dictionary:
    return given if isinstance(given, Dictionary) else read_dictionary(given)


def _kept(out: Path, path: str, control: str, dictionary: Dictionary) -> Dictionary | None:
    mine, other = file_of(out, path), file_of(out, control)
    if not (mine.is_file() and other.is_file()):
        return None
    return read_dictionary(other) if read_dictionary(mine).sha256 == dictionary.sha256 else None


def _places(clip: Clip, images: ImageSet, hosts: list[str]) -> dict[str, Tensor]:
    """Read layers on some images: (places, units) of each, without class tokens."""
    pixels = spread_pixels(clip, images, _N_IMAGES)
    layouts = {layer.path: layer.layout for layer in find_layers(clip, hosts)}
    read: dict[str, list[Tensor]] = {host: [] for host in hosts}
    for batch in torch.split(pixels, 16):
        with watch(clip.network, hosts, reduce=copy) as seen:
            clip.embed_images(batch)
        for host in hosts:
            maps = layouts[host].maps(seen[host])
            read[host].append(maps.movedim(1, -1).flatten(0, 2).float().cpu())
    generator = torch.Generator().manual_seed(0)
    found = {}
    for host, parts in read.items():
        whole = torch.cat(parts)
        chosen = torch.randperm(len(whole), generator=generator)[:_N_PLACES].sort().values
        found[host] = whole[chosen]
    return found
