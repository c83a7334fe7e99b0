"""Which few units make each class? Piggy bank is finance + porcelain (Goh et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.data.split import CHOOSE, FIT, TEST, split_images
from neurons.errors import OptionError
from neurons.readouts.probe import Probe
from neurons.sparse.features import Features
from neurons.sparse.path import (
    Choose,
    Strengths,
    UnitsPerClass,
    best,
    follow,
    judge,
    one_standard_error,
)
from neurons.sparse.problem import Problem
from neurons.sparse.saved_path import saved_path

_PATH = Strengths()
_RULES: dict[Choose, str] = {
    best: "the smallest held-out loss",
    one_standard_error: "one standard error: the sparsest whose held-out loss is within a standard "
    "error of the smallest",
}


def probe(
    run: Activations,
    images: ImageSet,
    layer: str,
    *,
    pooling: str = "peak",
    strengths: Strengths = _PATH,
    choose: Choose = one_standard_error,
    l1_ratio: float = 1.0,
    tolerance: float = 1e-3,
    most_passes: int = 200,
    without: Sequence[Neuron] = (),
    choose_share: float = 0.15,
    test_share: float = 0.15,
    seed: int = 0,
    device: str | None = None,
    folder: str | Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Probe:
    """Fit a sparse multinomial probe along a path of strengths, and choose one on held-out images.

    Parameters
    ----------
    run : Activations
    images : ImageSet
        The set that was scanned, with labels.
    layer : str
        A scanned layer, or ``embedding``: the image embeddings, normalised as CLIP compares them.
    pooling : str
        ``peak`` or ``mean`` over the map; an embedding has no map and is taken as it is.
    strengths : Strengths
    choose : callable
        `one_standard_error`, `best`, ``UnitsPerClass(3)``, or your own.
    l1_ratio : float in (0, 1]
        Below 1: elastic net.
    tolerance : float
        Of the duality gap, in shares of the objective.
    most_passes : int
        A strength that has not converged by then is kept and says so.
    without : sequence of Neuron
        Units that get no weight: what makes a class if these are not there?
    choose_share : float
        Of each class's images, by a hash of their ids.
    test_share : float
    seed : int
        Which images.
    device : str, optional
        Where to compute; default: a GPU if there is one.
    folder : str or Path, optional
        Keeps each strength as it is done: a second call goes on there, and ends in the same bytes.
    progress : callable
        Takes the number of strengths done, and of all.

    Returns
    -------
    Probe

    Raises
    ------
    LabelsMissingError
        If the images carry no labels.
    OptionError
        If a class has fewer than two images, a value is not finite, or an option makes no sense.
    StaleActivationsError
        If images or labels are not those of the run.
    MismatchError
        If the folder holds a probe of other settings.
    LayerNotFoundError, RunLockedError
        As elsewhere.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021; Wong, Santurkar,
    Madry, "Leveraging sparse linear layers for debuggable deep networks", ICML 2021.
    """
    labels, names = _labels(run, images)
    run.check_images(images)
    parts = split_images(
        images.ids, labels, names, choose_share=choose_share, test_share=test_share, seed=seed
    )
    left_out = [neuron.unit for neuron in without]
    for neuron in without:
        run.check(neuron)
        if neuron.layer != layer:
            raise OptionError(f"cannot leave {neuron} out of a probe of {layer}")
    if not (parts == CHOOSE).any():
        raise OptionError(
            "no class has three images: none is left to choose a strength by; add images"
        )
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    values, pooling = run.pooled(layer, pooling)
    provenance = {
        "run": run.provenance(),
        "layer": layer,
        "pooling": pooling,
        "split": {
            "by": "hash of the image id",
            "seed": seed,
            "shares": {"choose": choose_share, "test": test_share},
            **{
                name: int((parts == part).sum())
                for name, part in (("fit", FIT), ("choose", CHOOSE), ("test", TEST))
            },
        },
        "strengths": asdict(strengths),
        "l1_ratio": l1_ratio,
        "tolerance": tolerance,
        "most_passes": most_passes,
        "without": sorted(str(neuron) for neuron in without),
    }
    with saved_path(folder, provenance) as kept:
        rows = np.flatnonzero(parts == FIT)
        features = Features(values, rows=rows, device=place, without=left_out)
        problem = Problem(features, torch.from_numpy(labels[rows]), len(names))
        at = strengths.of(problem, l1_ratio)
        held = np.flatnonzero(parts == CHOOSE)
        progress(sum(kept.has(i) for i in range(len(at))), len(at))
        for i, solution in follow(
            problem,
            at,
            l1_ratio=l1_ratio,
            tolerance=tolerance,
            most_passes=most_passes,
            stored=kept.start_of,
        ):
            weights, intercepts = _raw(features, solution.weights, solution.intercepts)
            logits = _logits(values, held, weights, intercepts)
            kept.save(
                i,
                judge(at[i], solution, logits, labels[held]),
                solution.weights.cpu(),
                solution.intercepts.cpu(),
            )
            progress(i + 1, len(at))
        steps = tuple(kept.step(i) for i in range(len(at)))
        chosen = choose(steps)
        start = kept.start_of(chosen)
        assert start is not None, "every strength is kept"
        weights, intercepts = _raw(features, start[0].to(place), start[1].to(place))
    tested = np.flatnonzero(parts == TEST)
    confusion, n_top5 = _judged(
        _logits(values, tested, weights, intercepts), labels[tested], len(names)
    )
    scale = features.scale.cpu().numpy()
    return Probe(
        provenance=provenance,
        layer=layer,
        pooling=pooling,
        class_names=names,
        rule=_rule(choose),
        l1_ratio=l1_ratio,
        steps=steps,
        chosen=chosen,
        split=parts,
        weights=weights.astype(np.float32),
        intercepts=intercepts.astype(np.float32),
        means=features.mean.cpu().numpy().astype(np.float32),
        scales=np.where(np.isfinite(scale), scale, 0).astype(np.float32),
        confusion=confusion,
        n_top5=n_top5,
    )


def _judged(
    logits: NDArray[np.float64], labels: NDArray[np.int64], n_classes: int
) -> tuple[NDArray[np.int32], int]:
    """Count images by class and answer, and those whose class is among the first five."""
    confusion = np.zeros((n_classes, n_classes), np.int32)
    np.add.at(confusion, (labels, logits.argmax(1)), 1)
    own = logits[np.arange(len(labels)), labels]
    return confusion, int(((logits > own[:, None]).sum(1) < 5).sum())


def _labels(run: Activations, images: ImageSet) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Give labels among the classes that have readable images; -1 elsewhere."""
    given = images.require_labels()
    labels = np.full(len(given), -1, np.int64)
    good = run.good_rows()
    labels[good] = given[good]
    present = np.unique(labels[labels >= 0])
    places = np.full(max(len(images.class_names), 1), -1, np.int64)
    places[present] = np.arange(len(present))
    labels[labels >= 0] = places[labels[labels >= 0]]
    return labels, tuple(images.class_names[k] for k in present)


def _raw(
    features: Features, weights: torch.Tensor, intercepts: torch.Tensor
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give weights of units as they come, (classes, units), and intercepts, on the CPU."""
    raw, shift = features.unscaled(weights, intercepts)
    return raw.cpu().numpy(), shift.cpu().numpy()


def _logits(
    values: Any,
    rows: NDArray[np.intp],
    weights: NDArray[np.float64],
    intercepts: NDArray[np.float64],
) -> NDArray[np.float64]:
    if not len(rows):
        return np.zeros((0, len(weights)))
    part = Features(values, rows=rows, device="cpu", dtype=torch.float64, moments=False)
    found = [block.numpy() @ weights.T + intercepts for _, block in part.blocks()]
    return np.concatenate(found)


def _rule(choose: Choose) -> str:
    if isinstance(choose, UnitsPerClass):
        return f"units per class: the strength nearest to {choose.wanted:g}"
    return _RULES.get(choose, getattr(choose, "__name__", str(choose)))
