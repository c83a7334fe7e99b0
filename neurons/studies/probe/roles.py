"""Which classes does a unit serve, and what does each lose without it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.data.split import TEST
from neurons.errors import OptionError
from neurons.readouts.probe import Probe
from neurons.results.blocks import Bars, Block, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.sparse.features import take_rows

_SHOWN = 16


@dataclass(frozen=True)
class Role:
    """A unit's role in a class.

    Parameters
    ----------
    name : str
    weight : float
        Logit per standard deviation of the unit.
    n_test : int
        Test images of the class.
    n_right, n_without : int
        Given to the class by the probe, and by the probe with the unit at zero.
    """

    name: str
    weight: float
    n_test: int
    n_right: int
    n_without: int


@dataclass(frozen=True)
class Roles(Result):
    """The classes for which a unit has a weight.

    Parameters
    ----------
    neuron : str
    roles : tuple of Role
        The largest positive weights first, negative ones last.
    n_right, n_without, n_test : int
        All test images, as in `Role`.
    """

    neuron: str
    roles: tuple[Role, ...]
    n_right: int
    n_without: int
    n_test: int

    @property
    def title(self) -> str:
        """The neuron's address."""
        return self.neuron

    @property
    def n_for(self) -> int:
        """Classes where it has a positive weight."""
        return sum(role.weight > 0 for role in self.roles)

    @property
    def n_against(self) -> int:
        """Classes where it has a negative weight."""
        return sum(role.weight < 0 for role in self.roles)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Classes for and against, and how many test images are right with it and without."""
        return (
            ("classes for", f"{self.n_for:,}"),
            ("classes against", f"{self.n_against:,}"),
            ("test images", f"{self.n_test:,}"),
            ("right", f"{self.n_right:,}"),
            ("right without it", f"{self.n_without:,}"),
        )

    def verdict(self) -> str:
        """Say how many classes it serves, and what the probe loses without it."""
        if not self.roles:
            return f"{self.neuron} serves no class: the probe gives it no weight."
        return (
            f"{self.neuron} speaks for {self.n_for} classes and against {self.n_against}. At "
            f"zero, the probe gets {self.n_without:,} of {self.n_test:,} test images right, "
            f"before {self.n_right:,}."
        )

    def rows(self) -> Sequence[Row]:
        """One row per class where it has a weight, the largest first."""
        return [
            {
                "neuron": self.neuron,
                "class": role.name,
                "weight": role.weight,
                "n_test": role.n_test,
                "n_right": role.n_right,
                "n_without": role.n_without,
            }
            for role in self.roles
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Draw weights as bars and what each class loses; nothing if it serves none."""
        if not self.roles:
            return ()
        shown = self.roles if len(self.roles) <= _SHOWN else self._ends()
        return (
            Bars(
                "The classes that it serves",
                tuple(role.name for role in shown),
                tuple(role.weight for role in shown),
                "logit per standard deviation",
                reference=0.0,
            ),
            Table(
                "What each class loses without it",
                ("class", "weight", "right", "right without it", "of"),
                tuple(
                    (
                        role.name,
                        f"{role.weight:+.3f}",
                        f"{role.n_right:,}",
                        f"{role.n_without:,}",
                        f"{role.n_test:,}",
                    )
                    for role in shown
                ),
                "Test images. The probe reads this layer, so a unit at zero there is a zero in the "
                "probe; what the rest of the network loses is another question: see a class's "
                "causal check.",
            ),
        )

    def _ends(self) -> tuple[Role, ...]:
        return (*self.roles[: _SHOWN * 3 // 4], *self.roles[-_SHOWN // 4 :])


def roles(probe: Probe, run: Activations, images: ImageSet, neuron: Neuron | str) -> Roles:
    """Tell which classes a unit serves.

    Parameters
    ----------
    probe : Probe
    run : Activations
        The one that was probed.
    images : ImageSet
        Those of the run.
    neuron : Neuron or str
        Or its address; of the layer that was probed.

    Raises
    ------
    OptionError
        If the probe reads another layer.
    NeuronNotFoundError
        If the layer has no such unit.
    AddressError
        If a string is no neuron's address.
    StaleActivationsError
        If the images are others than the run's.
    """
    _check_layer(probe, Neuron.of(neuron))
    run.check(neuron)
    return ProbeRoles(probe, run, images).of(neuron)


class ProbeRoles:
    """A probe and its test images, read once for the roles of many units.

    Parameters
    ----------
    probe, run, images
        As `roles` takes them.

    Attributes
    ----------
    layer : str
        That the probe reads.
    """

    def __init__(self, probe: Probe, run: Activations, images: ImageSet) -> None:
        run.check_images(images)
        self.layer = probe.layer
        self._probe, self._run = probe, run
        values, _ = run.pooled(probe.layer, probe.pooling)
        tested = np.flatnonzero(probe.split == TEST)
        self._units = take_rows(values, tested).astype(np.float32)
        self._truth = probe.labels_of(images)[tested]
        self._logits = probe.decision(self._units)

    def of(self, neuron: Neuron | str) -> Roles:
        """Tell which classes a unit serves; raises as `roles`."""
        neuron = Neuron.of(neuron)
        _check_layer(self._probe, neuron)
        self._run.check(neuron)
        probe, truth, logits = self._probe, self._truth, self._logits
        without = logits - np.outer(self._units[:, neuron.unit], probe.weights[:, neuron.unit])
        right, kept = logits.argmax(1) == truth, without.argmax(1) == truth
        weights = probe.standardised[:, neuron.unit]
        used = np.flatnonzero(weights)
        found = [
            Role(
                probe.class_names[k],
                float(weights[k]),
                int((truth == k).sum()),
                int(right[truth == k].sum()),
                int(kept[truth == k].sum()),
            )
            for k in used[np.argsort(-weights[used], kind="stable")]
        ]
        return Roles(
            provenance={"probe": probe.provenance},
            neuron=str(neuron),
            roles=tuple(found),
            n_right=int(right.sum()),
            n_without=int(kept.sum()),
            n_test=len(truth),
        )


def _check_layer(probe: Probe, neuron: Neuron) -> None:
    if neuron.layer != probe.layer:
        raise OptionError(f"the probe reads {probe.layer}, not {neuron.layer}; name a unit of it")
