"""Which numbers of several systems stand beside each other: a layer of each, on common images?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.activations.common_halves import CommonHalves, common_halves
from neurons.activations.common_images import CommonImages, common_images
from neurons.activations.run import Activations
from neurons.activations.run_system import RunSystem
from neurons.data.images import ImageSet
from neurons.data.systems import System
from neurons.errors import MismatchError, OptionError

# below, either half is too small for an interval
FEWEST_COMMON = 16


@dataclass(frozen=True, eq=False)
class CommonTables:
    """A layer of several systems on their common images: row i of each table is image i.

    Parameters
    ----------
    common : CommonImages
    halves : CommonHalves
        Which of them are fitted, and which are judged.
    layers : tuple of str
        One per system.
    tables : tuple of ndarray of float32, (images, units of each)
        Only units that are finite on every image.
    units : tuple of ndarray of int, (units of each,)
        Their numbers in the layer.
    told : str
        What was left out, in sentences; empty if nothing.
    """

    common: CommonImages
    halves: CommonHalves
    layers: tuple[str, ...]
    tables: tuple[NDArray[np.float32], ...]
    units: tuple[NDArray[np.intp], ...]
    told: str

    @property
    def names(self) -> tuple[str, ...]:
        """Name each system, as `CommonImages.names`."""
        return self.common.names

    def provenance(self) -> dict[str, Any]:
        """Tell what is compared on what, as plain values."""
        return {**self.common.provenance(), "layers": list(self.layers)}


def check_images_of_first(first: Activations | System, images: ImageSet | None) -> None:
    """Refuse images that are not those of the first system, whose rows they are looked up by.

    Parameters
    ----------
    first : Activations or System
    images : ImageSet or None
        None is never refused.

    Raises
    ------
    OptionError
        If the first system is no run.
    StaleActivationsError
        If they are other images than the run's.
    """
    if images is None:
        return
    run = first.run if isinstance(first, RunSystem) else first
    if not isinstance(run, Activations):
        raise OptionError(
            "images are those of a run, and the first system is responses: give a run first, or no "
            "images"
        )
    run.check_images(images)


def common_tables(
    systems: Sequence[System | Activations],
    layers: Sequence[str],
    *,
    n_images: int | None = None,
    labels: NDArray[np.integer] | None = None,
    seed: int = 0,
) -> CommonTables:
    """Read a layer of each system on the images that all of them have.

    Parameters
    ----------
    systems : sequence of System or Activations
        One or more; no system twice with the same layer.
    layers : sequence of str
        One for each system.
    n_images : int, optional
        Of more common images, so many are drawn at random. Default: all.
    labels : ndarray of int, optional
        The class of each image of the first system: half of each class is fitted.
    seed : int
        Of the draw and of the halves.

    Returns
    -------
    CommonTables

    Raises
    ------
    LayerNotFoundError
        If a system does not hold its layer.
    MismatchError
        If a system is given twice, or fewer than 16 images are in common.
    OptionError
        If fewer images are asked for.
    """
    found = [RunSystem(each) if isinstance(each, Activations) else each for each in systems]
    for system, layer in zip(found, layers, strict=True):
        system.units(layer)
    _check_not_twice(found, layers)
    if n_images is not None and n_images < FEWEST_COMMON:
        raise OptionError(f"{n_images:,} images are too few; take {FEWEST_COMMON} or more")
    common, told = common_images(*found, fewest=FEWEST_COMMON), ""
    if n_images is not None and n_images < len(common):
        drawn = np.random.default_rng(seed).choice(len(common), n_images, replace=False)
        told = f"{n_images:,} of {len(common):,} common images were drawn at random. "
        common = common.part(np.sort(drawn))
    strata = None if labels is None else labels[common.sides[0].rows]
    lost = dict.fromkeys(s.told_left_out([k]) for s, k in zip(common.sides, layers, strict=True))
    return CommonTables(
        common,
        common_halves(common, strata, seed=seed),
        tuple(layers),
        tuple(side.whole(layer) for side, layer in zip(common.sides, layers, strict=True)),
        tuple(side.units(layer) for side, layer in zip(common.sides, layers, strict=True)),
        common.told + told + "".join(lost),
    )


def _check_not_twice(systems: Sequence[System], layers: Sequence[str]) -> None:
    for i, layer in enumerate(layers):
        for j in range(i):
            if layers[j] == layer and systems[j].provenance() == systems[i].provenance():
                raise MismatchError(
                    f"{systems[j].told} and {systems[i].told} are the same model, images and layer "
                    f"({layer!r}): what is compared with itself agrees; give another run or layer"
                )
