"""Which classes does a unit serve, and what does each lose without it?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.data.split import TEST
from neurons.errors import OptionError
from neurons.readouts.probe import Probe
from neurons.results.blocks import Bars, Block, Note, Table
from neurons.results.result import Result
from neurons.sparse.features import take_rows

_SHOWN = 16


@dataclass(frozen=True)
class Role:
    """A unit's role in a class.

    Parameters
    ----------
    name : str
    weight : float
        Logit a standard deviation of the unit.
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
    """The classes where a unit weighs.

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

    def blocks(self) -> tuple[Block, ...]:
        """Weights as bars; what each class loses."""
        if not self.roles:
            return (Note(f"{self.neuron} serves no class: the probe gives it no weight."),)
        shown = self.roles if len(self.roles) <= _SHOWN else self._ends()
        return (
            Note(
                f"{self.neuron} speaks for {sum(r.weight > 0 for r in self.roles)} classes and "
                f"against {sum(r.weight < 0 for r in self.roles)}. At zero, the probe gets "
                f"{self.n_without:,} of {self.n_test:,} test images right, before {self.n_right:,}."
            ),
            Bars(
                "The classes that it serves",
                tuple(role.name for role in shown),
                tuple(role.weight for role in shown),
                "logit a standard deviation",
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


def roles(probe: Probe, run: Activations, images: ImageSet, neuron: Neuron) -> Roles:
    """Tell which classes a unit serves.

    Parameters
    ----------
    probe : Probe
    run : Activations
        The one that was probed.
    images : ImageSet
        Those of the run.
    neuron : Neuron
        Of the layer that was probed.

    Raises
    ------
    OptionError
        If the probe reads another layer.
    NeuronNotFoundError
        If the layer has no such unit.
    StaleActivationsError
        If the images are others than the run's.
    """
    if neuron.layer != probe.layer:
        raise OptionError(f"the probe reads {probe.layer}, not {neuron.layer}; name a unit of it")
    run.check(neuron)
    run.check_images(images)
    values, _ = run.pooled(probe.layer, probe.pooling)
    tested = np.flatnonzero(probe.parts == TEST)
    units = take_rows(values, tested).astype(np.float32)
    truth = probe.labels_of(images)[tested]
    logits = probe.decision(units)
    without = logits - np.outer(units[:, neuron.unit], probe.weights[:, neuron.unit])
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
