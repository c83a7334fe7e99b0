"""Can a facet (a face, writing, a logo) be told from other images in the middle of the network?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from neurons.data.images import ImageSet
from neurons.data.loading import batches_of, load_batch
from neurons.errors import LabelsMissingError, OptionError
from neurons.network.clip import Clip
from neurons.network.engine import open_engine
from neurons.network.layers import Layer, find_layers, middle_blocks
from neurons.results.blocks import Block, Table
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import auc

_FOLDS = 5
_FEWEST = 2 * _FOLDS
_AUC_NEEDED = 0.7
_BATCH = 64


def facet_probes(
    clip: Clip,
    images: ImageSet,
    *,
    by: str | None = None,
    layer_paths: Sequence[str] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> FacetProbes:
    """Train a linear probe for each facet on a network's middle layers.

    Parameters
    ----------
    clip : Clip
    images : ImageSet
        Images of every facet: each is told from all the others. Those without a value belong to
        none, and are what a facet is told from.
    by : str, optional
        The column that names the facet; default: the label.
    layer_paths : sequence of str, optional
        Default: the blocks in the middle, such as those of ``visual.layer3``, or the middle third
        of a ViT's; see `network.layers.middle_blocks`.
    seed : int
        Divides the images into folds.
    progress : callable
        Takes the number of images done, and of all.

    Returns
    -------
    FacetProbes

    Raises
    ------
    OptionError
        If there are fewer than two facets or too few images of one, or a probe cannot tell its
        facet on held-out images: then its pictures would mean nothing.
    LabelsMissingError
        If the images do not tell which facet they show.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021, appendix
    "Faceted feature visualization": probes on intermediate layers, against generic images.
    """
    found = find_layers(clip, middle_blocks(clip) if layer_paths is None else layer_paths)
    features, read = _features(clip, images, found, progress)
    values = np.array(_facets(images, by))[read]
    names = sorted({str(value) for value in values if value})
    if len(names) < 2 and all(values):
        raise OptionError(
            f"{images.name!r} shows {len(names)} facet and nothing else: a facet is told from "
            f"other images; add a folder of them"
        )
    fitted = [_fit(name, features, values == name, seed) for name in names]
    facets = tuple(facet for facet, _ in fitted)
    _check_told(facets)
    return FacetProbes(
        provenance={"model": clip.provenance(), "images": images.provenance()},
        layers=tuple(layer.path for layer in found),
        sizes=tuple(layer.units for layer in found),
        n_images=len(read),
        facets=facets,
        values=np.stack([weights for _, weights in fitted]).astype(np.float32),
    )


@dataclass(frozen=True)
class Facet:
    """A facet, and how well its probe tells it on images that it was not trained on.

    Parameters
    ----------
    name : str
    n : int
        Images that show it.
    auc : float in [0, 1]
        Of five folds; 0.5 is chance.
    low, high : float
        DeLong's 95 % interval.
    """

    name: str
    n: int
    auc: float
    low: float
    high: float


@dataclass(frozen=True)
class FacetProbes(Result):
    """Probes that tell facets in a network's middle layers.

    Parameters
    ----------
    layers : tuple of str
    sizes : tuple of int
        Units of each layer.
    n_images : int
    facets : tuple of Facet
    values : ndarray of float32, (facets, units of all layers)
        Weights of raw mean activations, each facet's of mean square 1.
    """

    layers: tuple[str, ...]
    sizes: tuple[int, ...]
    n_images: int
    facets: tuple[Facet, ...]
    values: NDArray[np.float32]

    def weights(self) -> Mapping[str, Mapping[str, Tensor]]:
        """Give the weights of each facet, (units,) by layer: what `faceted` takes."""
        cuts = np.cumsum(self.sizes)[:-1]
        return {
            facet.name: {
                layer: torch.from_numpy(part.copy())
                for layer, part in zip(self.layers, np.split(row, cuts), strict=True)
            }
            for facet, row in zip(self.facets, self.values, strict=True)
        }

    @property
    def title(self) -> str:
        """The facets that were told apart."""
        return f"Facets: {', '.join(facet.name for facet in self.facets)}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Images, facets and layers."""
        return (
            ("images", f"{self.n_images:,}"),
            ("facets", f"{len(self.facets):,}"),
            ("layers", f"{len(self.layers):,}"),
        )

    def verdict(self) -> str:
        """Say how well the facet that is told worst is told."""
        worst = min(self.facets, key=lambda facet: facet.auc)
        return (
            f"Each of {len(self.facets)} facets can be told from the other images on held-out "
            f"folds; the least clear, {worst.name!r}, with an AUC of {worst.auc:.3f} "
            f"({worst.low:.3f} to {worst.high:.3f}; 0.5 is chance)."
        )

    def rows(self) -> Sequence[Row]:
        """One row per facet."""
        return self.facets

    def blocks(self) -> tuple[Block, ...]:
        """Draw one table."""
        rows = tuple(
            (f.name, f"{f.n:,}", f"{f.auc:.3f}", f"{f.low:.3f} to {f.high:.3f}")
            for f in self.facets
        )
        return (
            Table(
                "Facets that the probes can tell",
                ("facet", "images", "AUC", "95 % interval"),
                rows,
                f"On held-out folds of {self.n_images:,} images, at {', '.join(self.layers)}. A "
                f"probe that tells a facet need not look at what people would.",
            ),
        )


def _fit(
    name: str, features: NDArray[np.float32], shown: NDArray[np.bool_], seed: int
) -> tuple[Facet, NDArray[np.float64]]:
    """Judge a facet's probe on held-out folds, and give its weights when fitted to all images."""
    if min(shown.sum(), (~shown).sum()) < _FEWEST:
        raise OptionError(
            f"facet {name!r} has {int(shown.sum())} of {len(shown)} images; a probe needs "
            f"{_FEWEST} with and {_FEWEST} without"
        )
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    scores = cross_val_predict(_probe(), features, shown, cv=folds, method="decision_function")
    area, interval = auc(scores[shown], scores[~shown])
    fitted = _probe().fit(features, shown)
    # the scaler's part of the weights: how much a raw activation counts
    raw = fitted[-1].coef_[0] / fitted[0].scale_
    facet = Facet(name, int(shown.sum()), area, interval.low, interval.high)
    return facet, raw / np.sqrt(np.mean(raw**2))


def _check_told(facets: Sequence[Facet]) -> None:
    weak = [facet for facet in facets if facet.low < _AUC_NEEDED]
    if weak:
        told = "; ".join(f"{f.name}: AUC {f.auc:.2f} ({f.low:.2f} to {f.high:.2f})" for f in weak)
        raise OptionError(
            f"cannot tell these facets from the other images, so their pictures would mean "
            f"nothing: {told}; needed is {_AUC_NEEDED} and more; give more or clearer images, or "
            f"leave them out"
        )


def _facets(images: ImageSet, by: str | None) -> list[str]:
    if by is not None:
        return ["" if value is None else str(value) for value in images.column(by)]
    labels = images.require_labels()
    if not images.class_names:
        raise LabelsMissingError(f"{images.name!r} names no facets; use a folder for each")
    return [images.class_names[label] if label >= 0 else "" for label in labels]


def _features(
    clip: Clip, images: ImageSet, found: Sequence[Layer], progress: Callable[[int, int], None]
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    parts, read_rows = [], []
    with open_engine(clip, found, batch_size=_BATCH, embeddings=False) as engine:
        for rows in batches_of(range(len(images)), _BATCH):
            batch = load_batch(clip.preprocess, images, rows, batch_size=_BATCH)
            layers_read = engine.read(batch.pixels).layers
            means = np.concatenate([layers_read[layer.path].mean for layer in found], axis=1)
            good = [slot for slot, row in enumerate(rows) if row not in batch.bad]
            parts.append(means[good])
            read_rows += [rows[slot] for slot in good]
            progress(rows[-1] + 1, len(images))
    return np.concatenate(parts), np.array(read_rows, np.intp)


def _probe() -> Pipeline:
    # Goh et al. name no strength; ten times scikit-learn's default of regularisation
    return make_pipeline(
        StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000)
    )
