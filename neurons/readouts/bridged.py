"""How does one model's readout read another model's rows?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.alignment.bridges import LinearMap
from neurons.data.images import ImageSet
from neurons.errors import MismatchError
from neurons.readouts.readout import Readout, Scores
from neurons.stats import Share

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class BridgedReadout:
    """A readout of one model that is used on another's rows.

    Parameters
    ----------
    class_names : tuple of str
    layer, pooling : str
        Of the source: what is to be read.
    map : LinearMap
        From the source's rows to what the readout reads.
    inner : Readout
    """

    class_names: tuple[str, ...]
    layer: str
    pooling: str
    map: LinearMap = field(repr=False)
    inner: Readout = field(repr=False)

    def decision(self, units: NDArray[np.float32]) -> Scores:
        """Give the target's scores, (images, classes), of the source's rows, (images, units)."""
        return self.inner.decision(self.map(units))


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Rows whose class a readout knows: how often does it give it to them?

    Parameters
    ----------
    readout : Readout or None
        None where nothing is asked.
    rows : ndarray of int
        Which rows of a table have a class that the readout knows.
    labels : ndarray of int, (len(rows),)
        The readout's number of each one's class.
    """

    readout: Readout | None
    rows: Rows
    labels: Rows

    @classmethod
    def of(cls, readout: Readout | None, images: ImageSet | None, indices: Rows) -> LabelledRows:
        """Find what a readout can be asked about.

        Parameters
        ----------
        readout : Readout or None
        images : ImageSet or None
            With labels.
        indices : ndarray of int, (rows,)
            Which image each row of a table is of.
        """
        if readout is None or images is None:
            return cls(None, np.empty(0, np.intp), np.empty(0, np.intp))
        places = {name: i for i, name in enumerate(readout.class_names)}
        of_class = np.array([places.get(name, -1) for name in images.class_names], np.intp)
        labels = images.require_labels()[indices]
        found = np.where(labels >= 0, of_class[labels], -1)
        rows = np.flatnonzero(found >= 0)
        return cls(readout, rows, found[rows])

    def right(self, table: NDArray[np.float32]) -> Share:
        """Count the rows that the readout gives to their class; of none if nothing is asked."""
        if self.readout is None:
            return Share(0, 0)
        answers = self.readout.decision(table[self.rows]).argmax(1)
        return Share(int((answers == self.labels).sum()), len(self.rows))

    def class_counts(self) -> tuple[int, ...]:
        """Count the rows of each class of the readout; empty if nothing is asked."""
        if self.readout is None:
            return ()
        counts = np.bincount(self.labels, minlength=len(self.readout.class_names))
        return tuple(int(each) for each in counts)


def check_readout(readout: Readout, layer: str, images: ImageSet | None = None) -> None:
    """Refuse a readout of another layer, or of other classes than the images'.

    Raises
    ------
    MismatchError
        The message says which layers or classes.
    LabelsMissingError
        If the images carry no labels.
    """
    if readout.layer != layer:
        raise MismatchError(
            f"the readout reads {readout.layer!r}, and the bridge leads to {layer!r}; take a "
            f"readout of that layer, or a bridge to the readout's"
        )
    if images is None:
        return
    images.require_labels()
    if not set(readout.class_names) & set(images.class_names):
        raise MismatchError(
            f"the readout knows none of the images' classes (it knows "
            f"{', '.join(readout.class_names[:4])}; they are {', '.join(images.class_names[:4])}); "
            f"take a readout of these classes"
        )
