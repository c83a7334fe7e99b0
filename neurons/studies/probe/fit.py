"""Which few units make each class? A sparse linear probe along a path of strengths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.activations.run_classes import classes_of_run, groups_of_run
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.data.split import CHOOSE, FIT, TEST, split_images
from neurons.errors import OptionError
from neurons.readouts.copies import count_copies
from neurons.readouts.probe import Probe
from neurons.readouts.probe_data import ProbeData
from neurons.sparse.features import Features
from neurons.sparse.newton import Solution
from neurons.sparse.path import (
    Choose,
    PathStep,
    Strengths,
    UnitsPerClass,
    best,
    follow,
    judge,
    one_standard_error,
)
from neurons.sparse.problem import Problem
from neurons.sparse.saved_path import SavedPath, saved_path

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
    without: Sequence[Neuron | str] = (),
    min_images: int = 0,
    near_copies: float | None = None,
    group_by: str | None = None,
    choose_share: float = 0.15,
    test_share: float = 0.15,
    seed: int = 0,
    device: str | None = None,
    folder: str | Path | None = None,
    replace: bool = False,
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
        How many, and how far down.
    choose : callable
        From the path's steps to the index of one: `one_standard_error`, `best`,
        ``UnitsPerClass(3)``, or your own.
    l1_ratio : float in (0, 1]
        Below 1: elastic net.
    tolerance : float
        Largest duality gap, in shares of the objective.
    most_passes : int
        A strength that has not converged by then is kept and says so.
    without : sequence of Neuron or str
        Units, or their addresses, that get no weight: what makes a class if these are not there?
    min_images : int
        Classes with fewer images (copies count as one) are left out, counted and listed; 0: none
        is, and a class that has only one is refused.
    near_copies : float in (0, 1), optional
        Images whose embeddings have this cosine or more stay together in the split, as copies that
        are equal always do.
    group_by : str, optional
        A column of the images: those with equal values stay together, too.
    choose_share : float
        Share of each class's images to choose a strength by, by a hash of their ids.
    test_share : float
        Likewise.
    seed : int
        Which images fit, choose and test.
    device : str, optional
        Where to compute; default: a GPU if there is one.
    folder : str or Path, optional
        Keeps each strength as it is done: a second call goes on there, and ends in the same bytes.
    replace : bool
        Whether a probe of other settings in the folder may be replaced.
    progress : callable
        Takes the number of strengths done, and of all.

    Returns
    -------
    Probe

    Raises
    ------
    LabelsMissingError
        If the images carry no labels, or have no column to group by.
    OptionError
        If a class has fewer than two images, a value is not finite, or an option makes no sense.
    StaleActivationsError
        If images or labels are not those of the run.
    OutputExistsError
        If the folder holds a probe of other settings, and may not be replaced.
    LayerNotFoundError, NeuronNotFoundError
        If the run does not hold the layer, or a unit that is to be left out.
    RunLockedError
        If another process is fitting into the folder.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021; Wong, Santurkar,
    Madry, "Leveraging sparse linear layers for debuggable deep networks", ICML 2021.
    """
    images.require_labels()
    run.check_images(images)
    left_out = [Neuron.of(neuron) for neuron in without]
    _check(run, layer, left_out)
    values, pooling = run.pooled(layer, pooling)
    groups = groups_of_run(run, images, near_copies=near_copies, by=group_by)
    classes = classes_of_run(run, images, groups, min_images=min_images)
    shares = {"choose_share": choose_share, "test_share": test_share}
    split = split_images(
        images.ids, classes.labels, classes.names, **shares, seed=seed, groups=groups
    )
    _check_choosing(split)
    n_copies, n_other = count_copies(groups, classes.labels)
    provenance = {
        "run": run.provenance(),
        "layer": layer,
        "pooling": pooling,
        "split": {
            **_split_provenance(split),
            **shares,
            "seed": seed,
            "min_images": min_images,
            "near_copies": near_copies,
            "group_by": group_by,
            "copies": n_copies,
            "copies_of_another_class": n_other,
        },
        "strengths": asdict(strengths),
        "l1_ratio": l1_ratio,
        "tolerance": tolerance,
        "most_passes": most_passes,
        "without": sorted(str(neuron) for neuron in left_out),
    }
    data = ProbeData(values, classes.labels, classes.names, split)
    features = data.features(device, [neuron.unit for neuron in left_out])
    fitting = partial(follow, l1_ratio=l1_ratio, tolerance=tolerance, most_passes=most_passes)
    with saved_path(folder, provenance, replace=replace) as saved:
        steps = _steps(data, features, strengths, l1_ratio, fitting, saved, progress)
        chosen = choose(steps)
        weights, intercepts = _saved_weights(features, saved, chosen)
    confusion, n_top5 = data.judged(weights, intercepts)
    scale = features.scale.cpu().numpy()
    return Probe(
        provenance=provenance,
        layer=layer,
        pooling=pooling,
        class_names=classes.names,
        rule=_rule(choose),
        l1_ratio=l1_ratio,
        steps=steps,
        chosen=chosen,
        split=split,
        weights=weights.astype(np.float32),
        intercepts=intercepts.astype(np.float32),
        means=features.mean.cpu().numpy().astype(np.float32),
        scales=np.where(np.isfinite(scale), scale, 0).astype(np.float32),
        confusion=confusion,
        n_top5=n_top5,
        wanted_units=choose.wanted if isinstance(choose, UnitsPerClass) else None,
        left_out=classes.left_out,
        n_copies=n_copies,
    )


def _check(run: Activations, layer: str, left_out: Sequence[Neuron]) -> None:
    for neuron in left_out:
        run.check(neuron)
        if neuron.layer != layer:
            raise OptionError(f"cannot leave {neuron} out of a probe of {layer}")


def _check_choosing(split: NDArray[np.uint8]) -> None:
    if not (split == CHOOSE).any():
        raise OptionError(
            "no class has three images: none is left to choose a strength by; add images"
        )


def _split_provenance(split: NDArray[np.uint8]) -> dict[str, object]:
    parts = (("fit", FIT), ("choose", CHOOSE), ("test", TEST))
    return {
        "by": "hash of the image id, copies together",
        **{name: int((split == part).sum()) for name, part in parts},
    }


def _steps(
    data: ProbeData,
    features: Features,
    strengths: Strengths,
    l1_ratio: float,
    fitting: Callable[..., Iterator[tuple[int, Solution]]],
    saved: SavedPath,
    progress: Callable[[int, int], None],
) -> tuple[PathStep, ...]:
    """Fit each strength that is not saved yet, judge it on held-out images, and save it."""
    problem = Problem(features, torch.from_numpy(data.of(FIT)), len(data.names))
    at = strengths.of(problem, l1_ratio)
    progress(sum(saved.has(i) for i in range(len(at))), len(at))
    for i, solution in fitting(problem, at, stored=saved.start_of):
        weights, intercepts = _raw(features, solution.weights, solution.intercepts)
        step = judge(at[i], solution, data.logits(CHOOSE, weights, intercepts), data.of(CHOOSE))
        saved.save(i, step, solution.weights.cpu(), solution.intercepts.cpu())
        progress(i + 1, len(at))
    return tuple(saved.step(i) for i in range(len(at)))


def _saved_weights(
    features: Features, saved: SavedPath, index: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    start = saved.start_of(index)
    assert start is not None, "every strength is saved"
    weights, intercepts = (part.to(features.device) for part in start)
    return _raw(features, weights, intercepts)


def _raw(
    features: Features, weights: torch.Tensor, intercepts: torch.Tensor
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give weights of units as they come, (classes, units), and intercepts, on the CPU."""
    raw, shift = features.unscaled(weights, intercepts)
    return raw.cpu().numpy(), shift.cpu().numpy()


def _rule(choose: Choose) -> str:
    if isinstance(choose, UnitsPerClass):
        return f"units per class: the strength nearest to {choose.wanted:g}"
    return _RULES.get(choose, getattr(choose, "__name__", str(choose)))
