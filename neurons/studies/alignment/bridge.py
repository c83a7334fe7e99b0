"""Can what is known of one model be used on another, through a linear map of its rows?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.bridge_blocks import Judged, bridge_dots, bridge_table
from neurons.activations.common_tables import (
    CommonTables,
    check_images_of_first,
    common_tables,
)
from neurons.activations.fitted_bridges import (
    RIDGE,
    BridgeOutcome,
    fitted_bridges,
)
from neurons.activations.run import Activations
from neurons.activations.run_system import RunSystem
from neurons.address import EMBEDDING
from neurons.alignment.bridges import lossless_width
from neurons.data.images import ImageSet
from neurons.data.systems import System
from neurons.errors import MismatchError, OptionError
from neurons.readouts.bridged import BridgedReadout, LabelledRows, check_readout
from neurons.readouts.chance import near_chance
from neurons.readouts.readout import Readout
from neurons.results.blocks import Block, Note
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import Share

Progress = Callable[[int, int], None]

_ALPHA = 0.05
_FEWEST_PERMUTATIONS = 20
# of a random projection, at most
_WIDTH = 256


def bridge(
    source: Activations | System,
    target: Activations | System,
    layer: str = EMBEDDING,
    *,
    target_layer: str | None = None,
    through: Sequence[Activations | System] = (),
    readout: Readout | None = None,
    images: ImageSet | None = None,
    width: int | None = None,
    n_images: int | None = None,
    n_permutations: int = 20,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Bridges:
    """Fit linear maps from one system's rows to another's, and use the other's readout on them.

    Half of the common images fits the maps. On the other half each map is judged by the variance
    of the target that it explains, and by how often the target's own readout, such as its
    zero-shot sentences, gives a mapped row its class. The same with images in another order is the
    control.

    Parameters
    ----------
    source : Activations or System
        A run, or an array.
    target : Activations or System
        Another on the same images; joined by ids.
    layer : str
        Of the source. Default: the image embeddings.
    target_layer : str, optional
        Of the target. Default: the same.
    through : sequence of Activations or System
        Further systems on the same images, at the target's layer: hyperalignment turns all of them
        into one space.
    readout : Readout, optional
        Of the target's layer: `zero_shot`, or a probe of the target.
    images : ImageSet, optional
        The source's images, with labels: needed to count right answers.
    width : int >= 1, optional
        Of the random projection. Default: half of the narrower layer, at most 256.
    n_images : int, optional
        Of more common images, so many are drawn.
    n_permutations : int >= 20
    seed : int
    progress : callable
        Takes how many of how many fits are done.

    Returns
    -------
    Bridges

    Raises
    ------
    LayerNotFoundError, MismatchError
        As `common_tables`; or if the readout is of another layer, or knows none of the classes.
    LabelsMissingError
        If a readout is given, and images without labels.
    StaleActivationsError
        If the images are not those of the source.
    OptionError
        If a number is out of range, a readout is given without images, or images of responses.

    Notes
    -----
    A map that explains little of the variance may carry the classes, and one that explains much
    may lose them: what a readout needs can be a small part of a layer.
    """
    if n_permutations < _FEWEST_PERMUTATIONS or (width is not None and width < 1):
        raise OptionError(
            f"{n_permutations} permutations, a width of {width}: give {_FEWEST_PERMUTATIONS} or "
            f"more, and 1 or more"
        )
    check_images_of_first(source, images)
    onto = target_layer or layer
    if readout is not None:
        if images is None:
            raise OptionError("a readout is judged by labels: give the source's images with it")
        check_readout(readout, onto, images)
    if isinstance(target, Activations) and readout is not None:
        target = RunSystem(target, readout.pooling)
    both = common_tables(
        (source, target, *through),
        (layer, onto, *(onto for _ in through)),
        n_images=n_images,
        labels=None if images is None else images.labels,
        seed=seed,
    )
    testing, first = both.halves.testing, both.common.sides[0]
    asked, width = LabelledRows.of(readout, images, first.rows[testing]), width or _width(both)
    outcomes = fitted_bridges(
        both, asked, width=width, n_permutations=n_permutations, seed=seed, progress=progress
    )
    system = first.system
    pooling = "none"
    if isinstance(system, RunSystem) and layer != EMBEDDING:
        pooling = system.pooling
    return Bridges(
        provenance=both.provenance(),
        names=both.names,
        layers=both.layers,
        pooling=pooling,
        n_units=tuple(table.shape[1] for table in both.tables),
        units=both.units[0],
        n_fitting=len(both.halves.fitting),
        n_testing=len(testing),
        outcomes=outcomes,
        width=width,
        lossless=lossless_width(len(both.common)),
        n_permutations=n_permutations,
        own=asked.right(both.tables[1][testing]),
        class_names=() if readout is None else readout.class_names,
        class_counts=asked.class_counts(),
        told=both.told,
    )


@dataclass(frozen=True)
class Bridges(Result):
    """Linear maps from one system to another, judged on images that did not fit them.

    Parameters
    ----------
    names, layers : tuple of str
        Source, target, and those that hyperalignment went through.
    pooling : str
        Of the source: ``peak``, ``mean``, or ``none``.
    n_units : tuple of int
    units : ndarray of int, (units of the source,)
        Which units of the source's layer a map takes: those that are finite on every image.
    n_fitting, n_testing : int
    outcomes : tuple of BridgeOutcome
    width, lossless : int
        Of the random projection; and the width that would keep all squared distances of so many
        images within 10 %.
    n_permutations : int
    own : Share
        Images that the target's readout gives to their class by the target's own rows.
    class_names : tuple of str
    class_counts : tuple of int
        Testing images of each class; empty without a readout.
    told : str
        What was left out.
    """

    names: tuple[str, ...]
    layers: tuple[str, ...]
    pooling: str
    n_units: tuple[int, ...]
    units: NDArray[np.intp]
    n_fitting: int
    n_testing: int
    outcomes: tuple[BridgeOutcome, ...]
    width: int
    lossless: int
    n_permutations: int
    own: Share
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    told: str = ""

    def outcome(self, method: str) -> BridgeOutcome:
        """Find a map by its method.

        Raises
        ------
        OptionError
            If there is none.
        """
        for each in self.outcomes:
            if each.method == method:
                return each
        known = ", ".join(each.method for each in self.outcomes)
        raise OptionError(f"no bridge by {method!r}; there are: {known}")

    def rows_of(self, run: Activations, method: str = RIDGE) -> NDArray[np.float32]:
        """Map a run of the source's model, also one on other images: (images, target's units).

        Raises
        ------
        LayerNotFoundError
            If the run does not hold the source's layer.
        MismatchError
            If it is of another model.
        """
        own = self.provenance["system 1"].get("model", {}).get("weights_sha256")
        if run.spec.provenance.get("model", {}).get("weights_sha256") != own:
            raise MismatchError(
                f"run {str(run.path)!r} is of {run.model_name!r}, and the bridge leads from "
                f"{self.names[0]!r}: their weights differ; take a run of that model"
            )
        pooling = self.pooling if self.pooling != "none" else "peak"
        system = RunSystem(run, pooling)
        rows = system.read(self.layers[0], np.arange(run.spec.n_images))
        return self.outcome(method).map(rows[:, self.units])

    def readout(self, readout: Readout, method: str = RIDGE) -> BridgedReadout:
        """Let the target's readout, or a probe of it, read the source's layer.

        Raises
        ------
        MismatchError
            If it reads another layer than the bridge leads to.
        """
        check_readout(readout, self.layers[1])
        pooling = self.pooling if self.pooling != "none" else readout.pooling
        found = self.outcome(method).map
        return BridgedReadout(readout.class_names, self.layers[0], pooling, found, readout)

    @property
    def title(self) -> str:
        """Both systems."""
        return f"Bridge: {self.names[0]} {self.layers[0]} to {self.names[1]} {self.layers[1]}"

    @property
    def main(self) -> BridgeOutcome:
        """The ridge: which map is told of first does not depend on what the testing images say."""
        return self.outcome(RIDGE)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the numbers of the ridge beside its controls."""
        main = self.main
        right = (
            (f"right by {main.method}", str(main.right)),
            ("right by the target itself", str(self.own)),
            ("right with permuted images", f"{np.mean(main.right_permuted):.3f}"),
        )
        return (
            ("images", f"{self.n_fitting:,} fit, {self.n_testing:,} test"),
            *(right if self.class_counts else ()),
            (f"R2 by {main.method}", f"{main.r2:.2f}"),
            ("R2 with permuted images", f"{main.r2_permuted:.2f}"),
        )

    def verdict(self) -> str:
        """Say what is carried; first, if so, that nothing is, or that the target knows nothing."""
        main = self.main
        r2 = (
            f"R2 on {self.n_testing:,} images that did not fit it is {main.r2:.2f} "
            f"({main.interval.low:.2f} to {main.interval.high:.2f}), with permuted images "
            f"{main.r2_permuted:.2f}"
        )
        if not self.class_counts:
            if main.p_r2 > _ALPHA or main.interval.low <= 0:
                return f"The bridge carries nothing: by {main.method} {r2}. {self.told}".rstrip()
            return (
                f"The bridge carries a part of the variance: by {main.method} {r2}. {self.told}"
            ).rstrip()
        permuted = f"with permuted images {np.mean(main.right_permuted):.3f}"
        itself = f"the target itself is right on {self.own}"
        weak = near_chance(self.own, self.class_counts, self.class_names)
        if weak:
            return (
                f"This bridge cannot be judged by classes, since its target does not know them: "
                f"{itself}. By {main.method} {r2}. {self.told}"
            ).rstrip()
        answers = f"by {main.method}, {self.names[1]}'s readout is right on {main.right}"
        if main.p_right > _ALPHA or near_chance(main.right, self.class_counts):
            return (
                f"The bridge carries next to none of the classes: {answers} of the rows of "
                f"{self.names[0]}, {permuted}; {itself}. {r2}. {self.told}"
            ).rstrip()
        how = " in part" if main.right.interval.high < self.own.interval.low else ""
        return (
            f"{self.names[0]} can be read by {self.names[1]}'s readout{how}: {answers} of its "
            f"rows, {permuted}; {itself}. {r2}. {self.told}"
        ).rstrip()

    def blocks(self) -> tuple[Block, ...]:
        """Show every map beside its controls."""
        through = (
            f"Hyperalignment: rotations into one space, with {', '.join(self.names[2:])}."
            if self.names[2:]
            else "Hyperalignment of two systems is Procrustes; give others to go through."
        )
        promised = (
            f"The random projection has {self.width:,} dimensions; from {self.lossless:,} on it "
            f"would keep all squared distances of these images within 10 % (Johnson-Lindenstrauss)."
        )
        kinds = (
            "Procrustes: a rotation and one scale. Ridge: any matrix, shrunk as generalised "
            "cross-validation on the fitting images says."
        )
        judged = None
        if self.class_counts:
            judged = Judged(self.names[1], self.own, self.class_counts)
        note = f"On {self.n_testing:,} images; {self.n_fitting:,} others fitted the maps."
        dots = bridge_dots(self.outcomes, judged)
        drawn = bridge_table(self.outcomes, judged, self.n_permutations, note)
        return (dots, drawn, Note(f"{kinds} {through} {promised}"))

    def rows(self) -> Sequence[Row]:
        """One row per map."""
        return [
            {
                "method": each.method,
                "r2": each.r2,
                "r2_low": each.interval.low,
                "r2_high": each.interval.high,
                "r2_permuted": each.r2_permuted,
                "p_r2": each.p_r2,
                "n": self.n_testing,
                **self._right(each),
            }
            for each in self.outcomes
        ]

    def _right(self, each: BridgeOutcome) -> Mapping[str, object]:
        if not self.class_counts:
            return {}
        return {
            "right": each.right,
            "right_permuted": float(np.mean(each.right_permuted)),
            "p_right": each.p_right,
            "own": self.own,
            "largest_class": max(self.class_counts) / sum(self.class_counts),
        }


def _width(both: CommonTables) -> int:
    """Halve the narrower layer, or more."""
    narrower = min(int(table.shape[1]) for table in both.tables[:2])
    return max(1, min(_WIDTH, narrower // 2))
