"""Which class does the model name? Anything that turns units into a score per class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurons.address import EMBEDDING
from neurons.errors import OptionError
from neurons.network.clip import Clip
from neurons.readouts.prompts import PLAIN, class_directions, words_of

Scores = NDArray[np.float32]


class Readout(Protocol):
    """What reads a class off a layer: zero-shot, or a probe that was fitted.

    Attributes
    ----------
    layer : str
        A module's path, or ``embedding`` for the joint space.
    pooling : str
        ``peak`` or ``mean`` over the layer's map; the embedding has no map.
    class_names : tuple of str

    Notes
    -----
    An embedding that is read has length 1, as CLIP compares embeddings and as a probe of a run's
    embeddings is fitted.
    """

    @property
    def layer(self) -> str:
        """Where it reads."""
        ...

    @property
    def pooling(self) -> str:
        """How maps become one number per unit."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that it tells apart."""
        ...

    def decision(self, units: NDArray[np.float32]) -> Scores:
        """Give scores, (images, classes), of (images, units); the largest is the answer."""
        ...


@dataclass(frozen=True, eq=False)
class ZeroShot:
    """Cosines with the classes' sentences, times the model's logit scale; made by `zero_shot`.

    Parameters
    ----------
    class_names : tuple of str
    directions : ndarray of float32, (classes, embedding)
        Unit vectors.
    scale : float
        The model's own; a softmax of the scores gives open_clip's probabilities.
    templates : tuple of str
    """

    class_names: tuple[str, ...]
    directions: NDArray[np.float32] = field(repr=False)
    scale: float = 100.0
    templates: tuple[str, ...] = PLAIN
    layer: str = EMBEDDING
    pooling: str = "mean"

    def decision(self, units: NDArray[np.float32]) -> Scores:
        """Give scores, (images, classes), of embeddings, (images, embedding)."""
        lengths = np.linalg.norm(units, axis=1, keepdims=True)
        scores: Scores = self.scale * (units / np.maximum(lengths, 1e-12)) @ self.directions.T
        return scores


def zero_shot(
    clip: Clip,
    classes: Sequence[str] | Mapping[str, Sequence[str]],
    *,
    templates: Sequence[str] = PLAIN,
) -> ZeroShot:
    """Read classes by their names: two, a few or all of them.

    Parameters
    ----------
    clip : Clip
    classes : sequence of str, or mapping of str to sequence of str
        Names, or of each class the words for it.
    templates : sequence of str
        With one ``{}`` each; `prompts.openai` gives the 80 that are usual for ImageNet.

    Returns
    -------
    ZeroShot

    Raises
    ------
    OptionError
        If fewer than two classes are given, or two of one name.
    """
    words = dict(classes) if isinstance(classes, Mapping) else words_of(classes)
    if len(words) < 2 or len(words) != len(classes):
        raise OptionError(f"a readout tells two different classes or more; given: {list(classes)}")
    directions = class_directions(clip, words, templates=templates)
    scale = float(clip.network.logit_scale.exp())  # type: ignore[operator]
    return ZeroShot(tuple(words), directions, scale, tuple(templates))


@dataclass(frozen=True, eq=False)
class Among:
    """A readout that is asked about some of its classes only; made by `among`."""

    class_names: tuple[str, ...]
    readout: Readout
    columns: tuple[int, ...]

    @property
    def layer(self) -> str:
        """Where it reads."""
        return self.readout.layer

    @property
    def pooling(self) -> str:
        """How maps become one number per unit."""
        return self.readout.pooling

    def decision(self, units: NDArray[np.float32]) -> Scores:
        """Give the scores of these classes, (images, classes), of (images, units)."""
        return self.readout.decision(units)[:, self.columns]


def among(readout: Readout, names: Sequence[str]) -> Among:
    """Ask a readout about some of its classes, as two readouts are compared: by one question.

    Raises
    ------
    OptionError
        If it has not all of them.
    """
    return Among(tuple(names), readout, tuple(class_index(readout, name) for name in names))


def readout_provenance(readout: Readout) -> dict[str, object]:
    """Tell what a readout reads and what it chooses from, as plain values."""
    told: dict[str, object] = {
        "layer": readout.layer,
        "pooling": readout.pooling,
        "classes": list(readout.class_names),
    }
    if isinstance(readout, ZeroShot):
        told["templates"] = list(readout.templates)
    return told


def class_index(readout: Readout, name: str) -> int:
    """Find a class of a readout.

    Raises
    ------
    OptionError
        If it has none of that name.
    """
    if name not in readout.class_names:
        known = readout.class_names
        shown = ", ".join(known[:8]) + (f", ... ({len(known):,} in all)" if len(known) > 8 else "")
        raise OptionError(f"no class {name!r}; the readout's are: {shown}")
    return readout.class_names.index(name)


def log_shares(scores: Scores) -> NDArray[np.float64]:
    """Give the logarithm of the softmax of scores, row by row."""
    shifted = scores.astype(np.float64) - scores.max(1, keepdims=True)
    found: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return found


def shares(scores: Scores) -> NDArray[np.float64]:
    """Give the softmax of scores, row by row: what is shown beside an answer."""
    found: NDArray[np.float64] = np.exp(log_shares(scores))
    return found
