"""Is a dictionary better than random directions? The same figures for both, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.activations.run import Activations
from neurons.data.images import ImageSet
from neurons.network.dictionary import Dictionary
from neurons.network.dictionary_attach import RANDOM
from neurons.results.blocks import Table

# strongest images of a feature, among which classes are counted
_N_TOP = 16
# of a layer, read together
_AT_ONCE = 128
# of the largest eigenvalue: what keeps the fitted decoder from fitting noise
_RIDGE = 1e-3


@dataclass(frozen=True)
class DictionaryFigures:
    """What is known of a dictionary's features on a run.

    Parameters
    ----------
    path : str
        Of the features; that of the control ends in ``dictionary_random``.
    n_features : int
    n_silent : int
        Features that are active on no image of the run.
    share : float, in [0, 1]
        Of the images on which a feature is active that is not silent: the median.
    per_place : float
        Features that are active at a place of the map (L0), on average over ``n_places``.
    n_places : int
    explained : float or None
        Share of the layer's variance at these places that the dictionary's own decoder gives
        back; None without one, and for the control, whose decoder was fitted to nothing.
    refitted : float
        The same by the best linear decoder, fitted on half of the places and measured on the
        other half: so that random directions are treated alike.
    one_class : float or None
        Of a feature's 16 strongest images the share of one class, the largest; the mean over
        features that are active on 16 or more. None where images have no labels.
    """

    path: str
    n_features: int
    n_silent: int
    share: float
    per_place: float
    n_places: int
    explained: float | None
    refitted: float
    one_class: float | None


def dictionary_figures(
    run: Activations,
    images: ImageSet,
    dictionaries: Mapping[str, Dictionary],
    places: Mapping[str, Tensor],
    *,
    controls: Sequence[str],
) -> tuple[DictionaryFigures, ...]:
    """Measure dictionaries on a finished run.

    Parameters
    ----------
    run : Activations
    images : ImageSet
        Of the run.
    dictionaries : mapping of str to Dictionary
        By the path of their features.
    places : mapping of str to Tensor, (places, units)
        The layer that each reads, on some images, by the same path.
    controls : sequence of str
        The paths of those that are random.
    """
    found = []
    for path, dictionary in dictionaries.items():
        vectors = places[path]
        features = dictionary.to(torch.device("cpu")).encode(vectors)
        n_silent, share, one_class = _on_images(run, images, path)
        decoded = dictionary.decoder is not None and path not in controls
        found.append(
            DictionaryFigures(
                path=path,
                n_features=dictionary.n_features,
                n_silent=n_silent,
                share=share,
                per_place=float((features > 0).sum(dim=1).double().mean()),
                n_places=len(vectors),
                explained=_explained(vectors, dictionary) if decoded else None,
                refitted=refitted(vectors, features),
                one_class=one_class,
            )
        )
    return tuple(found)


def figures_tables(found: Sequence[DictionaryFigures]) -> tuple[Table, ...]:
    """Lay each dictionary beside its control; one table per dictionary."""
    tables = []
    for each in found:
        if each.path.endswith(f".{RANDOM}"):
            continue
        host = each.path.rpartition(".")[0]
        control = [other for other in found if other.path == f"{host}.{RANDOM}"]
        told = [_told(one) for one in (each, *control)]
        rows = tuple(
            (name, *(one[row] for one in told)) for row, name in enumerate(_names(each.n_places))
        )
        header = ("", each.path, *("random directions" for _ in control))
        note = (
            f"{host}.{RANDOM}: random directions, each active as often as its feature at these "
            f"places. Where a dictionary is hardly above them, its features tell little more."
            if control
            else ""
        )
        tables.append(Table(f"Features of {host}", header, rows, note))
    return tuple(tables)


def _names(n_places: int) -> tuple[str, ...]:
    return (
        "features",
        "active on no image",
        "images per feature, median",
        f"active per place, {n_places:,} places",
        "variance explained",
        "by a decoder fitted on half",
        f"top {_N_TOP} images of one class",
    )


def _told(one: DictionaryFigures) -> tuple[str, ...]:
    return (
        f"{one.n_features:,}",
        f"{one.n_silent:,}",
        f"{one.share:.1%}",
        f"{one.per_place:.1f}",
        _share(one.explained),
        _share(one.refitted),
        _share(one.one_class),
    )


def refitted(vectors: Tensor, features: Tensor) -> float:
    """Give the share of variance that a linear decoder of features explains.

    Parameters
    ----------
    vectors : Tensor, (places, units)
    features : Tensor, (places, features)

    Returns
    -------
    float
        On every second place, of a ridge that was fitted on the others; below 0 where it is worse
        than the mean.
    """
    fitted, tested = slice(0, None, 2), slice(1, None, 2)
    x, y = features[fitted].double(), vectors[fitted].double()
    x_mean, y_mean = x.mean(dim=0), y.mean(dim=0)
    centred = x - x_mean
    # by places, of which there are fewer than features as a rule
    gram = centred @ centred.T
    strength = _RIDGE * float(torch.linalg.eigvalsh(gram)[-1]) + 1e-12
    dual = torch.linalg.solve(gram + strength * torch.eye(len(gram)).double(), y - y_mean)
    told = (features[tested].double() - x_mean) @ (centred.T @ dual) + y_mean
    return _share_explained(vectors[tested].double(), told)


def _explained(vectors: Tensor, dictionary: Dictionary) -> float:
    made = dictionary.to(torch.device("cpu")).reconstruction(vectors)
    return _share_explained(vectors.double(), made.double())


def _share_explained(vectors: Tensor, made: Tensor) -> float:
    total = (vectors - vectors.mean(dim=0)).square().sum()
    return float(1 - (vectors - made).square().sum() / total) if float(total) > 0 else float("nan")


def _on_images(run: Activations, images: ImageSet, path: str) -> tuple[int, float, float | None]:
    good = run.good_rows()
    labels = None if images.labels is None else np.asarray(images.labels, np.int64)[good]
    active, pure = [], []
    stored = run.array(path, "peak")
    for start in range(0, stored.shape[1], _AT_ONCE):
        peaks = np.asarray(stored[:, start : start + _AT_ONCE], np.float32)[good]
        above = (peaks > 0).sum(axis=0)
        active.append(above)
        if labels is not None and len(peaks) >= _N_TOP:
            pure.append(_of_one_class(peaks[:, above >= _N_TOP], labels))
    counts = np.concatenate(active)
    share = float(np.median(counts[counts > 0]) / len(good)) if counts.any() else 0.0
    shares = np.concatenate(pure) if pure else np.zeros(0)
    return int((counts == 0).sum()), share, float(shares.mean()) if len(shares) else None


def _of_one_class(peaks: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give, for each feature, the largest share of one class among its strongest images."""
    # what is not finite is no strong image
    known = np.where(np.isfinite(peaks), peaks, -np.inf)
    top = labels[np.argsort(-known, axis=0, kind="stable")[:_N_TOP]]
    shares = [np.bincount(row[row >= 0]).max(initial=0) / _N_TOP for row in top.T]
    return np.array(shares, np.float64)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
